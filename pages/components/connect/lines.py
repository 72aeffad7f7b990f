"""The lines that bring a program or a coding agent to the gateway, to be copied as they are."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from pages.components import card, empty_states

PLACEHOLDER = "llmt_…"
"""Stands for a token that nobody can show any more."""
OPENAI_MODEL = "gpt-4o-mini"
ANTHROPIC_MODEL = "claude-haiku-4-5"
_MESSAGES = '[{"role": "user", "content": "Hello"}]'

_PYTHON_OPENAI = f"""\
from openai import OpenAI

client = OpenAI(
    base_url="<address>/openai/v1",
    api_key="<token>",
)
answer = client.chat.completions.create(
    model="{OPENAI_MODEL}",
    messages={_MESSAGES},
)
print(answer.choices[0].message.content)
"""
_PYTHON_ANTHROPIC = f"""\
from anthropic import Anthropic

client = Anthropic(
    base_url="<address>/anthropic",
    api_key="<token>",
)
answer = client.messages.create(
    model="{ANTHROPIC_MODEL}",
    max_tokens=100,
    messages={_MESSAGES},
)
print(answer.content[0].text)
"""
_NODE_OPENAI = f"""\
import OpenAI from "openai";

const client = new OpenAI({{
  baseURL: "<address>/openai/v1",
  apiKey: "<token>",
}});
const answer = await client.chat.completions.create({{
  model: "{OPENAI_MODEL}",
  messages: [{{ role: "user", content: "Hello" }}],
}});
console.log(answer.choices[0].message.content);
"""
_NODE_ANTHROPIC = f"""\
import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({{
  baseURL: "<address>/anthropic",
  apiKey: "<token>",
}});
const answer = await client.messages.create({{
  model: "{ANTHROPIC_MODEL}",
  max_tokens: 100,
  messages: [{{ role: "user", content: "Hello" }}],
}});
console.log(answer.content[0].text);
"""
_CURL_OPENAI = f"""\
curl <address>/openai/v1/chat/completions \\
  -H "Authorization: Bearer <token>" \\
  -H "Content-Type: application/json" \\
  -d '{{"model": "{OPENAI_MODEL}", "messages": {_MESSAGES}}}'
"""
_CURL_ANTHROPIC = f"""\
curl <address>/anthropic/v1/messages \\
  -H "x-api-key: <token>" \\
  -H "anthropic-version: 2023-06-01" -H "Content-Type: application/json" \\
  -d '{{"model": "{ANTHROPIC_MODEL}", "max_tokens": 100, "messages": {_MESSAGES}}}'
"""
_CLAUDE_CODE = """\
export ANTHROPIC_BASE_URL=<address>/anthropic
export ANTHROPIC_AUTH_TOKEN=<token>
claude
"""
_CLAUDE_REPOSITORY = """\
export ANTHROPIC_CUSTOM_HEADERS="X-Llmtrack-Property-repository: $(basename "$PWD")"
"""
_CLAUDE_SUBSCRIPTION = """\
unset ANTHROPIC_AUTH_TOKEN ANTHROPIC_API_KEY
export ANTHROPIC_BASE_URL=<address>/anthropic
export ANTHROPIC_CUSTOM_HEADERS="X-Llmtrack-Key: <token>
X-Llmtrack-Property-repository: $(basename "$PWD")"
claude
"""
_CODEX_CONFIG = """\
model_provider = "llmtrack"

[model_providers.llmtrack]
name = "llmtrack"
base_url = "<address>/openai/v1"
env_key = "LLMTRACK_TOKEN"
wire_api = "responses"
env_http_headers = { "X-Llmtrack-Property-repository" = "REPOSITORY" }
"""
_CODEX_SHELL = """\
export LLMTRACK_TOKEN=<token>
export REPOSITORY=$(basename "$PWD")
codex
"""


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that are copied together."""

    title: str
    language: str
    lines: str
    """With ``<address>`` and ``<token>`` where these go."""


BLOCKS = {
    "Python": (
        Block("OpenAI", "python", _PYTHON_OPENAI),
        Block("Anthropic", "python", _PYTHON_ANTHROPIC),
    ),
    "Node": (
        Block("OpenAI", "javascript", _NODE_OPENAI),
        Block("Anthropic", "javascript", _NODE_ANTHROPIC),
    ),
    "curl": (
        Block("OpenAI", "bash", _CURL_OPENAI),
        Block("Anthropic", "bash", _CURL_ANTHROPIC),
    ),
    "Claude Code": (
        Block("In the shell it is started from", "bash", _CLAUDE_CODE),
        Block("Before that, to see what each repository costs", "bash", _CLAUDE_REPOSITORY),
        Block("With a subscription of your own in place of this server's key", "bash", _CLAUDE_SUBSCRIPTION),
    ),
    "Codex": (
        Block("~/.codex/config.toml", "toml", _CODEX_CONFIG),
        Block("In the shell it is started from", "bash", _CODEX_SHELL),
    ),
}
"""What there is to copy, by what it is for."""


def filled(block: Block, address: str, token: str | None) -> str:
    """The lines with the address of the gateway and the token, or a mark in its place."""
    return block.lines.replace("<address>", address).replace("<token>", token or PLACEHOLDER, 1).rstrip("\n")


def draw(address: str, token: str | None) -> None:
    """A tab for each kind of program."""
    with card.card("2. Copy the lines", "only the base URL and the key change"), st.container(key="ll_lines"):
        for tab, blocks in zip(st.tabs(list(BLOCKS)), BLOCKS.values(), strict=True):
            with tab:
                for column, block in zip(st.columns(len(blocks)), blocks, strict=True):
                    with column:
                        empty_states.note(block.title)
                        st.code(filled(block, address, token), language=block.language, wrap_lines=True)
