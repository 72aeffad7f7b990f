"""Settings of sign-in: how people are told apart, who may come in, and who is an admin."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode

METADATA = "/.well-known/openid-configuration"
SECRET_CHARACTERS = 32
"""The fewest characters of a secret that signs cookies or tells the proxy from everybody else."""
_LIST = "names separated by commas"
Names = Annotated[tuple[str, ...], NoDecode]


class SignInSettings(BaseSettings):
    """The part of the settings that says who is who; see docs/sign-in.md."""

    sign_in: Literal["local", "oidc", "header"] = Field(default="local", description='"local", "oidc" or "header"')
    """``local``: one user on this machine; ``oidc``: an identity provider; ``header``: a proxy that signs people in."""
    session_hours: float = Field(default=12.0, gt=0, le=720, description="hours, more than 0 and at most 720")
    """How long after signing in somebody has to do so again."""
    cookie_secret: SecretStr | None = Field(default=None, description="at least 32 random characters")
    """Signs the cookies of people who signed in. Never stored and never logged."""

    # OpenID Connect
    oidc_issuer: str | None = Field(default=None, description="an address starting with https://")
    """The identity provider; its configuration is read below this address."""
    oidc_client_id: str | None = Field(default=None, description="a client id")
    """What the provider calls this app."""
    oidc_client_secret: SecretStr | None = Field(default=None, description="a secret")
    """What this app proves itself to the provider with. Never stored and never logged."""
    oidc_redirect_uri: str | None = Field(default=None, description="this app's address with /oauth2callback")
    """Where the provider sends people back to; it has to be registered there."""
    oidc_scope: str = Field(default="openid email profile", description="scopes separated by spaces")
    """What is asked for at sign-in; some providers give groups only with a scope of their own."""
    oidc_prompt: str = Field(default="select_account", description="a value of OpenID Connect's `prompt`")
    """What the provider asks at each sign-in; ``login`` has the password typed again."""
    user_id_claim: str = Field(default="email", min_length=1, description="the name of a claim")
    """What is recorded as user id. ``email`` counts only where the provider says it is verified, else ``sub`` does."""
    name_claim: str = Field(default="name", min_length=1, description="the name of a claim")
    """What is shown as a person's name."""
    groups_claim: str = Field(default="groups", min_length=1, description="the name of a claim")
    """The groups of a person, from which teams and roles follow."""

    # A proxy that signs people in
    header_user: str = Field(default="X-Forwarded-Email", min_length=1, description="the name of a header")
    """Where the proxy says who is asking."""
    header_groups: str = Field(default="X-Forwarded-Groups", min_length=1, description="the name of a header")
    """Where the proxy names their groups, separated by commas."""
    header_secret_name: str = Field(default="X-Llmtrack-Secret", min_length=1, description="the name of a header")
    """Where the proxy shows that it is the proxy."""
    header_secret: SecretStr | None = Field(default=None, description="at least 32 random characters")
    """What only the proxy knows and sends with every request. Never stored and never logged."""

    # Who may come in (everybody the provider knows, if all three are empty), and who is an admin.
    allowed_domains: Names = Field(default=(), description=_LIST)
    """Domains of verified mail addresses that may come in; with the next two empty, all whom the provider knows may."""
    allowed_users: Names = Field(default=(), description=_LIST)
    """User ids that may come in."""
    allowed_groups: Names = Field(default=(), description=_LIST)
    """Groups whose members may come in."""
    admins: Names = Field(default=(), description=_LIST)
    """User ids of admins."""
    admin_groups: Names = Field(default=(), description=_LIST)
    """Groups whose members are admins."""

    @field_validator("allowed_domains", "allowed_users", "allowed_groups", "admins", "admin_groups", mode="before")
    @classmethod
    def _split_names(cls, value: Any) -> Any:
        """A variable is one string: names separated by commas."""
        if not isinstance(value, str):
            return value
        return tuple(name for part in value.split(",") if (name := part.strip()))

    @field_validator("oidc_issuer")
    @classmethod
    def _plain_issuer(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if not value.startswith(("https://", "http://")):
            raise ValueError("an address starting with https://, such as https://accounts.google.com")
        return value.removesuffix(METADATA).rstrip("/")

    def streamlit_secrets(self) -> dict[str, Any]:
        """What `st.login` reads, in the form of its ``[auth]`` table; empty unless people sign in with OIDC."""
        if self.sign_in != "oidc":
            return {}
        client_secret = self.oidc_client_secret.get_secret_value() if self.oidc_client_secret else ""
        return {
            "auth": {
                "redirect_uri": self.oidc_redirect_uri or "",
                "cookie_secret": self.cookie_secret.get_secret_value() if self.cookie_secret else "",
                "client_id": self.oidc_client_id or "",
                "client_secret": client_secret,
                "server_metadata_url": f"{self.oidc_issuer or ''}{METADATA}",
                "client_kwargs": {"scope": self.oidc_scope, "prompt": self.oidc_prompt},
            }
        }
