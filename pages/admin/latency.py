"""How fast the answers are: whole, until the first token, and in tokens a second.

Failures and stops say nothing about how long an answer takes: without a filter on statuses, the durations are those
of answers.
"""

import streamlit as st

from pages.components import charts, empty_states, filters, formatting, queries, tables
from pages.components.tables import Column
from pages.components.viewer import require_admin

QUANTILES = (50, 95, 99)
TIMES = ("", "_p50", "_p90", "_p95", "_p99")
METRICS = (
    "generations", "simulated", "first_tokens", "time_to_first_token_p50", "time_to_first_token_p95",
    "tokens_per_second", "timeouts",
)  # fmt: skip
COLUMNS = (
    Column("model", "Model", pinned=True, width="medium"),
    Column("provider", "Provider"),
    Column("generations", "Calls", "count"),
    Column("counted", "Timed", "count", help="Those whose time the next columns are about."),
    Column("duration", "Average", "seconds"),
    Column("duration_p50", "p50", "seconds"),
    Column("duration_p90", "p90", "seconds"),
    Column("duration_p95", "p95", "seconds"),
    Column("duration_p99", "p99", "seconds"),
    Column("time_to_first_token_p50", "First token p50", "seconds"),
    Column("time_to_first_token_p95", "First token p95", "seconds"),
    Column("tokens_per_second", "Tokens/s", "number", help="Output tokens by seconds of writing an answer."),
    Column("timeouts", "Timeouts", "count"),
)


def lines(title: str, metric: str) -> None:
    """A card with the percentiles of a duration over time."""
    with st.container(border=True):
        st.markdown(f"**{title}**")
        with st.skeleton(height=charts.HEIGHT):
            names = [f"{metric}_p{quantile}" for quantile in QUANTILES]
            answer = queries.ask(names, span, by=[span.grain], where=where)
            points = [
                charts.Point(row[span.grain], f"p{quantile}", row[name], formatting.seconds(row[name]))
                for quantile, name in zip(QUANTILES, names, strict=True)
                for row in answer.rows
                if row[name] is not None
            ]
            charts.lines_over_time(
                points,
                span.axis(span.grain),
                title=title,
                alt_text=f"{title}: p50, p95 and p99 per {span.grain}, {span}",
            )


require_admin()
st.title("Latency", anchor=False)
span = filters.choose_span()
where = filters.choose_where(span, ("model", "feature", "status"))
chosen = where.get("status")
# Without a filter on statuses the times are those of answers.
duration, counted = ("generation_duration", "timed") if chosen else ("duration", "timed_answers")
of = (
    f"calls with status {formatting.plain(formatting.either(chosen))}"
    if chosen
    else "answers; failures and stops are not counted"
)

with st.skeleton(height=420):
    answer = queries.ask(
        [*METRICS, counted, *(duration + part for part in TIMES)], span, by=["provider", "model"], where=where
    )
    totals = answer.totals
    if not (totals[counted] or totals["first_tokens"]):
        empty_states.empty("No call in this time has a known duration", "Choose a longer time or fewer filters above.")
        st.stop()
    queries.metric_cards(
        [
            ("Average time", formatting.seconds(totals[duration]), "From sending to the last word."),
            ("p50", formatting.seconds(totals[f"{duration}_p50"]), "Half of them took at most this."),
            ("p95", formatting.seconds(totals[f"{duration}_p95"]), None),
            ("p99", formatting.seconds(totals[f"{duration}_p99"]), None),
            ("First token p50", formatting.seconds(totals["time_to_first_token_p50"]), "Where the answer streamed."),
            ("First token p95", formatting.seconds(totals["time_to_first_token_p95"]), None),
            (
                "Tokens a second",
                formatting.compact(totals["tokens_per_second"]),
                "Output tokens by seconds of writing.",
            ),
        ]
    )
    empty_states.note(
        f"Times of {formatting.count(totals[counted])} {of}. First tokens of "
        f"{formatting.counted(totals['first_tokens'], 'call')} that streamed, however they ended. "
        "Tokens a second of answers."
    )
    queries.remark(answer)

lines("Time of a call" if chosen else "Time of an answer", duration)
lines("Time to the first token", "time_to_first_token")
rows = [
    {**row, "counted": row[counted], **{f"duration{part}": row[duration + part] for part in TIMES}}
    for row in sorted(answer.rows, key=lambda row: -row["generations"])
]
tables.table(rows, tables.used(COLUMNS, rows), alt_text=f"Times by model, {span}")
