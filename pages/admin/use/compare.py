"""Any two values of a model, feature or property side by side, each difference with its interval over users."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st

from llmtrack.ledger import engagement
from llmtrack.ledger.intervals import FEWEST_USERS
from llmtrack.ledger.query import Filter, stored_keys
from pages.components import card, empty_states, filters, formatting, links, long_query, queries
from pages.components.conditions import both, dimension_name, value_name, without
from pages.components.engagement import side_by_side
from pages.components.filters import address
from pages.components.viewer import require_admin, require_numbers

BY, ONE, OTHER = "compare_by", "a", "b"
DIMENSIONS = ("model", "feature", "group", "provider", "request_model")
MOST_VALUES = 50
NOT_GIVEN = "not given"


def choose(key: str, label: str, options: Sequence[str], usual: str, *, by: str = "") -> str:
    """A list whose choice stands in the address."""
    value = address.show(key, lambda texts: texts[-1] if texts and texts[-1] in options else usual)
    if value not in options:  # the list has changed since: values of another dimension
        st.session_state[key] = value = usual
    names = {option: value_name(option, by) if by else dimension_name(option) for option in options}
    st.selectbox(label, options, key=key, format_func=names.__getitem__, on_change=write, args=(key,), width=260)
    return value


def write(key: str) -> None:
    """Put the choice into the address; with another dimension its values are chosen anew."""
    changes = {key: [str(st.session_state[key])]}
    address.write({**changes, ONE: [], OTHER: []} if key == BY else changes)


def sums_of(by: str, value: str) -> engagement.UserSums:
    """What each user adds with the calls that have a value."""
    where = both(without(view.where, by), [Filter(by, (None if value == NOT_GIVEN else value,))])
    require_numbers(where)
    given: dict[str, Any] = {
        "since": span.period.since, "until": span.period.until, "timezone": span.timezone, "where": where,
    }  # fmt: skip
    work = partial(engagement.sums_per_user, queries.ledger(), **given)

    def bounded(freely: bool, cancel: Any) -> engagement.UserSums:
        return work(max_rows=None if freely else queries.MAX_ROWS, cancel=cancel)

    # Whoever allowed it for one of the two allowed it for both.
    return long_query.read(("compare", span.first, span.last, view.where, by), bounded)


require_admin()
view = filters.head("Compare", "compare")
span = view.span
card.sub(
    view.in_words,
    "Differences: the first less the second, with 95 % intervals over users. A thousand calls of one user say little "
    "about another.",
)
keys = [*DIMENSIONS, *stored_keys(queries.ledger())]
with st.container(horizontal=True, vertical_alignment="bottom"):
    by = choose(BY, "Compare by", keys, "model")
    counts = queries.ask(
        ["generations"], span, by=[by], where=without(view.where, by), fill=False, order="-generations",
        limit=MOST_VALUES,
    )  # fmt: skip
    values = [NOT_GIVEN if row[by] is None else str(row[by]) for row in counts.rows]
    if len(values) >= 2:
        one = choose(ONE, "First", values, values[0], by=by)
        other = choose(OTHER, "Second", values, next(value for value in values if value != one), by=by)
if len(values) < 2:
    empty_states.empty(
        f"Nothing to compare in {span}",
        f"Two values of {dimension_name(by)} are needed, and calls have {len(values)}. Choose a longer time, fewer "
        "filters or something else to compare by.",
        ":material/compare_arrows:",
    )
    st.stop()
if one == other:
    empty_states.empty("The same twice", "Choose two different values above.", ":material/compare_arrows:")
    st.stop()
with st.skeleton(height=420):
    first, second = sums_of(by, one), sums_of(by, other)
    shared = len(first.keys() & second.keys())
    comparisons = engagement.compare(first, second)

    def opened(value: str) -> str:
        return links.calls(Filter(by, (None if value == NOT_GIVEN else value,)))

    ways = ", ".join(
        f"{links.anchor(value, opened(value), css='ll-k')}: {formatting.counted(len(sums), 'user')}"
        for value, sums in ((one, first), (other, second))
    )
    with card.card(f"{value_name(one, by)} against {value_name(other, by)}"):
        used = f"{formatting.counted(shared, 'user')} used both." if shared else "Nobody used both."
        st.html(f'<p class="ll">{ways}. {used}</p>')
        side_by_side.draw(
            side_by_side.rows_of(comparisons), value_name(one, by), value_name(other, by),
            alt_text=f"{one} against {other}, {span}",
        )  # fmt: skip
        empty_states.note(
            f"With fewer than {FEWEST_USERS} users on either side nothing is said about others. Who used which is not "
            "drawn by lot, unless your program does so: a difference of users is not always one of models."
        )
