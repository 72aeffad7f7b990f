"""What is kept, and what can be asked.

`open_ledger` is the way in; it loads the database libraries, so that importing this package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmtrack.ledger.errors import LedgerError

if TYPE_CHECKING:
    from llmtrack.ledger.ledger import Ledger
    from llmtrack.ledger.open import open_ledger

__all__ = ["Ledger", "LedgerError", "open_ledger"]


def __getattr__(name: str) -> Any:
    if name == "open_ledger":
        from llmtrack.ledger.open import open_ledger

        return open_ledger
    if name == "Ledger":
        from llmtrack.ledger.ledger import Ledger

        return Ledger
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
