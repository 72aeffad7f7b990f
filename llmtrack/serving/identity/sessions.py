"""From what a cookie or a proxy says to the person the ledger knows: asked anew at every rerun."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from itsdangerous import BadData, URLSafeTimedSerializer

from llmtrack.ledger.errors import LedgerError
from llmtrack.serving.identity.claims import Claims, check_allowed, header_claims, oidc_claims
from llmtrack.serving.identity.viewer import NotAllowed, NotSignedIn, Viewer
from llmtrack.settings import Settings, SettingsError, get_settings

if TYPE_CHECKING:
    from llmtrack.ledger import Ledger
    from llmtrack.ledger.people import PersonRecord

SECOND = 1_000_000
Caller = tuple[str, str]
"""A person by issuer and subject."""
TEAM_PREFERENCE = "team"
"""Under this name the ledger keeps the team somebody chose to chat for."""
USER_COOKIE = "_streamlit_user"
COOKIE_SECONDS = 31 * 24 * 3600
"""For how long Streamlit takes its cookie; sessions end much sooner (`session_hours`)."""
_REFUSALS_REMEMBERED = 1000
_log = logging.getLogger(__name__)
_refused: dict[tuple[str, str, int | None], None] = {}


def signed_in_viewer(ledger: Ledger, given: Mapping[str, Any], settings: Settings) -> Viewer:
    """Who is in front of the page, by the claims that Streamlit read from its cookie.

    Raises `NotSignedIn` where that is nobody, or their session is over, and `NotAllowed` where they may not come in.
    """
    return _viewer(ledger, oidc_claims(given, settings), settings)


def header_viewer(ledger: Ledger, headers: Mapping[str, str], settings: Settings) -> Viewer:
    """Who is in front of the page, by the word of the proxy, whose secret the gate has checked."""
    return _viewer(ledger, header_claims(headers, settings), settings)


def _viewer(ledger: Ledger, claims: Claims, settings: Settings) -> Viewer:
    from llmtrack.ledger import people

    expires = _expiry(claims, settings)
    if expires is not None and time.time() >= expires:
        raise NotSignedIn(f"You signed in more than {settings.session_hours:g} hours ago: sign in again.")
    try:
        check_allowed(claims, settings, lambda: _is_invited(ledger, claims))
        person = people.find(ledger, claims.issuer, claims.subject)
        if person is not None and person.disabled_at is not None:
            raise NotAllowed("An administrator has shut this account out.")
    except NotAllowed as refusal:
        _record_refusal(ledger, claims, str(refusal))
        raise
    if person is not None and claims.issued_at is not None and claims.issued_at * SECOND <= person.sessions_from:
        raise NotSignedIn("This session was ended: sign in again.")
    if person is None or _is_news(claims, person):
        person = people.sign_in(
            ledger,
            issuer=claims.issuer,
            subject=claims.subject,
            user_id=claims.user_id,
            name=claims.name,
            groups=claims.groups,
            address=claims.email,
            issued_at=time.time_ns() // 1000 if claims.issued_at is None else claims.issued_at * SECOND,
        )
    return viewer_of(ledger, person, expires, settings)


def _is_invited(ledger: Ledger, claims: Claims) -> bool:
    from llmtrack.ledger import people

    return people.is_invited(ledger, (claims.email, claims.user_id), claims.issuer, claims.subject)


def _expiry(claims: Claims, settings: Settings) -> float | None:
    if claims.authenticated_at is None:
        return None
    return claims.authenticated_at + settings.session_hours * 3600


def _is_news(claims: Claims, person: PersonRecord) -> bool:
    """Whether this is another sign-in than the latest that the ledger has."""
    if claims.issued_at is None:  # a proxy tells no sign-in from another, so only what changed is news
        return sorted(claims.groups) != list(person.groups)
    return claims.issued_at * SECOND > person.signed_in_at


def viewer_of(ledger: Ledger, person: PersonRecord, expires: float | None, settings: Settings) -> Viewer:
    """The person as somebody in front of a page; `expires` is when they have to sign in again."""
    by_settings = bool(
        {person.user_id, person.subject} & set(settings.admins) or set(person.groups) & set(settings.admin_groups)
    )
    is_admin = person.role == "admin" or (person.role is None and by_settings)
    return Viewer(
        id=person.user_id,
        name=person.name or person.user_id,
        role="admin" if is_admin else "lead" if person.leads else "user",
        ids=person.user_ids,
        person=person.id,
        teams=person.teams,
        leads=person.leads,
        team=_chosen_team(ledger, person),
        expires=expires,
    )


def _chosen_team(ledger: Ledger, person: PersonRecord) -> str | None:
    """The team they chose among theirs; the first one where they chose none."""
    if len(person.teams) < 2:
        return next(iter(person.teams), None)
    from llmtrack.ledger import preferences

    chosen = preferences.read(ledger, person.user_id).get(TEAM_PREFERENCE)
    return chosen if chosen in person.teams else person.teams[0]


def _record_refusal(ledger: Ledger, claims: Claims, reason: str) -> None:
    """Puts a refused sign-in into the audit, once for each ID token."""
    key = (claims.issuer, claims.subject, claims.issued_at)
    if key in _refused:
        return
    if len(_refused) >= _REFUSALS_REMEMBERED:
        _refused.clear()
    _refused[key] = None
    from llmtrack.ledger import people

    people.record(ledger, claims.user_id, "sign in refused", claims.user_id, {"issuer": claims.issuer, "why": reason})


def sign_out(ledger: Ledger, viewer: Viewer) -> None:
    """Ends all sessions of this person, on whatever machine."""
    from llmtrack.ledger import people

    if viewer.person is not None:
        people.end_sessions(ledger, viewer.person, by=viewer.id)


def caller(cookies: Mapping[str, str], headers: Mapping[str, str]) -> Caller | None:
    """Who sends a request with these cookies and headers, if they are signed in now, as a page would find; or None."""
    try:
        settings = get_settings()
        claims = _claims(cookies, headers, settings)
        if claims is None:
            return None
        from llmtrack.ledger import open_ledger

        _viewer(open_ledger(), claims, settings)
    except (NotSignedIn, NotAllowed, SettingsError):
        return None
    except LedgerError as error:
        _log.error("Whether somebody is signed in cannot be told: %s", error)
        return None
    return claims.issuer, claims.subject


def session_caller(cookies: Mapping[str, str], headers: Mapping[str, str]) -> Caller | None:
    """Whose a page's session is that was opened with these cookies and headers, whether or not it is over by now."""
    try:
        claims = _claims(cookies, headers, get_settings())
    except (NotSignedIn, NotAllowed, SettingsError):
        return None
    return None if claims is None else (claims.issuer, claims.subject)


