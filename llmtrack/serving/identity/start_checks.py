"""What would be unsafe about the way the server was started: each problem with the way to mend it."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from llmtrack.serving.identity.viewer import is_loopback
from llmtrack.settings import Settings, SettingsError, get_settings
from llmtrack.sign_in_settings import SECRET_CHARACTERS

CALLBACK = "/oauth2callback"
MAKE_SECRET = "python -c 'import secrets; print(secrets.token_urlsafe(48))'"
Option = Callable[[str], Any]
"""Gives an option of Streamlit's by its name, such as ``server.address``."""


def start_problems(option: Option) -> tuple[str, ...]:
    """Why the server must not serve, as sentences for whoever started it; empty where nothing speaks against it."""
    try:
        settings = get_settings()
    except SettingsError as error:
        return (str(error),)
    return (*_option_problems(settings, option), *_MODES[settings.sign_in](settings, option))


def _option_problems(settings: Settings, option: Option) -> Iterator[str]:
    hosts = option("server.allowedHosts") or ()
    if any(str(host).strip().startswith("*") for host in hosts):
        yield (
            "server.allowedHosts has a wildcard, so names nobody listed lead here, too: "
            "list those that people type, such as llm.example.com."
        )
    if option("server.enableXsrfProtection") is False:
        yield "server.enableXsrfProtection is off, so other sites could act for people here: leave it on."
    if settings.sign_in != "local" and option("server.enableAgentApi"):
        yield "server.enableAgentApi opens the app to programs that nobody signed in: leave it off."


def _local_problems(settings: Settings, option: Option) -> Iterator[str]:
    address = option("server.address")
    if not is_loopback(address):
        yield (
            f"This server listens on {address or 'every network interface'}, where others can reach it, and sign-in is "
            "not set up. Start it with --server.address 127.0.0.1, or set LLMTRACK_SIGN_IN to oidc or header as "
            "docs/sign-in.md shows."
        )


def _oidc_problems(settings: Settings, option: Option) -> Iterator[str]:
    for name in ("oidc_issuer", "oidc_client_id", "oidc_client_secret", "oidc_redirect_uri"):
        if not getattr(settings, name):
            yield f"LLMTRACK_{name.upper()} is missing: sign-in with OIDC needs it (docs/sign-in.md)."
    yield from _secret_problems("LLMTRACK_COOKIE_SECRET", settings.cookie_secret)
    if settings.oidc_redirect_uri:
        yield from _redirect_problems(settings.oidc_redirect_uri)
    if settings.oidc_issuer and not _is_private(settings.oidc_issuer):
        yield "LLMTRACK_OIDC_ISSUER is an http address of another machine, which anybody between could be: use https."
    if importlib.util.find_spec("authlib") is None:
        yield "Sign-in with OIDC needs the Authlib package: pip install 'streamlit[auth]'."


def _redirect_problems(address: str) -> Iterator[str]:
    if urlsplit(address).path.endswith(CALLBACK) is False:
        yield f"LLMTRACK_OIDC_REDIRECT_URI is {address!r}, but must end with {CALLBACK}."
    if not _is_private(address):
        yield (
            f"LLMTRACK_OIDC_REDIRECT_URI is {address!r}: sign-in over plain http can be read on the way. "
            "Put a proxy with TLS in front of the app and use its https address."
        )


def _header_problems(settings: Settings, option: Option) -> Iterator[str]:
    yield from _secret_problems("LLMTRACK_HEADER_SECRET", settings.header_secret)


def _secret_problems(name: str, secret: SecretStr | None) -> Iterator[str]:
    length = len(secret.get_secret_value()) if secret else 0
    if length < SECRET_CHARACTERS:
        problem = f"has {length} characters" if length else "is missing"
        yield f"{name} {problem}: set it to at least {SECRET_CHARACTERS} random ones, made by {MAKE_SECRET}."


def _is_private(address: str) -> bool:
    """Whether nobody can read along: TLS, or this machine only."""
    parts = urlsplit(address)
    return parts.scheme == "https" or is_loopback(parts.hostname)


_MODES = {"local": _local_problems, "oidc": _oidc_problems, "header": _header_problems}
