"""The metrics and dimensions in words, from the catalog that declares them: `docs/metrics.md`."""

from __future__ import annotations

from collections.abc import Sequence

from llmtrack.ledger.query.catalog import DIMENSIONS, METRICS
from llmtrack.ledger.query.measures import (
    Combination,
    Condition,
    CountDistinct,
    Dimension,
    Formula,
    Measure,
    Metric,
    Percentile,
    PerUser,
    Ratio,
    Sum,
    UsersWith,
)
from llmtrack.ledger.query.planner import TOTALS

_HEAD = """# Metrics and dimensions

*Made by `llmtrack metrics` from the code, and checked by a test: change the catalog
(`llmtrack/ledger/query/catalog.py`), not this page.*

Every metric can be queried over any period, grouped by any dimensions and filtered by any of them:

```python
ask(ledger, ["cost", "unpriced"], by=["day", "model"], where={"feature": "chat"})
```

Any two metrics make a formula: `"cost / messages"`, `"errors + refused"`, `"cost - tool_cost"`, `"cost * error_rate"`.
None is unknown, which is not 0.

"""
_UNITS = {
    "usd": "US dollars, as `Decimal`",
    "tokens": "tokens",
    "seconds": "seconds",
    "count": "a count",
    "ratio": "a share from 0 to 1",
    "tokens_per_second": "tokens a second",
    "score": "a score",
    "number": "a number",
}
_METRICS_HEAD = """## Metrics

Sums in formulas are over the columns of the rollups ([schema.md](schema.md#measures)). “Adds up”: the values of parts,
by time or by a dimension, add up to the value of the whole. Charts stack these metrics only.

| metric | unit | meaning | formula | left out | adds up |
|---|---|---|---|---|---|
"""
_DIMENSIONS_HEAD = """
## Dimensions

Time is grouped by at most one of `hour`, `day`, `week` (from Monday), `month` and `cycle` (the billing cycle, from its
anchor day), on the clocks of the time zone asked for. “Rows”: no rollup has the dimension, so the generations are read
themselves, and more than `max_rows` of them are refused.

| dimension | meaning | read from |
|---|---|---|
"""
_MISSING = {
    ("unpriced",): "unpriced generations",
    ("input_unknown",): "generations without reported input tokens",
    ("output_unknown",): "generations without reported output tokens",
    ("input_unknown", "output_unknown"): "token counts nobody reported",
    ("generations", "-timed"): "generations without a duration",
    ("generations", "-first_tokens"): "generations without a time to first token",
}
"""What a measure leaves out, by the columns that count it."""


def in_markdown() -> str:
    """All metrics with unit, formula and what they leave out, and all dimensions."""
    parts = [_HEAD, _METRICS_HEAD, *map(_metric_row, METRICS.values())]
    parts += [_DIMENSIONS_HEAD, *map(_dimension_row, DIMENSIONS.values())]
    parts.append("| `property.<key>` | A property given with the call, by its key. | rows |\n")
    parts.append("| `user.<key>` | An attribute given to `llmtrack.identify`, by its key. | `rollup_user_day` |\n")
    return "".join(parts)


def _metric_row(metric: Metric) -> str:
    cells = (
        f"`{metric.name}`",
        _UNITS[metric.unit],
        metric.doc,
        formula_in_words(metric.formula),
        left_out(metric.formula),
        "yes" if metric.additive else "no",
    )
    return f"| {' | '.join(cells)} |\n"


def _dimension_row(dimension: Dimension) -> str:
    narrowest = next((family for family in TOTALS if dimension.column in family.dimensions), None)
    if narrowest is None:
        source = "traces, sessions and rows" if dimension.name in ("trace", "session") else "rows"
        source = "rollups by the hour" if dimension.name == "hour_of_day" else source
        source = "rollups" if dimension.name == "weekday" else source
    elif narrowest is TOTALS[0]:
        source = "rollups"
    else:
        source = f"`{narrowest.rollups[0].table}`"
    return f"| `{dimension.name}` | {dimension.doc} | {source} |\n"


def formula_in_words(formula: Formula) -> str:
    """How a metric is computed, as a phrase in Markdown."""
    if isinstance(formula, Measure):
        return _sum_in_words(formula.sum)
    if isinstance(formula, Ratio):
        return f"`{formula.over}` / `{formula.under}`"
    if isinstance(formula, Combination):
        return f"`{formula.left}` {formula.operator} `{formula.right}`"
    if isinstance(formula, Percentile):
        of = f"`{formula.of.of}`{_where(formula.of.only)}"
        return f"the value that {formula.q:.0%} of {of} do not exceed, from sketches (within 1 %)"
    if isinstance(formula, CountDistinct):
        return f"different {formula.of}s" if formula.of == "user" else f"{formula.of}s that started in the period"
    if isinstance(formula, PerUser):
        taken = "mean" if formula.q is None else f"{formula.q:.0%} percentile (nearest rank, exact)"
        return f"{taken} of each user's `{formula.of}`"
    if isinstance(formula, UsersWith):
        return f"different users whose `{formula.of}` is known"
    return "judgements" if formula.of == "all" else "judgements with a score above 0"


def left_out(formula: Formula) -> str:
    """What of the period a metric does not count, as a phrase in Markdown; empty where it counts everything."""
    if isinstance(formula, Measure):
        if formula.missing is None:
            return ""
        return f"{_MISSING[formula.missing.columns]}; None where nothing is known"
    if isinstance(formula, Ratio):
        return f"what the two leave out; None where `{formula.under}` is 0"
    if isinstance(formula, Combination):
        return "what the two leave out"
    if isinstance(formula, Percentile):
        return f"generations without a {formula.of.of.replace('_', ' ')}"
    if isinstance(formula, CountDistinct):
        return f"generations without a {formula.of}"
    if isinstance(formula, PerUser | UsersWith):
        unknown = f"; users whose `{formula.of}` is unknown" if left_out(METRICS[formula.of].formula) else ""
        return f"generations without a user{unknown}"
    return "judgements that were taken back"


def _sum_in_words(sum: Sum) -> str:
    where = _where(sum.only)
    if sum.columns == ("generations",):
        return f"generations{where}"
    text = " ".join(f"less `{name[1:]}`" if name.startswith("-") else f"and `{name}`" for name in sum.columns)
    return f"sum of {text.removeprefix('and ')}{where}"


def _where(only: Sequence[Condition]) -> str:
    tests = [
        f"`{dimension}` is {'' if positive else 'not '}{' or '.join(f'`{name}`' for name in names)}"
        for dimension, positive, names in only
    ]
    return f" where {' and '.join(tests)}" if tests else ""
