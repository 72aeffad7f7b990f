"""`docs/settings.md`: every setting with its default, its values and what it means, from `llmtrack.settings`."""

from __future__ import annotations

import ast
import inspect
from itertools import pairwise
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from llmtrack.api_settings import ApiSettings
from llmtrack.gateway_settings import GatewaySettings
from llmtrack.settings import ProviderSettings, Settings, variable_of
from llmtrack.sign_in_settings import SignInSettings
from llmtrack.warning_settings import WarningSettings, WebhookSettings

_HEAD = """# Settings

*Made by `python -m tests.documents` from the code, and checked by a test: change `llmtrack/settings.py`, not this page.*

A setting is a variable of the environment, or a line of the same name at the top of `.streamlit/secrets.toml`; the
environment wins. A value that cannot be used is refused at the start, in one sentence that names the variable, its value
and what it may be.

"""
_PROVIDERS = """## A provider of your own

A server that speaks OpenAI's or Anthropic's protocol is a table `[providers.NAME]` in `.streamlit/secrets.toml`, or
variables `LLMTRACK_PROVIDERS__NAME__BASE_URL` and so on. `NAME` is written in small letters, digits, `.`, `-` and `_`.

"""
_WEBHOOKS = """## A webhook for warnings

A table `[webhooks.NAME]` in `.streamlit/secrets.toml`, or variables `LLMTRACK_WEBHOOKS__NAME__URL` and so on; what is
posted there is in docs/limits.md.

"""
_GROUPS = {
    "sign_in": "Sign-in",
    "api_requests_per_minute": "The HTTP API",
    "gateway": "The gateway",
    "app_url": "Warnings",
    "database_url": "Where things are kept",
    "keep_text_days": "How long things are kept",
    "user_id": "Who is here",
    "openai_api_key": "Who answers",
    "demo": "The simulated provider and the sample",
    "message_max_characters": "The chat page",
    "preload": "The app",
}
"""The first setting of each group, with the group's heading."""


def in_markdown() -> str:
    """All settings in the order of the code, and after them those of one provider."""
    meanings = (
        attribute_docs(SignInSettings)
        | attribute_docs(ApiSettings)
        | attribute_docs(GatewaySettings)
        | attribute_docs(WarningSettings)
        | attribute_docs(Settings)
    )
    parts = [_HEAD]
    for name, field in Settings.model_fields.items():
        if name in _GROUPS:
            parts.append(f"\n## {_GROUPS[name]}\n\n" if len(parts) > 1 else f"## {_GROUPS[name]}\n\n")
            parts.append("| Setting | Default | Value | Meaning |\n|---|---|---|---|\n")
        parts.append(_row(variable_of(name), field, meanings[name]))
    parts += ["\n", _PROVIDERS, "| Key | Default | Value | Meaning |\n|---|---|---|---|\n"]
    meanings = attribute_docs(ProviderSettings)
    parts += [_row(name, field, meanings[name]) for name, field in ProviderSettings.model_fields.items()]
    parts += ["\n", _WEBHOOKS, "| Key | Default | Value | Meaning |\n|---|---|---|---|\n"]
    meanings = attribute_docs(WebhookSettings)
    parts += [_row(name, field, meanings[name]) for name, field in WebhookSettings.model_fields.items()]
    return "".join(parts)


def _row(name: str, field: FieldInfo, meaning: str) -> str:
    return f"| `{name}` | {_default(field)} | {field.description} | {meaning} |\n"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value: Any = field.get_default(call_default_factory=True)
    if value is None or value in ((), {}):
        return "none"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def attribute_docs(model: type[BaseModel]) -> dict[str, str]:
    """The docstring under each field of a class, on one line."""
    (body,) = (node.body for node in ast.parse(inspect.getsource(model)).body if isinstance(node, ast.ClassDef))
    return {
        field.target.id: " ".join(str(text.value.value).split()).replace("``", "`").replace("|", "\\|")
        for field, text in pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
    }
