"""The judgements of a time as a table in SQL, each with the interaction it is about."""

from __future__ import annotations

from llmtrack.ledger.query.context import QueryContext
from llmtrack.ledger.query.sql_filters import Sql

SECONDS = "(t.ended_at - t.started_at)"
"""Microseconds an interaction took, from its first call or span to the end of the last."""


def judgements(context: QueryContext) -> Sql:
    """A SELECT of the judgements given in the time on interactions with a call that the filters let through.

    Its columns: trace, trace_id, judge, who (the interaction's user), score, comment, at, took (microseconds),
    input_tokens, output_tokens, cost, unpriced.
    """
    builder = context.builder
    among, values = "", ()
    if builder.clauses:
        where = builder.where("g", rows=True)
        judged = f"SELECT j.trace FROM feedback AS j WHERE j.at >= {context.since} AND j.at < {context.until}"
        among = f" AND f.trace IN (SELECT g.trace FROM generation AS g WHERE g.trace IN ({judged}){where.text})"
        values = where.values
    return Sql(
        "SELECT f.trace, t.trace_id, f.app_user AS judge, "
        f"{builder.user_key('t')} AS who, f.score, f.comment, f.at, {SECONDS} AS took, t.input_tokens, "
        "t.output_tokens, t.cost, t.unpriced FROM feedback AS f JOIN trace AS t ON t.id = f.trace "
        f"WHERE f.at >= {context.since} AND f.at < {context.until}{among}",
        values,
    )
