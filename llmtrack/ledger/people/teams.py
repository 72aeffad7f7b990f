"""Teams: who belongs to them and who leads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, null, select, update
from sqlalchemy.exc import IntegrityError

from llmtrack.ids import new_id
from llmtrack.ledger.errors import LedgerError
from llmtrack.ledger.ledger import Ledger
from llmtrack.ledger.people.directory import MEMBERSHIP, PERSON, TEAM, now
from llmtrack.ledger.write.interning import fitted
from llmtrack.ledger.write.spans_and_feedback import write_audit


@dataclass(frozen=True, slots=True)
class TeamRecord:
    """A team."""

    id: int
    name: str
    """The `group` of its calls."""
    from_group: str | None
    members: tuple[str, ...]
    """User ids."""
    leads: tuple[str, ...]
    """Those of them who see its numbers."""
    models: tuple[str, ...] | None = None
    """The models that calls through the gateway may use for it, by name or pattern; None: all."""
    web_search: bool = True
    """Whether they may let providers search the web in the chat."""


def teams(ledger: Ledger) -> list[TeamRecord]:
    """All teams by name."""
    query = (
        select(MEMBERSHIP.c.team, PERSON.c.user_id, MEMBERSHIP.c.leads)
        .join(PERSON, PERSON.c.id == MEMBERSHIP.c.person)
        .order_by(PERSON.c.user_id)
    )
    with ledger.reading() as connection:
        rows = connection.execute(select(TEAM).order_by(TEAM.c.name)).all()
        members = connection.execute(query).all()
    return [
        TeamRecord(
            row.id,
            row.name,
            row.from_group,
            tuple(user for team, user, _ in members if team == row.id),
            tuple(user for team, user, leads in members if team == row.id and leads),
            None if row.models is None else tuple(row.models),
            bool(row.web_search),
        )
        for row in rows
    ]


def add_team(ledger: Ledger, name: str, *, from_group: str | None = None, by: str) -> int:
    """Makes a team; its number. Raises `LedgerError` where the name is empty or taken."""
    plain = fitted(" ".join(name.split()))
    if not plain:
        raise LedgerError("The team has no name: give it the group that its calls carry.")
    team = new_id(now())

    def work(connection: Connection) -> None:
        values = {"id": team, "name": plain, "from_group": from_group or None, "created_at": now()}
        connection.execute(insert(TEAM).values(**values))
        write_audit(connection, ledger.dialect, by, "team add", plain, {"from_group": from_group or None})

    try:
        ledger.transact(work)
    except IntegrityError:
        raise LedgerError(f"There is a team called {plain!r} already.") from None
    return team


def remove_team(ledger: Ledger, team: int, *, by: str) -> None:
    """Removes a team. Its calls keep their group."""

    def work(connection: Connection) -> None:
        name = _name(connection, team)
        connection.execute(delete(MEMBERSHIP).where(MEMBERSHIP.c.team == team))
        connection.execute(delete(TEAM).where(TEAM.c.id == team))
        write_audit(connection, ledger.dialect, by, "team remove", name, {})

    ledger.transact(work)


def set_member(ledger: Ledger, team: int, person: int, membership: str | None, *, by: str) -> None:
    """Makes a person a ``member`` or the ``lead`` of a team; None takes them out."""

    def work(connection: Connection) -> None:
        name = _name(connection, team)
        own = (MEMBERSHIP.c.team == team, MEMBERSHIP.c.person == person)
        leads = connection.execute(select(MEMBERSHIP.c.leads).where(*own)).scalar_one_or_none()
        user = connection.execute(select(PERSON.c.user_id).where(PERSON.c.id == person)).scalar_one_or_none()
        if user is None:
            raise LedgerError("This person is not there any more: reload the page.")
        connection.execute(delete(MEMBERSHIP).where(*own))
        if membership is not None:
            values = {"team": team, "person": person, "leads": int(membership == "lead"), "from_claims": 0}
            connection.execute(insert(MEMBERSHIP).values(**values))
        before = None if leads is None else ("lead" if leads else "member")
        detail = {"team": name, "before": before, "after": membership}
        write_audit(connection, ledger.dialect, by, "team member", user, detail)

    ledger.transact(work)


def set_models(ledger: Ledger, team: int, models: Sequence[str] | None, *, by: str) -> None:
    """Says which models calls through the gateway may use for a team; None: all."""

    def work(connection: Connection) -> None:
        name = _name(connection, team)
        before = connection.execute(select(TEAM.c.models).where(TEAM.c.id == team)).scalar_one()
        value = null() if models is None else list(models)
        connection.execute(update(TEAM).where(TEAM.c.id == team).values(models=value))
        detail = {"before": before, "after": None if models is None else list(models)}
        write_audit(connection, ledger.dialect, by, "team models", name, detail)

    ledger.transact(work)


def models_of(ledger: Ledger, team: str) -> tuple[str, ...] | None:
    """The models that calls through the gateway may use for the team of this name; None: all."""
    with ledger.reading() as connection:
        models = connection.execute(select(TEAM.c.models).where(TEAM.c.name == team)).scalar_one_or_none()
    return None if models is None else tuple(models)


def allow_web_search(ledger: Ledger, team: int, allowed: bool, *, by: str) -> None:
    """Lets a team's people search the web through providers in the chat, or no longer."""

    def work(connection: Connection) -> None:
        name = _name(connection, team)
        connection.execute(update(TEAM).where(TEAM.c.id == team).values(web_search=int(allowed)))
        write_audit(connection, ledger.dialect, by, "team web search", name, {"allowed": allowed})

    ledger.transact(work)


def may_search_the_web(ledger: Ledger, team: str | None) -> bool:
    """Whether people of a team, by its name, may; those of none may, too."""
    with ledger.reading() as connection:
        allowed = connection.execute(select(TEAM.c.web_search).where(TEAM.c.name == team)).scalar_one_or_none()
    return allowed is None or bool(allowed)


def _name(connection: Connection, team: int) -> str:
    name = connection.execute(select(TEAM.c.name).where(TEAM.c.id == team)).scalar_one_or_none()
    if name is None:
        raise LedgerError("This team is not there any more: reload the page.")
    return str(name)
