"""The dialog that sets a limit, or changes one: every choice there is, and what it would have meant so far."""

from __future__ import annotations

from decimal import Decimal

import streamlit as st

from llmtrack.billing.limits import limit_in_words
from llmtrack.ledger import LedgerError
from llmtrack.ledger.limit_book import set_limit
from llmtrack.ledger.limits import EACH, Limit
from llmtrack.settings import get_settings
from pages.components import card, formatting, outcome, queries
from pages.components.limits import dialogs, uses
from pages.components.limits.look_back import look_back
from pages.components.tables.cells import text_of
from pages.components.viewer import require_admin

PER = {"minute": "Minute", "hour": "Hour", "day": "Day", "week": "Week", "month": "Month", "cycle": "Billing cycle",
       "total": "In total"}  # fmt: skip
HARD = {True: "Refuse", False: "Warn only"}
MODES = {"expected": "Expected", "worst_case": "Worst case"}
UNPRICED = {"refuse": "Refuse", "allow": "Let out, count nothing", "rate": "Count at a stated price"}
EITHER = {"refuse": "Refuse", "allow": "Let out"}
_NO_LIMIT = "No limit: an exception from the one for each"


@st.dialog("Limit", width="large", on_dismiss=dialogs.close)
def ask(limit: Limit | None = None) -> None:
    """Asks for a new limit, or for the new terms of one; whom it is for and what of stay as they are then."""
    require_admin()
    with st.container(horizontal=True):
        scope, target = _whom(limit)
    with st.container(horizontal=True):
        unit = st.selectbox(
            "Of", list(uses.UNITS), format_func=uses.UNITS.__getitem__, disabled=limit is not None,
            index=list(uses.UNITS).index(limit.unit) if limit else 0, key="limit_unit",
        )  # fmt: skip
        periods = [period for period in PER if unit != "cost" or period not in ("minute", "hour")]
        period = st.selectbox(
            "Per", periods, format_func=PER.__getitem__, disabled=limit is not None,
            index=periods.index(limit.period if limit else "month"), key=f"limit_period_{unit == 'cost'}",
        )  # fmt: skip
        excepted = limit is not None and limit.amount is None
        start = uses.amount_as_typed(limit) if limit and limit.amount is not None else ""
        typed = st.text_input(
            "Limit, $" if unit == "cost" else f"Limit, {unit}", start, key="limit_amount", help="0 blocks.",
            placeholder="25.00" if unit == "cost" else "50,000",
            disabled=bool(st.session_state.get("limit_none", excepted)),
        )  # fmt: skip
    none = False
    if target not in (None, EACH):
        none = st.checkbox(_NO_LIMIT, excepted, key="limit_none")
    hard, mode, unpriced, rate, unbounded, unavailable = True, "expected", "refuse", "", "refuse", "refuse"
    thresholds: list[int] = []
    if not none:
        with st.container(horizontal=True):
            hard = st.segmented_control(
                "When it is reached", list(HARD), format_func=HARD.__getitem__, required=True, key="limit_hard",
                default=limit.hard if limit else True,
            )  # fmt: skip
            if hard and unit != "messages":
                mode = st.segmented_control(
                    "What a call holds while it runs", list(MODES), format_func=MODES.__getitem__, required=True,
                    default=limit.mode if limit else "expected", key="limit_mode",
                    help="Expected: what it will probably use; calls under way may overrun the limit. "
                    "Worst case: the most it can come to; the limit cannot be overrun.",
                )  # fmt: skip
        thresholds = st.multiselect(
            "Warn at", sorted({50, 80, 90, 95, 100, *(limit.thresholds if limit else ())}),
            list(limit.thresholds) if limit else [50, 80, 100], key="limit_thresholds", accept_new_options=False,
            format_func=lambda percent: f"{percent}{formatting.NARROW}%", placeholder="never",
        )  # fmt: skip
        if hard:
            unpriced, rate, unbounded, unavailable = _unusual(limit, unit, mode)
    if not (typed.strip() or none):
        st.html('<p class="ll ll-muted">Give an amount to see what it would have meant so far.</p>')
    try:
        amount = None if none else uses.parse_amount(unit, typed)
        wanted = _limit(
            scope, target, unit, period, amount, hard, mode, unpriced, rate, unbounded, unavailable, thresholds
        )
        problem = ""
    except ValueError as error:
        wanted, problem = None, str(error)
    if wanted is not None and (sentence := look_back(wanted)):
        card.note(text_of(sentence))
    with st.container(horizontal=True):
        pressed = st.button("Set the limit", type="primary", key="limit_set")
        if st.button("Cancel", key="limit_cancel"):
            dialogs.done()
    if pressed:
        _set(wanted, problem)


