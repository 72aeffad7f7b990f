"""What people thought of answers: by size and time, the answers themselves, and what their users did afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmtrack.lazy import lazy_names

if TYPE_CHECKING:
    from llmtrack.ledger.feedback.answers import JudgedAnswer as JudgedAnswer
    from llmtrack.ledger.feedback.answers import judged_answers as judged_answers
    from llmtrack.ledger.feedback.came_back import KINDS as KINDS
    from llmtrack.ledger.feedback.came_back import Returns as Returns
    from llmtrack.ledger.feedback.came_back import returns as returns
    from llmtrack.ledger.feedback.score_by_size import Scored as Scored
    from llmtrack.ledger.feedback.score_by_size import Summary as Summary
    from llmtrack.ledger.feedback.score_by_size import score_by as score_by
    from llmtrack.ledger.feedback.score_by_size import summary as summary

_HOMES = {
    "JudgedAnswer": "answers",
    "KINDS": "came_back",
    "Returns": "came_back",
    "Scored": "score_by_size",
    "Summary": "score_by_size",
    "judged_answers": "answers",
    "returns": "came_back",
    "score_by": "score_by_size",
    "summary": "score_by_size",
}

__all__ = [*_HOMES]
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
