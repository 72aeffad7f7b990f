"""The address of every thing, with the filters of the page one is on.

An address is relative to the app's root and works as an ordinary link. `llmtrack/serving/links.js` follows it without a
reload where it stands in a link that `anchor` made, in a row with such a link, or in ``url`` or ``series_url`` of a
chart's data.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from llmtrack.ledger.query import Filter
from pages.components import formatting
from pages.components.conditions import WHERE, encode, only

SPAN, DAYS, AGAINST = "span", "days", "against"
KEPT = (SPAN, DAYS, AGAINST, WHERE)
"""The parameters of an address that are filters, and go with one from page to page."""
FILTERED = (
    "overview", "model-cost", "model", "users", "user", "teams", "features", "traces", "conversations", "calls",
    "latency", "errors", "team", "engagement", "feedback", "compare", "explore",
)  # fmt: skip
"""The pages that have the filter bar."""
_STATE = "links_kept"


def keep(span: str, days: Iterable[str] = (), against: str = "", where: Iterable[Filter] = ()) -> None:
    """From here on in this run, addresses hold these filters: the span's choice, its dates, the comparison."""
    parameters = [(SPAN, span), *((DAYS, day) for day in days), *([(AGAINST, against)] if against else [])]
    st.session_state[_STATE] = (tuple(parameters), tuple(where))


def address(page: str, where: Iterable[Filter] = (), *, keep_where: bool = True, **parameters: Any) -> str:
    """The address of a page: the time and the filters in force, further ones in `where`, and parameters of its own.

    A filter in `where` takes the place of those on the same dimension. Without `keep_where` only the time is kept.
    """
    time, conditions = st.session_state.get(_STATE) or ((), ())
    chosen: tuple[Filter, ...] = tuple(conditions) if keep_where else ()
    further = tuple(where)
    replaced = {condition.dimension for condition in further}
    chosen = (*(condition for condition in chosen if condition.dimension not in replaced), *further)
    own = [(name, value) for name, value in parameters.items() if value is not None]
    return _joined(page, [*own, *time, *((WHERE, encode(condition)) for condition in chosen)])


def over(page: str, since: str, until: str, where: Iterable[Filter] = (), **parameters: Any) -> str:
    """Like `address`, for the days from `since` to `until` (``2026-11-06``) in place of the time in force."""
    time = [(SPAN, "Dates"), (DAYS, since), (DAYS, until)]
    link = address(page, where, **parameters)
    name, _, query = link.partition("?")
    rest = [part for part in query.split("&") if part and part.partition("=")[0] not in (SPAN, DAYS)]
    return "&".join([f"{name}?{urlencode(time)}", *rest])


def here(**changes: Any) -> str:
    """The address of the page one is on with some parameters changed: None leaves one out, a list repeats it."""
    parameters: dict[str, Any] = {name: st.query_params.get_all(name) for name in st.query_params}
    parameters |= changes
    listed = ((name, value) for name, value in parameters.items() if value is not None)
    return f"?{urlencode(list(listed), doseq=True)}"


def _joined(page: str, parameters: list[tuple[str, Any]]) -> str:
    return f"{page}?{urlencode(parameters)}" if parameters else page


def call(id: int) -> str:
    """One call, in the list of calls."""
    return address("calls", call=id)


def trace(id: str | None) -> str | None:
    """One interaction, in the list of them."""
    return None if id is None else address("traces", trace=id)


def conversation(id: str | None) -> str | None:
    """One conversation, in the list of them."""
    return None if id is None else address("conversations", conversation=id)


def user(id: str | None) -> str:
    """A user's page; for calls without a user the list of these."""
    return _thing("user", "user", id)


def team(name: str | None) -> str:
    """A team's page; for calls without a team the list of these."""
    return _thing("teams", "group", name, parameter="team")


def model(name: str | None) -> str:
    """A model's page; for calls without a model the list of these."""
    return _thing("model", "model", name)


def feature(name: str | None) -> str:
    """A feature's page; for calls without a feature the list of these."""
    return _thing("features", "feature", name, parameter="feature")


def error_group(kind: str, fingerprint: str) -> str:
    """Failures whose messages differ in ids, numbers and times alone."""
    return address("errors", error=f"{kind}:{fingerprint}")


def _thing(page: str, dimension: str, name: str | None, parameter: str | None = None) -> str:
    if name is None:
        return calls(Filter(dimension, (None,)))
    _, conditions = st.session_state.get(_STATE) or ((), ())
    others = [condition for condition in conditions if condition.dimension != dimension]
    return address(page, others, keep_where=False, **{parameter or dimension: name})


def calls(*where: Filter, **parameters: Any) -> str:
    """The list of the calls that these filters and those in force let through."""
    return address("calls", where, **parameters)


def narrowed(page: str, dimension: str, value: str | int | None) -> str:
    """A page with one more filter: the dimension is this value."""
    _, conditions = st.session_state.get(_STATE) or ((), ())
    return address(page, only(conditions, dimension, value), keep_where=False)


def anchor(text: str, href: str | None, *, title: str = "", css: str = "", key: str = "") -> str:
    """A link to one of these addresses as HTML, escaped; the text alone without one. `key` also follows it."""
    shown = escape(formatting.visible(text))
    if href is None:
        return shown
    more = "".join(f' {name}="{escape(value)}"' for name, value in (("title", title), ("class", css)) if value)
    more += f' data-key="{escape(key)}"' if key else ""
    return f'<a data-in href="{escape(href)}"{more}>{shown}</a>'
