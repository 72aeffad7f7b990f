"""Statements: what a closed billing cycle cost a person, kept as issued and checked against the ledger later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmtrack.lazy import lazy_names

if TYPE_CHECKING:
    from llmtrack.billing.statements.content import Statement as Statement
    from llmtrack.billing.statements.content import decode as decode
    from llmtrack.billing.statements.files import parse_number as parse_number
    from llmtrack.billing.statements.files import printed_number as printed_number
    from llmtrack.billing.statements.issuing import adjustments as adjustments
    from llmtrack.billing.statements.issuing import exchange_rate as exchange_rate
    from llmtrack.billing.statements.issuing import issue as issue
    from llmtrack.billing.statements.issuing import own_cycles as own_cycles
    from llmtrack.billing.statements.verification import Verification as Verification
    from llmtrack.billing.statements.verification import verify as verify

_HOMES = {
    "Statement": "content",
    "Verification": "verification",
    "adjustments": "issuing",
    "decode": "content",
    "exchange_rate": "issuing",
    "issue": "issuing",
    "own_cycles": "issuing",
    "parse_number": "files",
    "printed_number": "files",
    "verify": "verification",
}

__all__ = [*_HOMES]
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
