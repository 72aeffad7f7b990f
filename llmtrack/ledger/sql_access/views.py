"""The views that SQL may read: every column with what it holds, and the SQL that makes it on each database.

They hold numbers and names. What people wrote (messages, comments, error messages), who signs in how, tokens and
settings are in none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "integer", "dollars", "seconds", "time", "date", "flag", "JSON"]
Database = Literal["sqlite", "postgresql"]

_FORMS: Mapping[Database, Mapping[Kind, str]] = {
    "sqlite": {
        "dollars": "{0} / 1000000000.0",
        "seconds": "{0} / 1000000.0",
        "time": "strftime('%Y-%m-%d %H:%M:%f', {0} / 1000000.0, 'unixepoch')",
        "date": "date({0} * 86400, 'unixepoch')",
    },
    "postgresql": {
        "dollars": "{0} * 0.000000001",
        "seconds": "{0} * 0.000001",
        "time": "to_timestamp({0} / 1000000.0)",
        "date": "DATE '1970-01-01' + {0}",
    },
}
"""How what the ledger keeps (nano-dollars, microseconds, days since 1970) becomes what people read; others stay."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """A column of the one row of another table whose ``id`` is `key`."""

    table: str
    key: str
    column: str


@dataclass(frozen=True, slots=True)
class ViewColumn:
    """One column of a view."""

    name: str
    kind: Kind
    doc: str
    source: str | Lookup
    """An expression over the view's table, called ``r``, or where else the value stands."""


@dataclass(frozen=True, slots=True)
class View:
    """A view over one table of the ledger."""

    name: str
    doc: str
    table: str
    columns: tuple[ViewColumn, ...]
    where: str = ""
    """Which rows of the table it has; empty for all."""

    def select(self, database: Database, schema: str) -> str:
        """The query that it is, over the tables in `schema` (an identifier, quoted where it has to be)."""
        expressions, joins = [], []
        for column in self.columns:
            if isinstance(column.source, Lookup):
                there = f"of_{column.name}"
                key = column.source.key.format(schema=schema)
                table = f"{schema}.{column.source.table} AS {there}"
                if database == "sqlite":
                    # As a join it would keep SQLite from merging the view into a query that joins it to another.
                    value = f"(SELECT {there}.{column.source.column} FROM {table} WHERE {there}.id = {key})"
                else:
                    value = f"{there}.{column.source.column}"
                    joins.append(f"LEFT JOIN {table} ON {there}.id = {key}")
            else:
                value = _FORMS[database].get(column.kind, "{0}").format(column.source)
            expressions.append(f"{value} AS {column.name}")
        where = f" WHERE {self.where.format(schema=schema)}" if self.where else ""
        return f"SELECT {', '.join(expressions)} FROM {' '.join([f'{schema}.{self.table} AS r', *joins])}{where}"


_USER = "coalesce((SELECT a.target FROM {schema}.user_alias AS a WHERE a.app_user = r.app_user), r.app_user)"
"""The user that a row counts for, where user ids were merged."""


def _word(name: str, doc: str = "", column: str = "") -> ViewColumn:
    return ViewColumn(name, "text", doc, Lookup("name", f"r.{column or name}", "text"))


def _integer(name: str, doc: str = "") -> ViewColumn:
    return ViewColumn(name, "integer", doc, f"r.{name}")


def _dollars(name: str, doc: str = "") -> ViewColumn:
    return ViewColumn(name, "dollars", doc, f"r.{name}")


def _user() -> ViewColumn:
    doc = "Whom it counts for, merged user ids as on the pages; NULL where nobody was named."
    return ViewColumn("user_id", "text", doc, Lookup("app_user", _USER, "user_id"))


def _totals() -> tuple[ViewColumn, ...]:
    """What sessions and traces have added up."""
    return (
        ViewColumn("started_at", "time", "", "r.started_at"),
        ViewColumn("ended_at", "time", "", "r.ended_at"),
        _integer("generations", "Calls in it."),
        _integer("errors"),
        _integer("input_tokens", "As far as reported."),
        _integer("output_tokens", "As far as reported."),
        _dollars("cost", "Real cost, as far as it is known."),
        _dollars("simulated_cost", "What simulated calls would have cost; part of no sum of cost."),
        _integer("unpriced", "Calls whose cost nobody knows."),
    )


