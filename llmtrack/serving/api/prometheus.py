"""The ledger as Prometheus metrics: what was used and what it cost since the beginning, and how things are now.

Counters are read from the ledger, not counted in this process, so that they are the same whichever server is scraped.
They can go down when calls are priced anew or a user is erased, which Prometheus takes for a restart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from llmtrack.capture.journal import journal_lag
from llmtrack.capture.tracker import default_tracker
from llmtrack.ledger import Ledger
from llmtrack.ledger.metrics import Cancel, Row, ask
from llmtrack.ledger.query import Histogram, histograms
from llmtrack.settings import get_settings
from llmtrack.statuses import NOT_SPENT, CostStatus

BOUNDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
"""Seconds, as OpenTelemetry's GenAI conventions have them for `gen_ai.client.operation.duration`."""
_MODEL = ("provider", "model", "operation")
_LABELS = ("gen_ai_provider_name", "gen_ai_response_model", "gen_ai_operation_name")
_NUMBERS = (
    "generations", "cost", "simulated_cost", "api_equivalent_cost", "unpriced",
    "input_tokens", "output_tokens", "input_known", "output_known",
)  # fmt: skip
_TIMES = {
    "duration": ("gen_ai_client_operation_duration_seconds", "Time from sending to the last byte"),
    "time_to_first_token": ("gen_ai_client_operation_time_to_first_chunk_seconds", "Time to the first output"),
}
_OF: tuple[Literal["duration", "time_to_first_token"], ...] = ("duration", "time_to_first_token")
_SUMS = {"duration": "total_duration", "time_to_first_token": "total_time_to_first_token"}


@dataclass(frozen=True, slots=True)
class _Numbers:
    """What was read of the ledger for one scrape."""

    totals: Sequence[Row]
    by_status: Sequence[Row]
    times: dict[str, Sequence[Histogram]]
    sums: Sequence[Row]
    by_user: Sequence[Row]
    lag_seconds: float
    journal_files: int
    rejected_bytes: int


class LedgerCollector(Collector):
    """Metric families from numbers that were read before: collecting waits for nothing."""

    def __init__(self, numbers: _Numbers) -> None:
        self._numbers = numbers

    @classmethod
    def read(cls, ledger: Ledger, cancel: Cancel | None = None) -> LedgerCollector:
        """What the ledger says now. Raises what `ask` raises."""
        today = datetime.now(UTC).date()
        lag = journal_lag(default_tracker().journal_dir(), ledger)
        named = get_settings().metrics_user_names
        return cls(
            _Numbers(
                totals=ask(ledger, _NUMBERS, [*_MODEL, "cost_status"], cancel=cancel).rows,
                by_status=ask(ledger, "generations", [*_MODEL, "status"], cancel=cancel).rows,
                times={of: histograms(ledger, of, BOUNDS, _MODEL, since=today, cancel=cancel) for of in _OF},
                sums=ask(ledger, list(_SUMS.values()), _MODEL, since=today, timezone="UTC", cancel=cancel).rows,
                by_user=ask(ledger, ("generations", "cost"), "user", cancel=cancel).rows if named else (),
                lag_seconds=lag.seconds,
                journal_files=lag.files,
                rejected_bytes=lag.rejected_bytes,
            )
        )  # fmt: skip

    def collect(self) -> Iterator[Metric]:
        """Every metric family."""
        yield from self._usage()
        yield from self._durations()
        yield from self._journal()
        if get_settings().metrics_user_names:
            cost = CounterMetricFamily(
                "llmtrack_user_cost_usd", "US dollars by user, what is unpriced left out", labels=["user"]
            )
            for row in self._numbers.by_user:
                if row["cost"] is not None:
                    cost.add_metric([row["user"] or ""], float(row["cost"]))
            yield cost

    def _usage(self) -> Iterator[Metric]:
        cost = CounterMetricFamily(
            "llmtrack_cost_usd",
            "US dollars by how far the cost can be trusted; simulated and api_equivalent are not paid",
            labels=[*_LABELS, "cost_status"],
        )  # fmt: skip
        unpriced = CounterMetricFamily(
            "llmtrack_unpriced_generations",
            "Calls whose cost nobody knows; it is missing from the cost",
            labels=_LABELS,
        )
        tokens = HistogramMetricFamily(
            "gen_ai_client_token_usage", "Tokens of calls that reported them", labels=[*_LABELS, "gen_ai_token_type"]
        )
        unpriced_of: dict[tuple[str, ...], int] = {}
        tokens_of: dict[tuple[str, ...], tuple[int, int]] = {}
        for row in self._numbers.totals:
            model = _labels(row)
            unpriced_of[model] = unpriced_of.get(model, 0) + row["unpriced"]
            apart = row["cost_status"] in NOT_SPENT
            amount = row[f"{row['cost_status']}_cost"] if apart else row["cost"]
            if amount is not None and row["cost_status"] != CostStatus.UNPRICED:
                cost.add_metric([*model, row["cost_status"]], float(Decimal(amount)))
            for kind in ("input", "output"):
                calls, total = tokens_of.get((*model, kind), (0, 0))
                key = (*model, kind)
                tokens_of[key] = (calls + row[f"{kind}_known"], total + (row[f"{kind}_tokens"] or 0))
        for model, calls in unpriced_of.items():
            unpriced.add_metric(model, calls)
        for key, (calls, total) in tokens_of.items():
            tokens.add_metric(key, buckets=[("+Inf", calls)], sum_value=total)
        generations = CounterMetricFamily(
            "llmtrack_generations", "Calls by how they ended", labels=[*_LABELS, "status"]
        )
        for row in self._numbers.by_status:
            generations.add_metric([*_labels(row), row["status"]], row["generations"])
        yield from (cost, unpriced, tokens, generations)

    def _durations(self) -> Iterator[Metric]:
        sums = {_labels(row): row for row in self._numbers.sums}
        for of, (name, words) in _TIMES.items():
            family = HistogramMetricFamily(name, f"{words}, of calls since midnight UTC", labels=_LABELS)
            for histogram in self._numbers.times[of]:
                labels = tuple(str(histogram.group[name] or "") for name in _MODEL)
                buckets = [(str(bound), count) for bound, count in zip(BOUNDS, histogram.counts, strict=True)]
                row = sums.get(labels)
                total = 0.0 if row is None else row[_SUMS[of]] or 0.0
                family.add_metric(labels, buckets=[*buckets, ("+Inf", histogram.total)], sum_value=total)
            yield family

    def _journal(self) -> Iterator[Metric]:
        status = default_tracker().status()
        yield GaugeMetricFamily(
            "llmtrack_journal_lag_seconds", "How long the oldest record waits for the ledger",
            value=self._numbers.lag_seconds,
        )  # fmt: skip
        yield GaugeMetricFamily(
            "llmtrack_journal_files", "Journal files with records that wait", value=self._numbers.journal_files
        )
        yield GaugeMetricFamily(
            "llmtrack_records_rejected_bytes", "Size of the file of records that the ledger could not take",
            value=self._numbers.rejected_bytes,
        )  # fmt: skip
        yield CounterMetricFamily(
            "llmtrack_records_failed", "Records this process could not write, or lost", value=status.failed
        )


def _labels(row: Row) -> tuple[str, ...]:
    return tuple(str(row[name] or "") for name in _MODEL)
