"""The clients: every class of the SDKs has its tracked twin, which is to its user the class itself."""

from __future__ import annotations

import asyncio
import inspect
import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anthropic
import httpx2
import openai
import pytest

import llmtrack
import llmtrack.anthropic
import llmtrack.openai
from llmtrack.capture.tracker import Tracker
from tests.capture.ways import CHAT, CLAUDE, got
from tests.provider import Answer, Provider
from tests.provider.anthropic_wire import events, message
from tests.provider.reply import Reply

Rows = Callable[[], list[SimpleNamespace]]
Clients = Callable[..., Any]
MODULES = {"openai": (openai, llmtrack.openai), "anthropic": (anthropic, llmtrack.anthropic)}


def client_classes() -> list[Any]:
    """The names under which the SDKs export their clients."""
    found = []
    for family, (sdk, _) in MODULES.items():
        for name in dir(sdk):
            kind = getattr(sdk, name)
            if not name.startswith("_") and inspect.isclass(kind) and hasattr(kind, "with_options"):
                found.append(pytest.param(family, name, id=f"{family}.{name}"))
    return found


@pytest.mark.parametrize(("family", "name"), client_classes())
def test_every_client_of_the_sdks_has_a_tracked_twin_of_the_same_name(family: str, name: str) -> None:
    sdk, ours = MODULES[family]
    plain, tracked = getattr(sdk, name), getattr(ours, name)
    assert issubclass(tracked, plain)
    assert tracked is not plain
    assert tracked.__name__ == plain.__name__
    assert inspect.signature(tracked) == inspect.signature(plain)


@pytest.mark.parametrize("family", MODULES)
def test_whatever_else_the_sdk_exports_comes_from_our_module_too(family: str) -> None:
    sdk, ours = MODULES[family]
    assert ours.RateLimitError is sdk.RateLimitError
    assert ours.AsyncStream is sdk.AsyncStream
    with pytest.raises(AttributeError, match="NoSuchThing"):
        _ = ours.NoSuchThing


def test_functions_without_a_client_are_not_offered_since_they_would_not_be_recorded() -> None:
    with pytest.raises(AttributeError, match="make a client"):
        _ = llmtrack.openai.chat  # type: ignore[attr-defined]


FAKE: dict[str, tuple[dict[str, Any], str]] = {
    "AzureOpenAI": ({"api_key": "k", "api_version": "2024-10-21"}, "azure_endpoint"),
    "BedrockOpenAI": ({"api_key": "k", "aws_region": "us-east-1"}, "base_url"),
    "AnthropicBedrock": ({"api_key": "k", "aws_region": "us-east-1"}, "base_url"),
    "AnthropicBedrockMantle": ({"api_key": "k", "aws_region": "us-east-1"}, "base_url"),
    "AnthropicVertex": ({"access_token": "t", "region": "us-east5", "project_id": "p"}, "base_url"),
    "AnthropicFoundry": ({"api_key": "k"}, "base_url"),
    "AnthropicAWS": ({"api_key": "k", "aws_region": "us-east-1", "workspace_id": "w"}, "base_url"),
    "AnthropicGoogleCloud": ({"skip_auth": True, "project": "p", "location": "l", "workspace_id": "w"}, "base_url"),
}


@pytest.mark.parametrize("prefix", ["", "Async"])
@pytest.mark.parametrize("name", FAKE)
def test_the_clients_of_other_platforms_are_recorded_too(
    name: str, prefix: str, provider: Provider, rows: Rows
) -> None:
    options, address = FAKE[name]
    is_openai = "OpenAI" in name
    module = llmtrack.openai if is_openai else llmtrack.anthropic
    base = provider.openai_url if is_openai else provider.anthropic_url
    client = getattr(module, prefix + name)(**options, **{address: base}, max_retries=0)
    body = None if is_openai else message(Reply("claude-sonnet-4-6", {}))
    if "Vertex" in name or name == "AnthropicBedrock":
        path = ":rawPredict" if "Vertex" in name else "/invoke"
        provider.script(path, [Answer(body)])
    llmtrack.track(client, provider="somewhere")

    async def call() -> Any:
        try:
            return await got(client.chat.completions.create(**CHAT) if is_openai else client.messages.create(**CLAUDE))
        finally:
            await got(client.close())

    answer = asyncio.run(call())
    assert isinstance(answer, openai.BaseModel | anthropic.BaseModel)
    (row,) = rows()
    assert (row.provider, row.status, row.input_tokens, row.output_tokens) == ("somewhere", "ok", 100, 20)
    assert row.request_model == (CHAT if is_openai else CLAUDE)["model"]