_STATUSES = "`ok`, `incomplete`, `cancelled`, `abandoned`, `error`, `refused` or `pending`."
_COST_STATUSES = (
    "How far to trust the cost: `exact`, `estimated`, `provider_reported`, `unpriced`; "
    "`simulated` and `api_equivalent` were not paid and belong in no sum of cost."
)
_NANODOLLARS = "The same in whole billionths of a dollar, whose sums are exact on every database."
_AUDIO = ("input_audio_tokens", "output_audio_tokens", "input_image_tokens", "output_image_tokens")
_PARTS = ("cache_read", "cache_write", "output", "reasoning", "audio", "image", "request", "tool")

GENERATIONS = View(
    "generations",
    "One row for each request to a model, as long as single calls are kept.",
    "generation",
    (
        _integer("id", "In the order of time; the call's own page is `calls?call=ID`."),
        ViewColumn("started_at", "time", "When it was sent.", "((r.id >> 12) + 1577836800000000)"),
        _user(),
        ViewColumn("session_id", "text", "Its conversation.", Lookup("session", "r.session", "session_id")),
        ViewColumn("trace_id", "text", "Its interaction.", Lookup("trace", "r.trace", "trace_id")),
        _word("feature", "The part of a product that made the call."),
        _word("group_name", "The team or customer."),
        ViewColumn(
            "properties", "JSON", "What callers gave along.", Lookup("property_set", "r.property_set", "properties")
        ),
        _word("provider"),
        _word("operation", "`chat`, `embeddings`, …"),
        _word("model", "The model that is counted: the one served, or else what the requested name stands for."),
        _word("request_model", "As asked for."),
        _word("response_model", "As the answer says."),
        _word("status", _STATUSES),
        _word("error_type", "The kind of failure, as docs/errors.md has them."),
        _word("error_code", "The provider's own code."),
        _integer("http_status"),
        _word("finish_reason"),
        _word("service_tier"),
        _word("region", "Where it was served, as far as that is known."),
        ViewColumn("streamed", "flag", "", "(r.streamed <> 0)"),
        _integer("attempts", "The SDK's own retries included."),
        ViewColumn("duration", "seconds", "From sending to the end of the answer.", "r.duration"),
        ViewColumn("time_to_first_token", "seconds", "Of streamed answers.", "r.time_to_first_token"),
        _integer("input_tokens", "All input, cached input included."),
        _integer("output_tokens", "All output, reasoning included."),
        _integer("cache_read_tokens", "Part of the input."),
        _integer("cache_write_tokens", "Part of the input."),
        _integer("reasoning_tokens", "Part of the output."),
        *(_integer(name) for name in _AUDIO),
        _integer("web_searches"),
        ViewColumn(
            "usage_estimated", "flag", "Whether the tokens are an estimate of ours.", "(r.usage_estimated <> 0)"
        ),
        _word("cost_status", _COST_STATUSES),
        _word("cost_reason", "Why there is no cost, or none that is exact."),
        _dollars("cost", "US dollars, as priced at the time of the call; the sum of the parts below."),
        ViewColumn("cost_nanodollars", "integer", _NANODOLLARS, "r.cost"),
        _dollars("input_cost"),
        *(_dollars(f"{part}_cost") for part in _PARTS),
    ),
)

_PLAIN = (
    _word("provider"),
    _word("model", "The model that is counted."),
    _word("operation"),
    _word("status", _STATUSES),
    _word("cost_status", _COST_STATUSES),
)
"""What every total is split by."""
_MEASURES = (
    _integer("generations", "Calls."),
    _integer("unpriced", "Those of them that may have cost something, and nobody knows what."),
    _integer("input_unknown", "Those whose input tokens nobody reported."),
    _integer("output_unknown", "Those whose output tokens nobody reported."),
    _integer("input_tokens", "As far as reported, like all tokens here."),
    _integer("output_tokens"),
    _integer("cache_read_tokens"),
    _integer("cache_write_tokens"),
    _integer("reasoning_tokens"),
    *(_integer(name) for name in _AUDIO),
    _integer("web_searches"),
    _dollars("cost", "US dollars, as far as known."),
    ViewColumn("cost_nanodollars", "integer", _NANODOLLARS, "r.cost"),
    _dollars("input_cost"),
    *(_dollars(f"{part}_cost") for part in _PARTS),
    ViewColumn("duration", "seconds", "Sum of the durations that are known: divide it by `timed`.", "r.duration"),
    _integer("timed", "Calls whose duration is known."),
    ViewColumn(
        "time_to_first_token", "seconds", "Sum of those that are known: divide it by `first_tokens`.",
        "r.time_to_first_token",
    ),
    _integer("first_tokens", "Calls whose time to first token is known."),
)  # fmt: skip
"""What every total has summed up."""

