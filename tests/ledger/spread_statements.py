"""Which statements a database refuses that spreads `generation`, its texts and spans over servers by their id (Citus).

Every statement that the tests of the ledger send is looked at, so that none of these forms comes back unnoticed.
"""

from __future__ import annotations

import re
from functools import lru_cache

SPREAD = ("generation", "generation_text", "generation_search", "span")
_ANY = rf"(?:{'|'.join(SPREAD)})\b"
_READS = re.compile(rf"\b(?:FROM|JOIN|USING) {_ANY}")
_OWN_SPAN = re.compile(r"\bspan\([^()]*\) AS (?:MATERIALIZED )?\(")
_NEW_KEY = re.compile(rf"\bUPDATE {_ANY}(?: AS)?(?: \w+)? SET (?:[^()]*, )?id =")
_CORRELATED = re.compile(rf"\bEXISTS \(SELECT [^()]*\bFROM {_ANY}")
_CHANGES = re.compile(r"(?:^|\) )(?:DELETE FROM|UPDATE) (\w+)\b(.*)$")
_NAMED_UNION = re.compile(r"\w\((?:\w+, )*\w+\) AS (?:MATERIALIZED )?\(SELECT (?:[^()]|\([^()]*\))* UNION ALL SELECT ")


@lru_cache(10_000)
def refused(statement: str) -> str | None:
    """Why such a database refuses a statement; None where nothing is known against it."""
    sql = " ".join(statement.split())
    if _OWN_SPAN.search(sql):  # a list of times that the statement brings along, and not the table
        sql = re.sub(r"\bspan\b", "times", sql)
    if _NEW_KEY.search(sql):
        return "it changes the id, which says where a row lies"
    change = _CHANGES.search(sql)
    if change is not None and change[1] not in SPREAD and _READS.search(change[2]):
        return f"it changes {change[1]} by rows that lie elsewhere; read them in a WITH … AS MATERIALIZED first"
    if _CORRELATED.search(sql):
        return "it looks rows up that lie elsewhere for each row; ask whether the value is IN (SELECT …)"
    if _NAMED_UNION.search(sql):
        return "it names the columns of a union behind the name of a WITH; name them in its first SELECT"
    return None
