"""How fast the answers are: whole, until the first token, and in tokens a second."""

import streamlit as st

from pages.parts import charts, filters, numbers, states, tables, words
from pages.parts.tables import Column
from pages.parts.viewer import require_admin

QUANTILES = (50, 95, 99)
METRICS = (
    "generations", "simulated", "timed", "duration", "duration_p50", "duration_p90", "duration_p95", "duration_p99",
    "time_to_first_token", "time_to_first_token_p50", "time_to_first_token_p95", "tokens_per_second", "timeouts",
)  # fmt: skip
COLUMNS = (
    Column("model", "Model", pinned=True, width="medium"),
    Column("provider", "Provider"),
    Column("generations", "Calls", "count"),
    Column("duration", "Average", "seconds"),
    Column("duration_p50", "p50", "seconds"),
    Column("duration_p90", "p90", "seconds"),
    Column("duration_p95", "p95", "seconds"),
    Column("duration_p99", "p99", "seconds"),
    Column("time_to_first_token_p50", "First token p50", "seconds"),
    Column("time_to_first_token_p95", "First token p95", "seconds"),
    Column("tokens_per_second", "Tokens/s", "number", help="Output tokens by seconds of writing."),
    Column("timeouts", "Timeouts", "count"),
)


def lines(title: str, metric: str) -> None:
    """A card with the percentiles of a duration over time."""
    with st.container(border=True):
        st.markdown(f"**{title}**")
        with st.skeleton(height=charts.HEIGHT):
            names = [f"{metric}_p{quantile}" for quantile in QUANTILES]
            answer = numbers.ask(names, span, by=[span.grain], where=where)
            points = [
                charts.Point(row[span.grain], f"p{quantile}", row[name], words.seconds(row[name]))
                for quantile, name in zip(QUANTILES, names, strict=True)
                for row in answer.rows
                if row[name] is not None
            ]
            charts.lines_over_time(
                points,
                every=span.starts(span.grain),
                grain=span.grain,
                title="Seconds",
                alt_text=f"{title}: p50, p95 and p99 per {span.grain}, {span}",
            )


require_admin()
st.title("Latency", anchor=False)
span = filters.choose_span()
where = filters.choose_where(span, ("model", "feature"))

with st.skeleton(height=420):
    answer = numbers.ask(METRICS, span, by=["provider", "model"], where=where)
    totals = answer.totals
    if not totals["timed"]:
        states.empty("No call in this time has a known duration", "Choose a longer time or fewer filters above.")
        st.stop()
    numbers.metric_cards(
        [
            ("Average time", words.seconds(totals["duration"]), "From sending to the last word."),
            ("p50", words.seconds(totals["duration_p50"]), "Half of the calls took at most this."),
            ("p95", words.seconds(totals["duration_p95"]), None),
            ("p99", words.seconds(totals["duration_p99"]), None),
            ("First token p50", words.seconds(totals["time_to_first_token_p50"]), "Where the answer streamed."),
            ("First token p95", words.seconds(totals["time_to_first_token_p95"]), None),
            ("Tokens a second", words.compact(totals["tokens_per_second"]), "Output tokens by seconds of writing."),
        ]
    )
    numbers.remark(answer)

lines("Time of a call", "duration")
lines("Time to the first token", "time_to_first_token")
rows = sorted(answer.rows, key=lambda row: -row["generations"])
tables.table(rows, tables.used(COLUMNS, rows), alt_text=f"Times by model, {span}")
