"""The one place that decides who may see what. Whatever shows somebody's data asks here first."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from llmtrack.ledger.query import Filter, Where, filters
from llmtrack.serving.identity.viewer import Viewer

_SUBJECTS = {"user": "user", "group": "team"}
"""Dimensions that say whose calls a question is about, and the fields of `Subject` they stand for."""


class Kind(StrEnum):
    """What there is to see."""

    NUMBERS = "numbers"
    """Counts, tokens, cost, times: of a user, of a team, or of everybody."""
    TEXTS = "texts"
    """What was said in calls and traces, and single calls as such."""
    CONVERSATION = "conversation"
    """A conversation of the chat page, with its files and preferences."""
    TOKENS = "tokens"
    """Somebody's tokens, without their secrets."""
    ADMINISTRATION = "administration"
    """Prices, people, teams, settings, the audit log, erasure, exports of everybody's data."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What somebody wants to see or change. With neither user nor team it is everybody's."""

    kind: Kind
    user: str | None = None
    """A user id."""
    team: str | None = None


class NotFound(Exception):
    """There is no such thing, as far as the person who asked may know."""

    def __init__(self) -> None:
        super().__init__("There is no such page, or it is not for you.")


def may_see(viewer: Viewer, subject: Subject) -> bool:
    """Whether this person may see, and where that makes sense change, this.

    | | own | a team they lead | anybody's |
    |---|---|---|---|
    | numbers | everybody | its lead | admin |
    | texts | everybody | | admin |
    | conversation, tokens | everybody | | (tokens: admin) |
    | administration | | | admin |
    """
    if subject.user is not None and subject.user in viewer.ids and subject.team is None:
        return subject.kind is not Kind.ADMINISTRATION or viewer.is_admin
    if subject.kind is Kind.CONVERSATION:
        return False  # a conversation is its owner's alone, whatever the role
    if viewer.is_admin:
        return True
    return subject.kind is Kind.NUMBERS and subject.team is not None and subject.team in viewer.leads


def require(viewer: Viewer, subject: Subject) -> None:
    """Raises `NotFound` unless this person may see this."""
    if not may_see(viewer, subject):
        raise NotFound


def require_question(viewer: Viewer, kind: Kind, where: Where | None) -> None:
    """Raises `NotFound` unless this person may see everything that a question with these filters is about.

    Filters narrow each other, so one that holds the question to what they may see is enough. Without one that names
    users or teams the question is about everybody; parts of names, and names left out, narrow it to nobody one knows.
    """
    for condition in filters(where):
        if _names_subjects(condition) and all(
            isinstance(name, str) and may_see(viewer, Subject(kind, **{_SUBJECTS[condition.dimension]: name}))
            for name in condition.values
        ):
            return
    require(viewer, Subject(kind))


def _names_subjects(condition: Filter) -> bool:
    named = condition.dimension in _SUBJECTS and bool(condition.values)
    return named and condition.operator == "is" and not condition.negated
