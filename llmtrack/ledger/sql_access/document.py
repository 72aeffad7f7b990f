"""The page on SQL: what it promises, and the views from the code that makes them (`docs/sql.md`)."""

from __future__ import annotations

from llmtrack.ledger.sql_access.functions import FUNCTIONS
from llmtrack.ledger.sql_access.postgresql_views import three_lines
from llmtrack.ledger.sql_access.running import AT_ONCE, MOST_BYTES, MOST_ROWS
from llmtrack.ledger.sql_access.statement import MOST_CHARACTERS
from llmtrack.ledger.sql_access.views import VIEWS, View

_HEAD = """# Questions in SQL

*Made by `python -m tests.documents` from `llmtrack/ledger/sql_access/`, and checked by a test.*

Admins ask what no page answers on the page **SQL**: one query at a time, over the views below. The result is a
table, a chart and a CSV file of exactly its rows. Each statement is in the audit log, with who ran it, before it is
run.

```sql
SELECT day, model, sum(generations) AS calls, sum(cost) AS cost
FROM daily_usage
WHERE user_id = 'alice' AND cost_status NOT IN ('simulated', 'api_equivalent')
GROUP BY day, model ORDER BY day DESC, model
```

## What a statement can do

- **Read the views, and nothing else.** No other table, no setting, no file. In the views are numbers and names;
  what people wrote (messages, comments, error messages), sign-in, tokens and settings are not.
- **One query.** Whatever writes, changes the connection or comes in twos is refused, with a sentence that says
  what.
- **{seconds} seconds** (`LLMTRACK_SQL_SECONDS`), **{rows:,} rows**, **{megabytes} MB** of result, {characters:,}
  characters. What needs longer is ended; what has more rows is cut, and says so. {at_once} statements run at a
  time.
- Each runs in a process of its own, which has no keys and no settings, gives way to others and is killed at its
  limit: the app goes on meanwhile.

Times are in UTC. Dollars are decimals on PostgreSQL; SQLite has none, so that `cost` is a floating-point number
there, of which 15 digits are shown. `cost_nanodollars` is whole on both, and so are its sums. NULL is unknown,
never 0. JSON is read with `->>`: `properties ->> 'plan'`. A flag is 1 or 0 on SQLite, true or false on PostgreSQL.

## SQLite

Nothing has to be set up. The file is opened for reading only, and SQLite's authorizer lets a statement read the
views alone. It may take 256 MB of memory, and values of up to 1 MB. What joins users or
interactions to their calls with LEFT JOIN looks through all calls for each of them: sum the calls up in a subquery
first, and join that. These functions may be called:

{functions}.

## PostgreSQL

The page is off until `LLMTRACK_SQL_URL` names a connection of a role that may read the views and nothing else.
Three lines make it, run by a superuser in the ledger's database; the last word is the role that the app itself uses
(in `LLMTRACK_DATABASE_URL`):

```sql
{lines}
```

Then set `LLMTRACK_SQL_URL=postgresql://llmtrack_sql:…@host/database` and start the app again. It makes the views in
that schema, lets the role read them, and makes them anew after an upgrade. The connection may lead to a replica.

The app refuses a role that may write any table or read one of its own, that is a superuser, may make roles or
databases, or belongs to another role; it looks each time. Statements run in a read-only transaction with a time
limit of the server's. A statement may call the functions that every role may. `ALTER ROLE llmtrack_sql SET
temp_file_limit = '1GB'`, by a superuser, also bounds what sorting may take on the server's disk.

## Views

"""


def in_markdown() -> str:
    """The whole page."""
    head = _HEAD.format(
        seconds=10, rows=MOST_ROWS, megabytes=MOST_BYTES // 1_000_000, characters=MOST_CHARACTERS, at_once=AT_ONCE,
        functions=_wrapped(", ".join(f"`{name}`" for name in FUNCTIONS)), lines=three_lines("llmtrack"),
    )  # fmt: skip
    return head + "\n".join(map(_described, VIEWS))


def _described(view: View) -> str:
    lines = "".join(f"| `{column.name}` | {column.kind} | {column.doc} |\n" for column in view.columns)
    return f"### `{view.name}`\n\n{view.doc}\n\n| column | type | meaning |\n|---|---|---|\n{lines}"


def _wrapped(text: str, width: int = 118) -> str:
    """The text in lines, broken after commas."""
    lines = [""]
    for part in text.split(" "):
        longer = f"{lines[-1]} {part}".strip()
        if len(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(part)
    return "\n".join(lines)
