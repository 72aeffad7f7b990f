"""What users bring in: the attribute ``revenue`` that `llmtrack.identify` told, in dollars a month."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from llmtrack.ledger.database.snapshot import snapshot

if TYPE_CHECKING:
    from llmtrack.ledger.ledger import Ledger

ATTRIBUTE = "revenue"
MONTH_DAYS = 30
"""Days that count as a month: revenue of 7 days is 7/30 of the monthly one."""


def revenues(ledger: Ledger) -> Mapping[str, Decimal]:
    """Dollars a month by user, of those with a number as their `ATTRIBUTE`. Another id of a person counts as theirs."""
    with snapshot(ledger) as view:
        given, key = view.json_text("attributes", ATTRIBUTE)
        rows = view.rows(f"SELECT id, user_id, attributes FROM app_user WHERE {given} IS NOT NULL", key)
        aliases = {int(own): int(target) for own, target in view.rows("SELECT app_user, target FROM user_alias")}
        names = {int(id): str(name) for id, name in view.rows("SELECT id, user_id FROM app_user")} if aliases else {}
        monthly = {
            int(id): (str(name), amount)
            for id, name, attributes in rows
            if (amount := amount_of((view.dialect.from_json(attributes) or {}).get(ATTRIBUTE))) is not None
        }
    by_user = {name: amount for id, (name, amount) in monthly.items() if id not in aliases}
    for id, (_, amount) in monthly.items():
        if id in aliases:
            by_user.setdefault(names[aliases[id]], amount)
    return by_user


def amount_of(value: Any) -> Decimal | None:
    """An attribute as dollars; None for what is no number."""
    if value is None or isinstance(value, bool):
        return None
    try:
        amount = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def within(monthly: Decimal, days: int) -> Decimal:
    """The part of a monthly revenue that falls on so many days."""
    return monthly * days / MONTH_DAYS
