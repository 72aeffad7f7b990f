"""The row of a call whose process died before it could end: made up from what others know, and marked as estimated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from llmtrack.ids import new_id
from llmtrack.ledger.records import Generation
from llmtrack.pricing import Pricer, Usage
from llmtrack.pricing.tokens import estimate_input, estimate_output
from llmtrack.statuses import Status

if TYPE_CHECKING:
    from llmtrack.ledger import Ledger

Message = dict[str, Any]


def record_lost(
    ledger: Ledger,
    *,
    provider: str,
    model: str,
    started_at: int,
    input: Sequence[Message],
    output: Sequence[Message],
    simulated: bool = False,
    content: bool = True,
    user_id: str | None = None,
    session_id: str | None = None,
    trace_id: str | None = None,
    feature: str | None = None,
) -> Generation:
    """Writes an ``abandoned`` generation with tokens estimated from what was sent and what had arrived, and returns it.

    `started_at` is in microseconds since 1970; messages are as OpenTelemetry GenAI has them, and kept if `content`.
    """
    generation = Generation(
        id=new_id(started_at),
        started_at=started_at,
        provider=provider,
        operation="chat",
        status=Status.ABANDONED.value,
        request_model=model,
        user_id=user_id,
        session_id=session_id,
        trace_id=trace_id,
        feature=feature,
        streamed=True,
        usage=Usage(input_tokens=estimate_input(input, (), model), output_tokens=estimate_output(output, model)),
        usage_estimated=True,
        simulated=simulated,
        input=list(input) if content else None,
        output=list(output) if content else None,
    )
    _, entries = ledger.book()
    generation.cost = Pricer(entries).price(generation)
    ledger.write([generation])
    return generation
