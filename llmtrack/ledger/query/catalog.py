"""The catalog: every metric and every dimension, declared once. `docs/metrics.md` is made from it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from llmtrack.error_types import CALLER_ERRORS, PROVIDER_ERRORS, ErrorType
from llmtrack.ledger.periods import GRAINS
from llmtrack.ledger.query.measures import (
    Combination,
    Condition,
    CountDistinct,
    Dimension,
    Distribution,
    FeedbackCount,
    Measure,
    Metric,
    Percentile,
    PerUser,
    Ratio,
    Sum,
    Unit,
    UsersWith,
)
from llmtrack.ledger.schema.row_measures import MESSAGE
from llmtrack.statuses import ANSWERED, NOT_SPENT, CostStatus, Status
from llmtrack.statuses import PRICED as PRICED_STATUSES


def _is(dimension: str, *names: str) -> Condition:
    return dimension, True, names


def _not(dimension: str, *names: str) -> Condition:
    return dimension, False, names


_SIMULATED = _is("cost_status", CostStatus.SIMULATED)
_EQUIVALENT = _is("cost_status", CostStatus.API_EQUIVALENT)
_REAL = _not("cost_status", *NOT_SPENT)


PRICED = Sum("generations", only=(_is("cost_status", *PRICED_STATUSES),))
"""Generations whose real cost is known."""


def _real(column: str) -> Measure:
    """Real dollars: the demo provider's are never added to them.

    Unknown where calls are unpriced and the rest cost nothing: that failures cost 0 does not make the total 0.
    """
    return Measure(Sum(column, only=(_REAL,)), missing=Sum("unpriced"), present=Sum("cost", only=(_REAL,)))


def _count(*only: Condition) -> Measure:
    return Measure(Sum("generations", only=only))


def _input(column: str) -> Measure:
    return Measure(Sum(column), missing=Sum("input_unknown"), present=Sum("generations", "-input_unknown"))


def _output(column: str) -> Measure:
    return Measure(Sum(column), missing=Sum("output_unknown"), present=Sum("generations", "-output_unknown"))


def _ended(status: Status) -> Measure:
    return _count(_is("status", status))


def _error(*types: str) -> Measure:
    return _count(_is("status", Status.ERROR), _is("error_type", *types))


_ANSWERS = (_is("status", *ANSWERED),)
_DURATIONS = Distribution("duration", only=_ANSWERS)
_ALL_DURATIONS = Distribution("duration")
_FIRST_TOKENS = Distribution("time_to_first_token")
_COSTS = Distribution("cost", only=(_REAL,))


_OTEL = "OpenTelemetry GenAI semantic conventions"
_ANSWERED = " and ".join(f"`{status}`" for status in ANSWERED)

_METRICS: Mapping[str, tuple[Metric, ...]] = {
    "Usage": (
    Metric("generations", "count", _count(),
           f"Requests to a model, answered, failed or stopped: inference spans ({_OTEL})."),
    Metric("messages", "count", _count(*MESSAGE.words),
           "Chat generations the provider answered at least in part: what a person calls a message (decision 7)."),
    Metric("traces", "count", CountDistinct("trace"),
           "Interactions that began in the time: a message and all calls made to answer it."),
    Metric("sessions", "count", CountDistinct("session"),
           f"Conversations that began in the time (`gen_ai.conversation.id`, {_OTEL})."),
    Metric("users", "count", CountDistinct("user"),
           "Different users who sent a generation; those without a name are not counted."),
    Metric("generations_per_user", "number", PerUser("generations"),
           "Mean number of generations of a user who sent any."),
    ),
    "Tokens": (
    Metric("input_tokens", "tokens", _input("input_tokens"),
           f"All input tokens, cached ones included (`gen_ai.usage.input_tokens`, {_OTEL})."),
    Metric("output_tokens", "tokens", _output("output_tokens"),
           f"All output tokens, reasoning included (`gen_ai.usage.output_tokens`, {_OTEL})."),
    Metric("total_tokens", "tokens", Measure(Sum("input_tokens", "output_tokens"), missing=Sum("input_unknown",
           "output_unknown"),
                 present=Sum("generations", "generations", "-input_unknown", "-output_unknown")),
           "Input and output tokens together."),
    Metric("cache_read_tokens", "tokens", _input("cache_read_tokens"),
           f"Input tokens the provider read from its cache (`gen_ai.usage.cache_read.input_tokens`, {_OTEL})."),
    Metric("cache_write_tokens", "tokens", _input("cache_write_tokens"),
           f"Input tokens the provider wrote to its cache (`gen_ai.usage.cache_write.input_tokens`, {_OTEL})."),
    Metric("cache_write_1h_tokens", "tokens", _input("cache_write_1h_tokens"),
           "Those of the cache writes that are kept for an hour, which cost more (Anthropic, prompt caching)."),
    Metric("reasoning_tokens", "tokens", _output("reasoning_tokens"),
           f"Output tokens spent on reasoning; part of the output (`gen_ai.usage.reasoning.output_tokens`, {_OTEL})."),
    Metric("input_audio_tokens", "tokens", _input("input_audio_tokens"), "Input tokens that are audio."),
    Metric("output_audio_tokens", "tokens", _output("output_audio_tokens"), "Output tokens that are audio."),
    Metric("input_image_tokens", "tokens", _input("input_image_tokens"), "Input tokens that are images."),
    Metric("output_image_tokens", "tokens", _output("output_image_tokens"), "Output tokens that are images."),
    Metric("web_searches", "count", Measure(Sum("web_searches")), "Web searches the provider ran and charges for."),
    Metric("input_known", "count", Measure(Sum("generations", "-input_unknown")),
           "Generations whose input tokens are known."),
    Metric("output_known", "count", Measure(Sum("generations", "-output_unknown")),
           "Generations whose output tokens are known."),
    Metric("tokens_per_request", "tokens", Ratio("total_tokens", "input_known"),
           "Average tokens of a generation, where known."),
    Metric("input_tokens_per_request", "tokens", Ratio("input_tokens", "input_known"),
           "Average input tokens, where known."),
    Metric("output_tokens_per_request", "tokens", Ratio("output_tokens", "output_known"),
           "Average output tokens, where known."),
    Metric("cache_hit_share", "ratio", Ratio("cache_read_tokens", "input_tokens"),
           "Share of the input tokens that came from the provider's cache (its cache hit rate by tokens)."),
    ),
    "Money": (
    Metric("cost", "usd", _real("cost"),
           "What the calls cost, as priced when they were made; `unpriced` ones are missing from it."),
    Metric("input_cost", "usd", _real("input_cost"), "The part of cost for input that was not cached."),
    Metric("cache_read_cost", "usd", _real("cache_read_cost"), "The part of cost for input read from a cache."),
    Metric("cache_write_cost", "usd", _real("cache_write_cost"), "The part of cost for input written to a cache."),
    Metric("output_cost", "usd", _real("output_cost"), "The part of cost for output."),
    Metric("reasoning_cost", "usd", _real("reasoning_cost"),
           "The part of cost for reasoning, where it is charged apart."),
    Metric("audio_cost", "usd", _real("audio_cost"), "The part of cost for audio."),
    Metric("image_cost", "usd", _real("image_cost"), "The part of cost for images."),
    Metric("request_cost", "usd", _real("request_cost"), "The part of cost charged per request."),
    Metric("tool_cost", "usd", _real("tool_cost"),
           "The part of cost for the provider's own tools, such as web search."),
    Metric("unpriced", "count", Measure(Sum("unpriced")),
           "Generations that may have cost something nobody knows; failures that cost nothing are not among them."),
    Metric("usage_missing", "count", Measure(Sum("usage_missing")),
           "Those of the unpriced ones whose usage nobody reported: a price would not help them."),
    Metric("estimated", "count", _count(_is("cost_status", CostStatus.ESTIMATED)),
           "Generations whose cost rests on an estimate."),
    Metric("priced", "count", Measure(PRICED), "Generations whose real cost is known."),
    Metric("simulated", "count", _count(_SIMULATED), "Generations of the demo provider."),
    Metric("simulated_cost", "usd", Measure(Sum("cost", only=(_SIMULATED,))),
           "What the demo provider's calls would have cost at its stated price; never part of `cost` (decision 8)."),
    Metric("api_equivalent", "count", _count(_EQUIVALENT),
           "Generations that are not billed per call, because a subscription paid for them."),
    Metric("api_equivalent_cost", "usd", Measure(Sum("cost", only=(_EQUIVALENT,))),
           "What the API would have charged for those; never part of `cost`."),
    Metric("cost_per_generation", "usd", Ratio("cost", "priced"), "Average cost of a generation whose cost is known."),
    Metric("cost_per_user", "usd", PerUser("cost"), "Mean over users of what each one cost."),
    Metric("cost_per_user_p95", "usd", PerUser("cost", 0.95),
           "What 95 % of the users stay at or below in the time (nearest rank over each user's own total); below 20 "
           "users that is the highest."),
    Metric("users_with_cost", "count", UsersWith("cost"),
           "Users whose cost is known: those that `cost_per_user` and its percentile are taken over."),
    Metric("cost_per_trace", "usd", Ratio("cost", "traces"), "Average cost of an interaction."),
    Metric("cost_p50", "usd", Percentile(_COSTS, 0.50), "Half of the generations cost at most this (within 1 %)."),
    Metric("cost_p95", "usd", Percentile(_COSTS, 0.95), "95 % of the generations cost at most this (within 1 %)."),
    Metric("cost_p99", "usd", Percentile(_COSTS, 0.99), "99 % of the generations cost at most this (within 1 %)."),
    ),
    "Speed": (
    Metric("total_duration", "seconds", Measure(Sum("duration"), missing=Sum("generations",
           "-timed"), present=Sum("timed")),
           "Seconds spent waiting for models, added up, whatever the status."),
    Metric("timed", "count", Measure(Sum("timed")), "Generations whose duration is known, whatever their status."),
    Metric("answer_duration", "seconds", Measure(Sum("duration", only=_ANSWERS), missing=Sum("generations", "-timed",
           only=_ANSWERS), present=Sum("timed", only=_ANSWERS)),
           f"Seconds spent waiting for answers ({_ANSWERED}), added up."),
    Metric("timed_answers", "count", Measure(Sum("timed", only=_ANSWERS)),
           f"Answers ({_ANSWERED}) whose duration is known."),
    Metric("duration", "seconds", Ratio("answer_duration", "timed_answers"),
           f"Average time of an answer, from sending to the last byte. Counts {_ANSWERED}: refusals, failures and "
           "stops say nothing about how long an answer takes."),
    *(Metric(f"duration_p{n}", "seconds", Percentile(_DURATIONS, n / 100),
             f"{n} % of the answers took at most this (within 1 %). Counts {_ANSWERED}.")
      for n in (50, 90, 95, 99)),
    Metric("generation_duration", "seconds", Ratio("total_duration", "timed"),
           f"Average time of a generation of any status, failures and stops too (`gen_ai.client.inference.duration`, "
           f"{_OTEL})."),
    *(Metric(f"generation_duration_p{n}", "seconds", Percentile(_ALL_DURATIONS, n / 100),
             f"{n} % of the generations of any status, failures and stops too, took at most this (within 1 %).")
      for n in (50, 90, 95, 99)),
    Metric("total_time_to_first_token", "seconds", Measure(Sum("time_to_first_token"), missing=Sum("generations",
           "-first_tokens"), present=Sum("first_tokens")),
           "Seconds spent waiting for first tokens, added up, whatever the status."),
    Metric("first_tokens", "count", Measure(Sum("first_tokens")),
           "Generations whose time to first token is known, whatever their status."),
    Metric("time_to_first_token", "seconds", Ratio("total_time_to_first_token", "first_tokens"),
           f"Average time from sending to the first output of any kind (`gen_ai.client.inference.time_to_first_chunk`, "
           f"{_OTEL}). Counts every "
           "status: an answer stopped later began as any other."),
    *(Metric(f"time_to_first_token_p{n}", "seconds", Percentile(_FIRST_TOKENS, n / 100),
             f"{n} % of the generations that streamed began within this (within 1 %). Counts every status.")
      for n in (50, 90, 95, 99)),
    Metric("speed_tokens", "tokens", Measure(Sum("speed_tokens")),
           f"Output tokens of answers ({_ANSWERED}) whose writing time is known."),
    Metric("speed_time", "seconds", Measure(Sum("speed_time")),
           "Their time of writing: duration less time to first token."),
    Metric("tokens_per_second", "tokens_per_second", Ratio("speed_tokens", "speed_time"),
           f"Output tokens by seconds of writing. Counts {_ANSWERED}."),
    ),
    "Errors": (
    Metric("errors", "count", _ended(Status.ERROR),
           f"Generations that failed (`error.type` is set, {_OTEL})."),
    Metric("timeouts", "count", _error(ErrorType.TIMEOUT), "Errors because no answer came in time."),
    Metric("rate_limits", "count", _error(ErrorType.RATE_LIMIT), "Errors because the provider limits the rate."),
    Metric("user_errors", "count", _error(*CALLER_ERRORS),
           "Errors on the caller's side: key, permission, a request that cannot be served."),
    Metric("provider_errors", "count", _error(*PROVIDER_ERRORS),
           "Errors on the provider's side or on the way to it; timeouts are among them."),
    Metric("other_errors", "count",
           _count(_is("status", Status.ERROR),
                  _not("error_type", *CALLER_ERRORS, *PROVIDER_ERRORS, ErrorType.RATE_LIMIT)),
           "Errors of no known side. With rate limits, the caller's and the provider's they are all errors."),
    Metric("error_rate", "ratio", Ratio("errors", "generations"), "Share of the generations that failed."),
    Metric("timeout_rate", "ratio", Ratio("timeouts", "generations"), "Share of the generations that timed out."),
    Metric("rate_limit_rate", "ratio", Ratio("rate_limits", "generations"),
           "Share of the generations refused for their rate."),
    Metric("user_error_rate", "ratio", Ratio("user_errors", "generations"), "Share that failed on the caller's side."),
    Metric("provider_error_rate", "ratio", Ratio("provider_errors", "generations"),
           "Share that failed on the provider's side."),
    Metric("cancelled", "count", _ended(Status.CANCELLED),
           "Generations the user stopped, or whose task was cancelled."),
    Metric("abandoned", "count", _ended(Status.ABANDONED), "Streams nobody read to the end."),
    Metric("incomplete", "count", _ended(Status.INCOMPLETE),
           "Answers the provider cut, for length or by a filter."),
    Metric("refused", "count", _ended(Status.REFUSED), "Requests a limit stopped before they were sent."),
    Metric("pending", "count", _ended(Status.PENDING), "Background responses whose end has not been seen."),
    Metric("cancelled_share", "ratio", Ratio("cancelled", "generations"),
           "Share of the generations that were stopped."),
    ),
    "Feedback": (
    Metric("feedback", "count", FeedbackCount("all"), "Judgements given in the time."),
    Metric("good_feedback", "count", FeedbackCount("good"), "Those of them that say it was good."),
    Metric("feedback_score", "ratio", Ratio("good_feedback", "feedback"),
           "Share of the judgements that say it was good."),
    ),
}  # fmt: skip

METRICS: Mapping[str, Metric] = {metric.name: metric for metrics in _METRICS.values() for metric in metrics}
"""Every metric by name. Adding one is one declaration above."""
METRIC_GROUPS: Mapping[str, tuple[str, ...]] = {
    group: tuple(metric.name for metric in metrics) for group, metrics in _METRICS.items()
}
"""What metrics are about: money, speed, … with the names of those that are."""

_DIMENSIONS = (
    Dimension("user", "app_user", None, "Who is calling."),
    Dimension("group", "group_name", "group", "The team or customer the caller belongs to."),
    Dimension("provider", "provider", "provider", f"`gen_ai.provider.name` ({_OTEL})."),
    Dimension("model", "model", "model", "The model served, or what last served the name asked for, or the name."),
    Dimension("operation", "operation", "operation", f"`chat`, `embeddings`, … (`gen_ai.operation.name`, {_OTEL})."),
    Dimension("feature", "feature", "feature", "The part of a product that made the call."),
    Dimension("status", "status", "status", " or ".join(f"`{status}`" for status in Status) + "."),
    Dimension("error_type", "error_type", "error_type", "What kind of error; none where there was none."),
    Dimension("cost_status", "cost_status", "cost_status", "How far to trust the cost."),
    Dimension("request_model", "request_model", "model", f"The model asked for (`gen_ai.request.model`, {_OTEL})."),
    Dimension("response_model", "response_model", "model", f"The model served (`gen_ai.response.model`, {_OTEL})."),
    Dimension("service_tier", "service_tier", "service_tier", "The service tier served, as the provider says."),
    Dimension("region", "region", "region", "Where it was served, as address, model name and answer say."),
    Dimension("finish_reason", "finish_reason", "finish_reason", "Why the model stopped."),
    Dimension("error_code", "error_code", "error_code", "The provider's own code for the error."),
    Dimension("http_status", "http_status", None, "The status of the HTTP answer."),
    Dimension("streamed", "streamed", None, "1 where the answer came as a stream."),
    Dimension("attempts", "attempts", None, "How many attempts it took."),
    Dimension("session", "session", None, "The conversation."),
    Dimension("trace", "trace", None, "The interaction."),
    Dimension("hour_of_day", "id", None, "The hour the clock shows, 0 to 23, in the time zone asked for."),
    Dimension("weekday", "id", None, "The day of the week, 1 (Monday) to 7 (ISO 8601), in the time zone asked for."),
)

DIMENSIONS: Mapping[str, Dimension] = {dimension.name: dimension for dimension in _DIMENSIONS}
"""Every dimension by name, but for the lengths of time, ``property.<key>`` and ``user.<key>`` (a user's attributes)."""
DIMENSION_OF_COLUMN: Mapping[str, str] = {
    dimension.column: dimension.name for dimension in _DIMENSIONS if dimension.column != "id"
}
"""The name that a column is asked by; the clock's are read from the id and have no column of their own."""
PROPERTY = "property."
ATTRIBUTE = "user."
MOST_OPERATORS = 4
"""In one formula."""


def dimension(name: str) -> Dimension:
    """The dimension of that name. Raises ValueError, naming it, when there is none."""
    if name in DIMENSIONS:
        return DIMENSIONS[name]
    for prefix, owner in ((PROPERTY, "property"), (ATTRIBUTE, "user's attribute")):
        if name.startswith(prefix) and len(name) > len(prefix):
            return Dimension(name, "", None, f"The {owner} {name.removeprefix(prefix)!r}.")
    names = (*GRAINS, *DIMENSIONS)
    raise ValueError(
        f"There is no dimension {name!r}; "
        + (_suggestion(name, names) or f"there are {', '.join(names)}, property.<key> and user.<key>.")
    )


def metric(name: str) -> Metric:
    """The metric of that name, or of a formula of two: ``a / b``, ``a + b``, ``a - b``, ``a * b``.

    A formula may hold further ones, as in arithmetic. Raises ValueError, naming it, when there is none.
    """
    if name in METRICS:
        return METRICS[name]
    parts = _parts(name)
    if parts:
        return _formula(name, *parts)
    raise ValueError(
        f"There is no metric {name!r}; "
        + (_suggestion(name, METRICS) or f"there are {', '.join(METRICS)}, and formulas of two, such as cost / users.")
    )


def _parts(name: str) -> tuple[str, str, str] | None:
    """What stands before the last operator of a formula, the operator, and what stands behind it."""
    if sum(map(name.count, "+-*/")) > MOST_OPERATORS:
        raise ValueError(f"{name!r} is longer than a formula may be; {MOST_OPERATORS} operators are allowed.")
    parsed = re.fullmatch(r"(.+)\s([+-])\s(.+)", name) or re.fullmatch(r"(.+)([*/])(.+)", name)
    return (parsed[1].strip(), parsed[2], parsed[3].strip()) if parsed else None


def _formula(name: str, left: str, operator: str, right: str) -> Metric:
    one, other = metric(left), metric(right)
    if operator == "/":
        return Metric(name, _unit(one, other), Ratio(left, right), f"{left} divided by {right}.")
    if operator == "*":
        return Metric(
            name, _product_unit(one.unit, other.unit), Combination(left, "*", right, additive=False),
            f"{left} times {right}.",
        )  # fmt: skip
    if one.unit != other.unit:
        raise ValueError(
            f"{left!r} is in {one.unit} and {right!r} in {other.unit}: only what has the same unit can be added or "
            "subtracted; divide or multiply them."
        )
    formula = Combination(left, "+" if operator == "+" else "-", right, additive=one.additive and other.additive)
    return Metric(name, one.unit, formula, f"{left} {'plus' if operator == '+' else 'less'} {right}.")


def _suggestion(name: str, names: Iterable[str]) -> str | None:
    """A suggestion where a name is nearly right: in the whole list it would be hard to see."""
    near = get_close_matches(name, list(names), n=3, cutoff=0.75)
    return f"did you mean {' or '.join(near)}?" if near else None


def _unit(over: Metric, under: Metric) -> Unit:
    if over.unit == "usd" != under.unit:
        return "usd"  # dollars for each of them
    if isinstance(under.formula, CountDistinct | UsersWith) and over.unit == "count":
        return "number"  # calls per user are no share of the users
    if over.unit == under.unit:
        return "ratio"
    if (over.unit, under.unit) == ("tokens", "seconds"):
        return "tokens_per_second"
    return over.unit if under.unit == "count" else "number"


def _product_unit(one: Unit, other: Unit) -> Unit:
    plain = ("count", "ratio", "number")
    if "usd" in (one, other):
        return "usd" if (one, other) != ("usd", "usd") else "number"
    if other in plain and one not in plain:
        return one
    if one in plain and other not in plain:
        return other
    return "number"
