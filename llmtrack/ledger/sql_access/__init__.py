"""SQL over the ledger, for admins: single queries of documented views, with limits of time, memory and size.

`open_sql(ledger).start(statement)` starts one in a process of its own (`running`), which reads a SQLite file
(`sqlite_reader`) or a PostgreSQL server by a role of its own (`postgresql_reader`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmtrack.lazy import lazy_names

if TYPE_CHECKING:
    from llmtrack.ledger.sql_access.access import SqlAccess as SqlAccess
    from llmtrack.ledger.sql_access.access import open_sql as open_sql
    from llmtrack.ledger.sql_access.document import in_markdown as in_markdown
    from llmtrack.ledger.sql_access.errors import SqlError as SqlError
    from llmtrack.ledger.sql_access.errors import SqlOff as SqlOff
    from llmtrack.ledger.sql_access.result import Cell as Cell
    from llmtrack.ledger.sql_access.result import SqlResult as SqlResult
    from llmtrack.ledger.sql_access.running import MOST_BYTES as MOST_BYTES
    from llmtrack.ledger.sql_access.running import MOST_ROWS as MOST_ROWS
    from llmtrack.ledger.sql_access.running import RunningStatement as RunningStatement
    from llmtrack.ledger.sql_access.statement import line_and_column as line_and_column
    from llmtrack.ledger.sql_access.views import VIEWS as VIEWS
    from llmtrack.ledger.sql_access.views import View as View

_HOMES = {
    "Cell": "result",
    "MOST_BYTES": "running",
    "MOST_ROWS": "running",
    "RunningStatement": "running",
    "SqlAccess": "access",
    "SqlError": "errors",
    "SqlOff": "errors",
    "SqlResult": "result",
    "VIEWS": "views",
    "View": "views",
    "in_markdown": "document",
    "line_and_column": "statement",
    "open_sql": "access",
}

__all__ = [*_HOMES]
__getattr__, __dir__ = lazy_names(__name__, _HOMES)