def _claims(cookies: Mapping[str, str], headers: Mapping[str, str], settings: Settings) -> Claims | None:
    """What was said about whoever sent these; None without sign-in and where the cookie says nothing."""
    if settings.sign_in == "header":
        return header_claims(headers, settings)
    if settings.sign_in == "local":
        return None
    secret = settings.cookie_secret
    given = cookie_claims(cookies, secret.get_secret_value() if secret else "")
    return None if given is None else oidc_claims(given, settings)


def cookie_claims(cookies: Mapping[str, str], secret: str) -> dict[str, Any] | None:
    """The claims in the cookie that Streamlit set at sign-in; None where it is missing, forged or spoilt.

    Streamlit has no public way to read it outside of a page. Its form: a JSON object, signed by itsdangerous with the
    cookie's name as salt, or ``chunks-N`` there and the object in N further cookies, signed likewise. A test signs
    in with Streamlit's own code and fails when that changes.
    """

    def read(name: str) -> str | None:
        try:
            value = URLSafeTimedSerializer(secret, salt=name).loads(cookies.get(name, ""), max_age=COOKIE_SECONDS)
        except BadData:
            return None
        return value if isinstance(value, str) else None

    if not secret:
        return None
    value = read(USER_COOKIE)
    if value is not None and value.startswith("chunks-"):
        parts = [read(f"{USER_COOKIE}_{number}") for number in range(1, int(value.removeprefix("chunks-")) + 1)]
        value = None if None in parts else "".join(part for part in parts if part)
    try:
        claims = json.loads(value or "null")
    except ValueError:
        return None
    return claims if isinstance(claims, dict) else None
