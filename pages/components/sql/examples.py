"""Statements that fill the editor: questions in SQL that run as they are, on either database."""

from __future__ import annotations

from collections.abc import Mapping

_PAID = "cost_status NOT IN ('simulated', 'api_equivalent')"

_OF_ONE_USER = """\
-- What one user did, day by day: write another id in the quotes.
SELECT day, model, sum(generations) AS calls,
       sum(input_tokens) AS input_tokens,
       sum(output_tokens) AS output_tokens, sum(cost) AS cost
FROM daily_usage
WHERE user_id = '{user}'
  AND {paid}
GROUP BY day, model
ORDER BY day DESC, model
"""
_COST_BY_MODEL = """\
-- What each model cost, and what a call of it costs on average.
SELECT model, sum(generations) AS calls, sum(cost) AS cost,
       sum(cost) / sum(generations) AS cost_per_call
FROM daily_totals
WHERE {paid}
GROUP BY model
ORDER BY cost DESC
"""
_COST_PER_DAY = """\
-- Cost per day of each feature.
SELECT day, feature, sum(cost) AS cost
FROM daily_usage
WHERE {paid}
GROUP BY day, feature
ORDER BY day, feature
"""
_BY_PLAN = """\
-- Users and cost of each plan, as llmtrack.identify told it.
SELECT u.attributes ->> 'plan' AS plan,
       count(DISTINCT d.user_id) AS users, sum(d.cost) AS cost
FROM daily_usage AS d JOIN users AS u ON u.user_id = d.user_id
WHERE d.{paid}
GROUP BY u.attributes ->> 'plan'
ORDER BY cost DESC
"""
_SLOWEST = """\
-- The hundred slowest calls.
SELECT started_at, user_id, feature, model, status, duration,
       time_to_first_token, input_tokens, output_tokens
FROM generations
WHERE duration IS NOT NULL
ORDER BY duration DESC
LIMIT 100
"""
_BAD_ANSWERS = """\
-- Interactions that users found bad, the latest first.
SELECT f.given_at, f.user_id, t.name, t.generations, t.input_tokens,
       t.output_tokens, t.cost, f.trace_id
FROM feedback AS f JOIN traces AS t ON t.trace_id = f.trace_id
WHERE f.score < 0
ORDER BY f.given_at DESC
LIMIT 200
"""


def examples(user: str) -> Mapping[str, str]:
    """The statements by what they are called; `user` is the one that the first of them asks about."""
    return {
        "Usage of one user": _OF_ONE_USER.format(user=user.replace("'", "''"), paid=_PAID),
        "Cost by model": _COST_BY_MODEL.format(paid=_PAID),
        "Cost per day": _COST_PER_DAY.format(paid=_PAID),
        "Cost by plan": _BY_PLAN.format(paid=_PAID),
        "Slowest calls": _SLOWEST,
        "Bad answers": _BAD_ANSWERS,
    }
