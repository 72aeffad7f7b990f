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
    cookie_secret: SecretStr | None = None
    """Signs the cookies of people who signed in; at least `SECRET_CHARACTERS` random characters."""

    # OpenID Connect
    oidc_issuer: str | None = Field(default=None, description="an address starting with https://")
    oidc_client_id: str | None = None
    oidc_client_secret: SecretStr | None = None
    oidc_redirect_uri: str | None = Field(default=None, description="this app's address with /oauth2callback")
    oidc_scope: str = "openid email profile"
    oidc_prompt: str = "select_account"
    """What the provider asks at each sign-in; ``login`` has the password typed again."""
    user_id_claim: str = Field(default="email", min_length=1, description="the name of a claim")
    """What is recorded as user id. ``email`` counts only where the provider says it is verified, else ``sub`` does."""
    name_claim: str = Field(default="name", min_length=1, description="the name of a claim")
    groups_claim: str = Field(default="groups", min_length=1, description="the name of a claim")

    # A proxy that signs people in
    header_user: str = Field(default="X-Forwarded-Email", min_length=1, description="the name of a header")
    header_groups: str = Field(default="X-Forwarded-Groups", min_length=1, description="the name of a header")
    header_secret_name: str = Field(default="X-Llmtrack-Secret", min_length=1, description="the name of a header")
    header_secret: SecretStr | None = None
    """What only the proxy knows and sends with every request; at least `SECRET_CHARACTERS` characters."""

    # Who may come in (everybody the provider knows, if all three are empty), and who is an admin.
    allowed_domains: Names = Field(default=(), description=_LIST)
    allowed_users: Names = Field(default=(), description=_LIST)
    allowed_groups: Names = Field(default=(), description=_LIST)
    admins: Names = Field(default=(), description=_LIST)
    admin_groups: Names = Field(default=(), description=_LIST)

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