DAILY_USAGE = View(
    "daily_usage",
    "Totals of calls by UTC day, user, team, feature and what else stands before `generations` here. They stay where "
    "single calls are deleted.",
    "rollup_user_day",
    (
        ViewColumn("day", "date", "In UTC.", "r.slot"),
        _user(),
        _word("group_name", "The team or customer."),
        _word("feature"),
        *_PLAIN,
        _word("error_type"),
        *_MEASURES,
    ),
)

DAILY_TOTALS = View(
    "daily_totals",
    "The same totals without users, teams and features: a few rows for each UTC day, and so the quickest over years.",
    "rollup_day",
    (ViewColumn("day", "date", "In UTC.", "r.slot"), *_PLAIN, *_MEASURES),
)

USERS = View(
    "users",
    "Who made a call or was identified. A user id that was merged into another is not in it.",
    "app_user",
    (
        ViewColumn("user_id", "text", "", "r.user_id"),
        ViewColumn("attributes", "JSON", "What `llmtrack.identify` told: plan, team, …", "r.attributes"),
        ViewColumn("first_seen", "time", "", "r.first_seen"),
        ViewColumn("identified_at", "time", "The last time; unknown where never.", "r.identified_at"),
        ViewColumn("erased_at", "time", "Where the person behind it was erased.", "r.erased_at"),
    ),
    "NOT EXISTS (SELECT 1 FROM {schema}.user_alias AS a WHERE a.app_user = r.id)",
)

SESSIONS = View(
    "sessions",
    "Conversations, with what they cost so far.",
    "session",
    (ViewColumn("session_id", "text", "", "r.session_id"), _user(), *_totals()),
)

TRACES = View(
    "traces",
    "Interactions: all calls made to answer one message, with what they cost so far.",
    "trace",
    (
        ViewColumn("trace_id", "text", "", "r.trace_id"),
        ViewColumn("name", "text", "Its root span's.", "r.name"),
        _user(),
        ViewColumn("session_id", "text", "Its conversation.", Lookup("session", "r.session", "session_id")),
        *_totals(),
    ),
)

SPANS = View(
    "spans",
    "Timed steps of interactions.",
    "span",
    (
        _integer("id"),
        _integer("parent_id", "The step it is part of."),
        ViewColumn("trace_id", "text", "", Lookup("trace", "r.trace", "trace_id")),
        ViewColumn("name", "text", "", "r.name"),
        _user(),
        ViewColumn("session_id", "text", "", Lookup("session", "r.session", "session_id")),
        ViewColumn("started_at", "time", "", "r.started_at"),
        ViewColumn("duration", "seconds", "", "r.duration"),
        ViewColumn("failed", "flag", "", "(r.error IS NOT NULL)"),
    ),
)

FEEDBACK = View(
    "feedback",
    "The latest judgement of each user on an interaction.",
    "feedback",
    (
        ViewColumn("trace_id", "text", "", Lookup("trace", "r.trace", "trace_id")),
        _user(),
        _integer("score", "1 for good, -1 for bad."),
        ViewColumn("has_comment", "flag", "The comment itself is on the Feedback page.", "(r.comment IS NOT NULL)"),
        ViewColumn("given_at", "time", "", "r.at"),
    ),
)

VIEWS = (GENERATIONS, DAILY_USAGE, DAILY_TOTALS, USERS, SESSIONS, TRACES, SPANS, FEEDBACK)
"""All of them, in the order they are shown."""


def sources() -> frozenset[str]:
    """The tables that the views are made of."""
    lookups = {column.source.table for view in VIEWS for column in view.columns if isinstance(column.source, Lookup)}
    return frozenset({*(view.table for view in VIEWS), *lookups, "user_alias"})
