"""The people behind a number, and how many people there are to begin with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmtrack.ledger.database.snapshot import snapshot

if TYPE_CHECKING:
    from llmtrack.ledger.ledger import Ledger


@dataclass(frozen=True, slots=True)
class UserCalls:
    """A user with a number of calls."""

    user: str
    calls: int


def people_behind(ledger: Ledger, numbers: Sequence[int], calls: dict[int, int] | None = None) -> list[UserCalls]:
    """Users by their numbers, those with the most calls first, then by name."""
    from llmtrack.ledger.query.names import texts_of

    with snapshot(ledger) as view:
        names = texts_of(view, "user", numbers)
    counted = calls or {}
    users = [UserCalls(name, counted.get(number, 0)) for number, name in names.items()]
    return sorted(users, key=lambda one: (-one.calls, one.user))


@dataclass(frozen=True, slots=True)
class KnownPeople:
    """Everybody the ledger was told of, whether they made calls or not."""

    count: int
    users: frozenset[int]
    """The numbers of those who are known as users, too."""


def known_people(ledger: Ledger) -> KnownPeople | None:
    """Whom `identify` and signing in told of; None where that is nobody.

    Somebody of whom only calls are known is not among them: without a list of people there is no share of it.
    """
    # Of those who were identified only the numbers are read: of many users their names would take most of the time.
    identified = "SELECT id FROM app_user WHERE identified_at IS NOT NULL AND erased_at IS NULL"
    signed_in = (
        "SELECT p.user_id, u.id FROM person AS p LEFT JOIN app_user AS u ON u.user_id = p.user_id "
        "WHERE p.disabled_at IS NULL"
    )
    with snapshot(ledger) as view:
        rows = [*((None, number) for (number,) in view.rows(identified)), *view.rows(signed_in)]
        aliases = dict(tuple(row) for row in view.rows("SELECT app_user, target FROM user_alias"))
    people = {aliases.get(number, number) or name for name, number in rows}
    if not people:
        return None
    return KnownPeople(len(people), frozenset(person for person in people if isinstance(person, int)))
