"""Limits as the ledger keeps them: the rules, which calls they are about, and the holds of calls under way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmtrack.lazy import lazy_names

if TYPE_CHECKING:
    from llmtrack.ledger.limits.earlier import output_counts as output_counts
    from llmtrack.ledger.limits.holds import Entry as Entry
    from llmtrack.ledger.limits.holds import Holder as Holder
    from llmtrack.ledger.limits.holds import Holds as Holds
    from llmtrack.ledger.limits.holds import HoldsLost as HoldsLost
    from llmtrack.ledger.limits.holds import OpenCall as OpenCall
    from llmtrack.ledger.limits.holds import Shortage as Shortage
    from llmtrack.ledger.limits.holds import Verdict as Verdict
    from llmtrack.ledger.limits.holds import Wish as Wish
    from llmtrack.ledger.limits.peek import peek_version as peek_version
    from llmtrack.ledger.limits.policy import EACH as EACH
    from llmtrack.ledger.limits.policy import MODES as MODES
    from llmtrack.ledger.limits.policy import PERIODS as PERIODS
    from llmtrack.ledger.limits.policy import SCOPES as SCOPES
    from llmtrack.ledger.limits.policy import UNITS as UNITS
    from llmtrack.ledger.limits.policy import Adjustment as Adjustment
    from llmtrack.ledger.limits.policy import Applied as Applied
    from llmtrack.ledger.limits.policy import Caller as Caller
    from llmtrack.ledger.limits.policy import Limit as Limit
    from llmtrack.ledger.limits.policy import Policy as Policy
    from llmtrack.ledger.limits.policy import is_model as is_model
    from llmtrack.ledger.limits.policy import matches as matches
    from llmtrack.ledger.limits.policy import period_of as period_of
    from llmtrack.ledger.limits.reading import as_json as as_json
    from llmtrack.ledger.limits.reading import from_json as from_json
    from llmtrack.ledger.limits.reading import read_policy as read_policy
    from llmtrack.ledger.limits.reading import version_of as version_of
    from llmtrack.ledger.limits.store import holds_of as holds_of

# fmt: off
_MODULES = {
    "earlier": ("output_counts",),
    "holds": (
        "Entry",
        "Holder",
        "Holds",
        "HoldsLost",
        "OpenCall",
        "Shortage",
        "Verdict",
        "Wish",
    ),
    "peek": ("peek_version",),
    "policy": (
        "EACH",
        "MODES",
        "PERIODS",
        "SCOPES",
        "UNITS",
        "Adjustment",
        "Applied",
        "Caller",
        "Limit",
        "Policy",
        "is_model",
        "matches",
        "period_of",
    ),
    "reading": (
        "as_json",
        "from_json",
        "read_policy",
        "version_of",
    ),
    "store": ("holds_of",),
}
# fmt: on
_HOMES = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [*_HOMES]
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
