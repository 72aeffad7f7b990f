"""Users by what is known of them, such as their plan."""

from __future__ import annotations

from llmtrack.ledger.query import Row, Where, stored_keys
from pages.components import card, empty_states, formatting, links, queries, tables
from pages.components.conditions import dimension_name
from pages.components.insights.cost_tables import part
from pages.components.span import Span
from pages.components.tables import Column

BY_GROUP = ("users", "generations", "generations_per_user", "cost_per_user", "cost", "error_rate",
            "feedback_score")  # fmt: skip
ATTRIBUTE = "user."
"""What the names of dimensions begin with that are attributes of users."""


def draw_by_attribute(span: Span, where: Where, totals: Row) -> None:
    """A card with the users by one of their attributes, the dearest group first; none where none was ever told."""
    keys = [key for key in stored_keys(queries.ledger()) if key.startswith(ATTRIBUTE)]
    if not keys:
        return
    choice = card.Choice("By", "attribute", {key: dimension_name(key.removeprefix(ATTRIBUTE)) for key in keys})
    by = choice.value
    answer = queries.ask_briefly(BY_GROUP, span, by=[by], where=where, order="-cost", fill=False)
    with card.card("Users by what is known of them", "dearest first", choices=(choice,) if len(keys) > 1 else ()):
        if answer is None:
            empty_states.note("Many calls would have to be read one by one for this; choose a shorter time.")
            return
        rows = [
            {
                **row, by: row[by] or "not given", "id": row[by], "share": part(row, totals),
                "liked": None if row["feedback_score"] is None else formatting.percent(row["feedback_score"]),
            }
            for row in answer.rows
        ]  # fmt: skip
        columns = [
            Column(by, choice.options[by].capitalize(), pinned=True,
                   href=lambda row: links.narrowed("users", by, row["id"])),
            Column("users", "Users", "count"),
            Column("generations_per_user", "Calls per user", "number"),
            Column("error_rate", "Errors", "rate", wide_only=True),
            Column("liked", "Liked", "written", help="Of the answers somebody judged.", unknown="not judged",
                   wide_only=True),
            Column("cost_per_user", "Cost per user", "usd"),
            Column("share", "Share", "bar", wide_only=True),
            Column("cost", "Cost", "usd", wide_only=True),
        ]  # fmt: skip
        tables.table(rows, columns, alt_text=f"Users by {choice.options[by]}, {span}", name="attribute_page")