def _set(wanted: Limit | None, problem: str) -> None:
    if wanted is None:
        st.error(formatting.plain(problem), icon=":material/error:")
        return
    me = require_admin()
    try:
        done = set_limit(queries.ledger(), wanted, by=me.id)
    except LedgerError as error:
        st.error(formatting.plain(str(error)), icon=":material/error:")
        return
    outcome.done(f"Limit {done.id} holds everywhere within 5 seconds: {limit_in_words(done)}.")
    dialogs.done()


def _whom(limit: Limit | None) -> tuple[str, str | None]:
    scope = st.selectbox(
        "For", list(uses.SCOPES), format_func=uses.SCOPES.__getitem__, disabled=limit is not None, key="limit_scope",
        index=list(uses.SCOPES).index(limit.scope) if limit else 1,
    )  # fmt: skip
    if scope == "all":
        return scope, None
    names = [EACH, *(name for name in uses.known_names(scope) if name != EACH)]
    if limit is not None and limit.target not in names:
        names.append(limit.target or EACH)
    word = uses.SCOPES[scope].lower()
    target = st.selectbox(
        "Which", names, index=names.index(limit.target or EACH) if limit else 0, key=f"limit_target_{scope}",
        disabled=limit is not None, accept_new_options=True,
        format_func=lambda name: f"Each {word} for themselves" if name == EACH else formatting.visible(name),
        help="One of those there are, or a name typed in. A model's name also stands for its dated snapshots.",
    )  # fmt: skip
    return scope, target or EACH


def _unusual(limit: Limit | None, unit: str, mode: str) -> tuple[str, str, str, str]:
    """What becomes of calls that cannot be counted beforehand."""
    unpriced, rate, unbounded = "refuse", "", "refuse"
    changed = limit is not None and "allow" in (limit.unpriced, limit.unbounded, limit.unavailable)
    with st.expander("Calls that cannot be counted beforehand", expanded=changed):
        if unit == "cost":
            with st.container(horizontal=True):
                unpriced = st.selectbox(
                    "Of models without a price", list(UNPRICED), format_func=UNPRICED.__getitem__, key="limit_unpriced",
                    index=list(UNPRICED).index(limit.unpriced) if limit else 0,
                )  # fmt: skip
                if unpriced == "rate":
                    start = format(Decimal(limit.rate).scaleb(-9).normalize(), "f") if limit and limit.rate else ""
                    rate = st.text_input("$ for a million tokens", start, key="limit_rate", placeholder="2.00")
        if mode == "worst_case":
            unbounded = st.selectbox(
                "Without a worst case", list(EITHER), format_func=EITHER.__getitem__, key="limit_unbounded",
                index=list(EITHER).index(limit.unbounded) if limit else 0,
                help="Such as a search that the provider runs without max_uses: nothing bounds what it costs.",
            )  # fmt: skip
        unavailable = st.selectbox(
            "While the limit cannot be checked", list(EITHER), format_func=EITHER.__getitem__, key="limit_unavailable",
            index=list(EITHER).index(limit.unavailable) if limit else 0,
            help="The database does not answer within 2 seconds.",
        )  # fmt: skip
    return unpriced, rate, unbounded, unavailable


def _limit(
    scope: str, target: str | None, unit: str, period: str, amount: int | None, hard: bool, mode: str, unpriced: str,
    rate: str, unbounded: str, unavailable: str, thresholds: list[int],
) -> Limit:  # fmt: skip
    settings = get_settings()
    return Limit(
        id=0, scope=scope, target=target, unit=unit, period=period, amount=amount, hard=hard, mode=mode,
        unpriced=unpriced, rate=uses.parse_amount("cost", rate) if unpriced == "rate" else None, unbounded=unbounded,
        unavailable=unavailable, thresholds=tuple(sorted(thresholds)), timezone=settings.timezone,
        anchor_day=settings.billing_anchor_day,
    )  # fmt: skip