def test_a_stream_from_vertex_is_recorded(provider: Provider, rows: Rows) -> None:
    provider.script(":streamRawPredict", [Answer(events=events(Reply("claude-sonnet-4-6", {})))])
    options = FAKE["AnthropicVertex"][0]
    with llmtrack.anthropic.AnthropicVertex(**options, base_url=provider.anthropic_url) as client:
        assert len(list(client.messages.create(**CLAUDE, stream=True))) > 5
    (row,) = rows()
    assert (row.status, row.request_model, row.input_tokens, row.output_tokens) == ("ok", CLAUDE["model"], 100, 20)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("api.openai.com", "openai"),
        ("eu.api.openai.com", "openai"),
        ("mine.openai.azure.com", "azure"),
        ("openrouter.ai", "openrouter"),
        ("api.groq.com", "groq"),
        ("localhost", "localhost"),
        ("notapi.openai.com.example", "notapi.openai.com.example"),
    ],
)
def test_a_provider_is_named_by_its_host(host: str, name: str, tracker: Tracker, rows: Rows) -> None:
    answer = httpx2.Response(200, json={"id": "1", "object": "chat.completion", "choices": []})
    transport = httpx2.MockTransport(lambda request: answer)
    url = f"https://{host}/v1"
    with httpx2.Client(transport=transport) as http:
        llmtrack.openai.OpenAI(api_key="k", base_url=url, http_client=http).chat.completions.create(**CHAT)
    assert rows()[0].provider == name


def test_a_client_that_exists_is_tracked_in_place(clients: Clients, provider: Provider, rows: Rows) -> None:
    client = clients("OpenAI", bare=True)
    chat = client.chat.completions
    assert llmtrack.track(client, provider="openai") is client
    chat.create(**CHAT)  # A resource that was made before holds the same client.
    client.with_options(timeout=3).chat.completions.create(**CHAT)
    assert isinstance(client, openai.OpenAI)
    assert [row.status for row in rows()] == ["ok", "ok"]
    client.close()


def test_a_subclass_of_a_users_own_is_tracked_in_place(clients: Clients, provider: Provider, rows: Rows) -> None:
    class Mine(anthropic.Anthropic):
        def greet(self) -> str:
            return "hi"

    with Mine(max_retries=0) as client:
        llmtrack.track(client)
        assert client.greet() == "hi"
        assert isinstance(client, Mine)
        copied = client.copy()
        assert copied.greet() == "hi"
        copied.messages.create(**CLAUDE)
    assert [row.status for row in rows()] == ["ok"]


def test_a_subclass_of_a_tracked_class_is_tracked(provider: Provider, rows: Rows) -> None:
    class Mine(llmtrack.openai.OpenAI):
        def __init__(self, name: str, **options: Any) -> None:
            super().__init__(**options)
            self.name = name

    with Mine("me") as client:
        client.chat.completions.create(**CHAT)
        assert client.name == "me"
    assert [row.status for row in rows()] == ["ok"]


def test_a_custom_http_client_is_used(provider: Provider, rows: Rows) -> None:
    seen = []
    with httpx2.Client(event_hooks={"request": [lambda request: seen.append(request.url.path)]}) as http:
        client = llmtrack.track(openai.OpenAI(http_client=http))
        client.chat.completions.create(**CHAT)
    assert seen == ["/openai/v1/chat/completions"]
    assert len(rows()) == 1


def test_an_http_client_of_the_older_httpx_is_watched_too(provider: Provider, rows: Rows) -> None:
    httpx = pytest.importorskip("httpx")
    with httpx.Client() as http:
        client = llmtrack.track(llmtrack.openai.OpenAI(http_client=http), provider="openai")
        client.chat.completions.create(**CHAT)
        assert len(list(client.chat.completions.create(**CHAT, stream=True))) == 4
    assert [(row.status, row.input_tokens) for row in rows()] == [("ok", 100), ("ok", 100)]


@pytest.mark.parametrize("thing", [None, "openai", object(), dict])
def test_what_is_no_client_cannot_be_tracked(thing: Any) -> None:
    with pytest.raises(TypeError, match="is no client of the OpenAI or Anthropic SDK"):
        llmtrack.track(thing)


def test_copies_keep_tracker_and_defaults(
    make_tracker: Callable[..., Tracker], clients: Clients, provider: Provider, database: Path
) -> None:
    tracker = make_tracker()
    client = llmtrack.track(clients("OpenAI"), tracker=tracker, user_id="alice", feature="chat")
    client.with_options(timeout=3).copy().chat.completions.create(**CHAT)
    client.close()
    assert tracker.flush(30).written == 1


