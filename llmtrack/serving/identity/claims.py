"""What an identity provider or a proxy says about somebody, and whether these settings let them in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from llmtrack.serving.identity.viewer import NotAllowed, NotSignedIn
from llmtrack.settings import Settings

HEADER_ISSUER = "trusted-header"
"""The issuer of people whom a proxy signed in."""


@dataclass(frozen=True, slots=True)
class Claims:
    """Who somebody is, by the word of whoever signed them in."""

    issuer: str
    subject: str
    user_id: str
    """What is to be recorded as their user id."""
    name: str | None
    groups: tuple[str, ...]
    email: str | None
    """Their e-mail address, where it is verified."""
    issued_at: int | None
    """When the ID token was issued, in seconds since 1970; None behind a proxy, which has no tokens."""
    authenticated_at: int | None
    """When they last proved who they are, in seconds since 1970."""


def oidc_claims(given: Mapping[str, Any], settings: Settings) -> Claims:
    """The claims of an ID token that Streamlit has checked. Raises `NotSignedIn` where there is none."""
    if given.get("is_logged_in") is not True:
        raise NotSignedIn("Sign in to use llmtrack.")
    issuer, subject, issued_at = given.get("iss"), given.get("sub"), given.get("iat")
    if not (_is_text(issuer) and _is_text(subject) and isinstance(issued_at, int)):
        raise NotAllowed("The identity provider did not say who you are (iss, sub and iat): ask its administrator.")
    address = given.get("email")
    email = address.lower() if _is_text(address) and _is_true(given.get("email_verified")) else None
    chosen = email if settings.user_id_claim == "email" else given.get(settings.user_id_claim)
    authenticated_at = given.get("auth_time")
    return Claims(
        issuer=issuer,
        subject=subject,
        user_id=chosen if _is_text(chosen) else subject,
        name=_text_or_none(given.get(settings.name_claim)),
        groups=_names(given.get(settings.groups_claim)),
        email=email,
        issued_at=issued_at,
        authenticated_at=authenticated_at if isinstance(authenticated_at, int) else issued_at,
    )


def header_claims(headers: Mapping[str, str], settings: Settings) -> Claims:
    """Who the proxy says is asking. Raises `NotSignedIn` where it names nobody."""
    given = {name.lower(): value for name, value in headers.items()}
    user = given.get(settings.header_user.lower(), "").strip()
    if not user:
        raise NotSignedIn(f"The proxy did not say who you are ({settings.header_user}): sign in there first.")
    groups = given.get(settings.header_groups.lower(), "")
    user = user.lower() if "@" in user else user
    return Claims(
        issuer=HEADER_ISSUER,
        subject=user,
        user_id=user,
        name=user,
        groups=_names([part.strip() for part in groups.split(",")]),
        email=user if "@" in user else None,
        issued_at=None,
        authenticated_at=None,
    )


def check_allowed(claims: Claims, settings: Settings, is_invited: Callable[[], bool]) -> None:
    """Raises `NotAllowed` where the settings name who may come in, and this is nobody of those nor was invited."""
    domains, users, groups = settings.allowed_domains, settings.allowed_users, settings.allowed_groups
    if not (domains or users or groups):
        return
    domain = claims.email.rpartition("@")[2] if claims.email else None
    allowed = (
        domain in {name.lower().removeprefix("@") for name in domains}
        or not {claims.user_id, claims.subject, claims.email}.isdisjoint(users)
        or not set(claims.groups).isdisjoint(groups)
    )
    if not allowed and not is_invited():
        raise NotAllowed("You signed in, but are not among the people who may use this server: ask its administrator.")


def _is_text(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and bool(value.strip())


def _is_true(value: object) -> bool:
    """Some providers send the claim as a text."""
    return value is True or value == "true"


def _text_or_none(value: object) -> str | None:
    return value if _is_text(value) else None


def _names(value: object) -> tuple[str, ...]:
    """The names in a claim that is a list of them, or one."""
    listed = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return tuple(dict.fromkeys(str(name) for name in listed if _is_text(name)))
