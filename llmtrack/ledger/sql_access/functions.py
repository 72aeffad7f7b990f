"""The functions of SQLite that a statement may call: those that work out a value from their arguments alone."""

from __future__ import annotations

FUNCTIONS = (
    *("avg", "count", "group_concat", "json_group_array", "json_group_object", "max", "min", "string_agg", "sum"),
    *("total", "cume_dist", "dense_rank", "first_value", "lag", "last_value", "lead", "nth_value", "ntile"),
    *("percent_rank", "rank", "row_number"),
    *("current_date", "current_time", "current_timestamp", "date", "datetime", "julianday", "strftime", "time"),
    *("timediff", "unixepoch"),
    *("->", "->>", "json", "json_array", "json_array_length", "json_each", "json_extract", "json_object"),
    *("json_quote", "json_tree", "json_type", "json_valid"),
    *("char", "concat", "concat_ws", "format", "glob", "hex", "instr", "length", "like", "lower", "ltrim"),
    *("octet_length", "printf", "quote", "replace", "rtrim", "substr", "substring", "trim", "unicode", "upper"),
    *("abs", "ceil", "ceiling", "exp", "floor", "ln", "log", "log10", "log2", "mod", "pi", "pow", "power", "random"),
    *("round", "sign", "sqrt", "trunc"),
    *("coalesce", "if", "ifnull", "iif", "nullif", "typeof"),
)
"""By what they are for: over many rows, times, JSON, texts, numbers, and the rest."""
