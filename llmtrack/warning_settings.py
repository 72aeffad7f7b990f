"""Settings of warnings: by mail and by webhook, when somebody comes near a limit."""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode

_ADDRESS = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+")
_LIST = "mail addresses, parted by commas"


class WebhookSettings(BaseModel):
    """Where warnings are posted to, signed after Standard Webhooks."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: SecretStr = Field(description="an address starting with https:// (http:// on this machine alone)")
    """Where to. It counts as a secret, as those of chat rooms are."""
    secret: SecretStr | None = Field(default=None, description="whsec_ and 24 to 64 bytes in base 64")
    """Signs every message; the receiver has the same. Without it messages are not signed, which suits chat rooms."""
    secret_env: str | None = Field(default=None, description="the name of a variable")
    """Name of the environment variable the secret is in, instead of `secret`."""

    @field_validator("url")
    @classmethod
    def _check_url(cls, value: SecretStr) -> SecretStr:
        parts = urlsplit(value.get_secret_value())
        local = parts.hostname in ("localhost", "127.0.0.1", "::1")
        if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and local)):
            raise ValueError("an address starting with https:// (http:// on this machine alone)")
        return value

    @field_validator("secret")
    @classmethod
    def _check_secret(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not is_signing_secret(value.get_secret_value()):
            raise ValueError('whsec_ and 24 to 64 bytes in base 64, as from: echo "whsec_$(openssl rand -base64 32)"')
        return value

    @property
    def host(self) -> str:
        """The part of the address that may be shown."""
        return urlsplit(self.url.get_secret_value()).hostname or ""

    def signing_secret(self) -> str | None:
        """The secret; None where messages are not signed. Raises `ValueError` where the variable has none."""
        if self.secret is not None:
            return self.secret.get_secret_value()
        if self.secret_env is None:
            return None
        value = os.environ.get(self.secret_env, "")
        if not is_signing_secret(value):
            raise ValueError(f"{self.secret_env} does not hold whsec_ and 24 to 64 bytes in base 64")
        return value


def is_signing_secret(text: str) -> bool:
    """Whether this is a secret of Standard Webhooks."""
    if not text.startswith("whsec_"):
        return False
    try:
        return 24 <= len(base64.b64decode(text.removeprefix("whsec_"), validate=True)) <= 64
    except binascii.Error:
        return False


def is_mail_address(text: str) -> bool:
    """Whether a message could be sent there."""
    return len(text) <= 254 and _ADDRESS.fullmatch(text) is not None


class WarningSettings(BaseSettings):
    """The part of the settings that says how people are warned; see docs/limits.md."""

    app_url: str | None = Field(default=None, description="an address starting with http:// or https://")
    """Where people open the app: links in mails and webhooks begin with it."""
    smtp_host: str | None = Field(default=None, description="the name of a mail server")
    """With it, warnings are also sent by mail."""
    smtp_port: int = Field(default=587, ge=1, le=65_535, description="a port")
    """Its port."""
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description='"starttls", "tls" or "none"'
    )
    """How the connection is encrypted; ``none`` is for a server on the same machine."""
    smtp_user: str | None = Field(default=None, description="a name")
    """Who signs in there; nobody, if it is not set."""
    smtp_password: SecretStr | None = Field(default=None, description="a password")
    """Never stored and never logged."""
    smtp_from: str | None = Field(default=None, description="a mail address")
    """Whom mails are from; without it `smtp_user`, where that is an address."""
    warning_mail_to: Annotated[tuple[str, ...], NoDecode] = Field(default=(), description=_LIST)
    """Who gets every warning, beside the person it is about and admins whose user ids are mail addresses."""
    webhooks: Mapping[str, WebhookSettings] = Field(
        default_factory=dict, description="tables [webhooks.NAME] with a url and a secret each"
    )
    """Where every warning is posted to, each under a name of its own: see below."""

    @field_validator("app_url")
    @classmethod
    def _check_app_url(cls, value: str | None) -> str | None:
        if value is not None and not re.match(r"https?://[^/\s]+", value):
            raise ValueError("an address starting with http:// or https://, such as https://llm.example.com")
        return None if value is None else value.rstrip("/")

    @field_validator("warning_mail_to", mode="before")
    @classmethod
    def _split_addresses(cls, value: Any) -> Any:
        """A variable is one string: addresses parted by commas."""
        return [part for name in value.split(",") if (part := name.strip())] if isinstance(value, str) else value

    @field_validator("warning_mail_to")
    @classmethod
    def _check_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(map(is_mail_address, value)):
            raise ValueError(_LIST)
        return value

    @field_validator("webhooks")
    @classmethod
    def _check_webhook_names(cls, value: Mapping[str, WebhookSettings]) -> Mapping[str, WebhookSettings]:
        for name in value:
            if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,39}", name):
                raise ValueError(f"tables named in small letters, digits, - and _, unlike {name!r}")
        return value
