"""The page of routes and examples at `/api/docs`: made from the OpenAPI document, without scripts or foreign hosts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

EXAMPLES: Mapping[tuple[str, str], str] = {
    ("get", "/api/me/usage"): 'curl -H "Authorization: Bearer $LLMTRACK_TOKEN" $SERVER/api/me/usage',
    ("get", "/api/usage"): 'curl -H "Authorization: Bearer $LLMTRACK_TOKEN" "$SERVER/api/usage?user_id=alice"',
    ("get", "/api/limits"): 'curl -H "Authorization: Bearer $LLMTRACK_TOKEN" $SERVER/api/limits',
    ("put", "/api/limits"): 'curl -X PUT -H "Authorization: Bearer $LLMTRACK_TOKEN" '
    '-H "Content-Type: application/json" $SERVER/api/limits \\\n  -d '
    """'{"scope": "user", "target": "*", "unit": "cost", "period": "month", "amount": "20"}'""",
    ("get", "/api/statements"): 'curl -H "Authorization: Bearer $LLMTRACK_TOKEN" $SERVER/api/statements',
    ("get", "/api/statements/{number}"): 'curl -H "Authorization: Bearer $LLMTRACK_TOKEN" '
    "$SERVER/api/statements/S-5F2A19C3E0401A7",
    ("get", "/api/statements/{number}/{kind}"): 'curl -H "Authorization: Bearer $LLMTRACK_TOKEN" -O -J '
    "$SERVER/api/statements/S-5F2A19C3E0401A7/pdf",
    ("get", "/api/metrics"): 'curl -G -H "Authorization: Bearer $LLMTRACK_TOKEN" $SERVER/api/metrics \\\n'
    "  -d metric=cost -d metric=generations -d by=day -d by=model -d since=2026-11-01 -d where=feature=chat",
    ("get", "/api/generations"): 'curl -H "Authorization: Bearer $LLMTRACK_TOKEN" '
    '"$SERVER/api/generations?where=status=error&limit=10"',
    ("get", "/api/traces"): 'curl -H "Authorization: Bearer $LLMTRACK_TOKEN" "$SERVER/api/traces?order=-cost"',
    ("get", "/api/sessions"): 'curl -H "Authorization: Bearer $LLMTRACK_TOKEN" $SERVER/api/sessions',
    ("get", "/api/users"): 'curl -H "Authorization: Bearer $LLMTRACK_TOKEN" "$SERVER/api/users?since=2026-11-01"',
    ("get", "/api/export"): 'curl -H "Authorization: Bearer $LLMTRACK_TOKEN" -o october.parquet \\\n'
    '  "$SERVER/api/export?format=parquet&since=2026-10-01&until=2026-11-01"',
    ("get", "/metrics"): 'curl -H "Authorization: Bearer $LLMTRACK_TOKEN" $SERVER/metrics',
    ("get", "/readyz"): "curl $SERVER/readyz",
    ("get", "/api/prices"): 'curl -H "Authorization: Bearer $LLMTRACK_TOKEN" '
    '"$SERVER/api/prices?provider=openai&model=gpt-4o-mini"',
    ("post", "/api/generations"): 'curl -H "Authorization: Bearer $LLMTRACK_TOKEN" -H "Content-Type: application/json" '
    "$SERVER/api/generations \\\n  -d '"
    '{"id": "chatcmpl-1", "provider": "openai", "model": "gpt-4o-mini", "user_id": "alice",\n'
    '      "usage": {"input_tokens": 1200, "output_tokens": 80}, "duration": 1.4}'
    "'",
    ("post", "/api/spans"): 'curl -H "Authorization: Bearer $LLMTRACK_TOKEN" -H "Content-Type: application/json" '
    "$SERVER/api/spans \\\n  -d '"
    '{"id": "1", "trace_id": "t-1", "name": "answer", "started_at": "2026-11-29T12:00:00Z", "duration": 2.5}'
    "'",
    ("post", "/api/feedback"): 'curl -H "Authorization: Bearer $LLMTRACK_TOKEN" -H "Content-Type: application/json" '
    """$SERVER/api/feedback -d '{"trace_id": "t-1", "score": 1}'""",
    ("post", "/api/identify"): 'curl -H "Authorization: Bearer $LLMTRACK_TOKEN" -H "Content-Type: application/json" '
    """$SERVER/api/identify -d '{"user_id": "alice", "attributes": {"plan": "pro"}}'""",
}
"""A call of each route, as it is typed."""
_STYLE = """:root{color-scheme:light dark}
body{font:1rem/1.6 system-ui,sans-serif;max-width:60rem;margin:3rem auto;padding:0 1.5rem}
h2{margin-top:3rem;overflow-wrap:anywhere}code,pre{font:.875rem/1.5 ui-monospace,monospace}
pre{padding:.8rem 1rem;overflow-x:auto;border:1px solid #8884;border-radius:.5rem}
table{border-collapse:collapse;width:100%;display:block;overflow-x:auto}
td,th{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #8884}
.method{text-transform:uppercase;opacity:.7;margin-right:.5rem}"""


def page(document: Mapping[str, Any]) -> str:
    """The page, as HTML."""
    schemas = document["components"]["schemas"]
    parts = [
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(document["info"]["title"])} API'
        '</title><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><h1>{escape(document['info']['title'])} API</h1>",
        *(f"<p>{_marked(text)}</p>" for text in document["info"]["description"].split("\n\n")),
        '<p>The whole of it for programs: <a href="openapi.json">openapi.json</a> (OpenAPI 3.1).</p>',
        "<pre>export SERVER=http://localhost:8501 LLMTRACK_TOKEN=llmt_…</pre>",
    ]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            parts += _operation(method, path, operation, schemas)
    return "".join([*parts, "</body></html>"])


def _operation(method: str, path: str, operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[str]:
    anchor = escape(operation["operationId"])
    yield f'<h2 id="{anchor}"><span class="method">{method}</span><code>{escape(path)}</code></h2>'
    yield f"<p>{_marked(operation.get('description', operation.get('summary', '')))}</p>"
    if example := EXAMPLES.get((method, path)):
        yield f"<pre>{escape(example)}</pre>"
    if parameters := operation.get("parameters"):
        rows = [(p["name"], p["schema"], p.get("required", False)) for p in parameters]
        yield f"<h3>Parameters</h3>{_table(rows)}"
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if body is not None:
        yield f"<h3>Body</h3>{_fields(body, schemas)}"
    for status, response in operation["responses"].items():
        schema = response.get("content", {}).get("application/json", {}).get("schema")
        if status.startswith("2") and schema:
            yield f"<h3>Answer {status}</h3>{_fields(schema, schemas)}"


def _fields(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    """The members of an object as a table."""
    resolved = _resolved(schema, schemas)
    required = resolved.get("required", [])
    return _table([(name, member, name in required) for name, member in resolved.get("properties", {}).items()])


def _resolved(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    return schema


def _table(rows: list[tuple[str, Mapping[str, Any], bool]]) -> str:
    cells = (
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(_type(schema))}{'' if required else ', optional'}</td>"
        f"<td>{_marked(schema.get('description', ''))}</td></tr>"
        for name, schema, required in rows
    )
    head = "<tr><th>Name</th><th>Type</th><th>Meaning</th></tr>"
    return f"<table><thead>{head}</thead><tbody>{''.join(cells)}</tbody></table>"


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(part) for part in schema["anyOf"]))
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    return " ".join(filter(None, (str(schema.get("type", "any")), schema.get("format"))))


def _marked(text: str) -> str:
    """Escaped, with what stands between backticks as code."""
    pieces = text.split("`")
    return "".join(f"<code>{escape(p)}</code>" if at % 2 else escape(p) for at, p in enumerate(pieces))