def test_the_sdk_finds_its_own_class_while_it_makes_a_client(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # Anthropic's SDK looks for credentials in profiles only for the very class `Anthropic`.
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "")
    token = tmp_path / "token"
    token.write_text("a.b.c")
    variables = {
        "ANTHROPIC_FEDERATION_RULE_ID": "fdrl_1",
        "ANTHROPIC_ORGANIZATION_ID": "org_1",
        "ANTHROPIC_SERVICE_ACCOUNT_ID": "svac_1",
        "ANTHROPIC_IDENTITY_TOKEN_FILE": str(token),
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    bare, ours = anthropic.Anthropic(), llmtrack.anthropic.Anthropic()
    assert type(bare.credentials) is type(ours.credentials)
    assert bare.credentials is not None
    assert type(ours.copy().credentials) is type(bare.copy().credentials)
    assert type(ours) is type(ours.copy()) is llmtrack.anthropic.Anthropic
    bare.close()
    ours.close()


@pytest.mark.parametrize("name", ["OpenAI", "Anthropic"])
def test_a_client_cannot_be_pickled_as_the_sdks_cannot(name: str, clients: Clients) -> None:
    bare, ours = clients(name, bare=True, http_client=None), clients(name, http_client=None)
    with pytest.raises((TypeError, pickle.PicklingError)) as refused:  # which one depends on what pickle meets first
        pickle.dumps(bare)
    with pytest.raises(refused.type) as refused_too:
        pickle.dumps(ours)
    assert str(refused_too.value) == str(refused.value)
    bare.close()
    ours.close()


def test_importing_the_package_imports_no_sdk_and_no_database() -> None:
    code = "import llmtrack, sys; print([m for m in ('openai', 'anthropic', 'sqlalchemy', 'pydantic') if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


@pytest.mark.slow
@pytest.mark.parametrize("family", MODULES)
def test_importing_our_clients_imports_little_beyond_the_sdk(family: str) -> None:
    code = (
        f"import json, sys, {family}; before = set(sys.modules); import llmtrack.{family}; "
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    added = json.loads(subprocess.check_output([sys.executable, "-W", "ignore", "-c", code], text=True))
    assert [name for name in added if not name.startswith("llmtrack")] in ([], ["fcntl"])
    heavy = ("llmtrack.ledger.", "llmtrack.pricing", "llmtrack.settings", "llmtrack.capture.readers")
    light = ["llmtrack.ledger.errors", "llmtrack.ledger.owner"]
    assert [name for name in added if name.startswith(heavy)] in ([], light)


@pytest.mark.slow
def test_mypy_shows_the_sdks_signatures(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "from llmtrack.openai import OpenAI, AsyncOpenAI\n"
        "from llmtrack.anthropic import Anthropic, RateLimitError\n"
        "import llmtrack\n"
        "client = OpenAI(api_key='k')\n"
        "reveal_type(client.with_options(timeout=5))\n"
        "reveal_type(client.chat.completions.create(model='m', messages=[]))\n"
        "reveal_type(llmtrack.track(client))\n"
        "OpenAI(api_kee='k')\n"
        "Anthropic(max_retry=1)\n"
        "client.chat.completions.create(model='m', mesages=[])\n"
        "llmtrack.track(client, user='alice')\n"
        "llmtrack.trace('x', user='alice')\n"
        "llmtrack.context(session=3)\n"
        "@llmtrack.trace('x')\n"
        "def f(a: int) -> str: return str(a)\n"
        "f('no')\n"
    )
    root = Path(llmtrack.__file__).parents[1]
    cache = root / ".mypy_cache"  # the one that checking the whole fills
    command = [sys.executable, "-m", "mypy", "--no-error-summary", "--config-file", str(root / "pyproject.toml")]
    checked = subprocess.run(
        [*command, "--cache-dir", str(cache), str(program)],
        capture_output=True,
        text=True,
        env={"MYPYPATH": str(root), "PATH": ""},
        cwd=tmp_path,
        check=False,
    )
    said = checked.stdout
    assert 'Revealed type is "llmtrack.openai.OpenAI"' in said
    assert "openai.types.chat.chat_completion.ChatCompletion" in said
    for line, name in ((8, "api_kee"), (9, "max_retry"), (11, "user"), (12, "user"), (13, "session"), (16, "arg-type")):
        assert any(f"program.py:{line}: error" in text and name in text for text in said.splitlines()), said
    assert any("program.py:10: error" in text for text in said.splitlines()), said
