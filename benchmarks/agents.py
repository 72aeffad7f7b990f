"""Claude Code and Codex through the gateway, on a machine without any other host: sessions, sub-agents and refusals.

    npm install --prefix DIR @anthropic-ai/claude-code @openai/codex
    unshare -n sh -c 'ip link set lo up && python -m benchmarks.agents DIR/node_modules/.bin'

Neither needs an account. Each is given one task against a fake provider behind the gateway: without limits, under one
that suffices, under one that refuses its first request, and under one that refuses its second. The task is a call of a
tool, then a sub-agent, then an answer. Printed are the requests that came, what the agent said, how long it went on
after a refusal, the rows in the ledger, and what of all that is not as it should be. Needs Linux and what the tests
need. DIR is a folder outside the repository.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llmtrack.ledger.limit_book import set_limit
from llmtrack.ledger.limits import Limit
from llmtrack.serving.gateway import application
from llmtrack.settings import get_settings
from tests.gateway.conftest import Running, serving
from tests.provider import Answer, Provider, sse
from tests.provider.server import Request

TASK = "Run the command, ask a helper, then finish."
SUBTASK = "Reply with one word."
COMMAND = "echo the-tool-ran"
HELPERS = "multi_agent_v1"
"""Where Codex has its tools for sub-agents."""
AGENT_ID = r"agent_id\W+([0-9a-f-]{36})"
REQUESTS = {"Claude Code": 4, "Codex": 5}
"""What the task takes, the sub-agent's one included: Codex asks for its end by a request of its own."""
PATIENCE = 90
MOST_SECONDS = 2
"""How long an agent may go on after a refusal."""

Object = dict[str, Any]


class Model(Provider):
    """A fake provider whose model calls a tool, then a sub-agent, then says that it is done."""

    def _answer(self, request: Request) -> Answer:
        body = request.wanted
        if os.environ.get("DUMP"):
            Path(os.environ["DUMP"]).joinpath(f"{len(self.requests)}.json").write_text(
                json.dumps({"path": request.path, "headers": request.headers, "body": body}, indent=1)
            )
        if request.path.endswith("/messages"):
            return Answer(events=anthropic_events(anthropic_turn(body)))
        if request.path.endswith("/responses"):
            return Answer(events=openai_events(openai_turn(body)))
        return super()._answer(request)


def anthropic_turn(body: Object) -> Object:
    """The content block that Claude answers with."""
    done = sum(block.get("type") == "tool_result" for message in body["messages"] for block in blocks(message))
    tools = {tool["name"] for tool in body.get("tools", [])}
    is_helper = SUBTASK in json.dumps(body["messages"][0])
    if not tools or is_helper or done > 1:
        return {"type": "text", "text": "Finished."}
    if done == 0:
        return {"type": "tool_use", "id": "toolu_1", "name": "Bash",
                "input": {"command": COMMAND, "description": "Say something"}}  # fmt: skip
    name = "Agent" if "Agent" in tools else "Task"
    return {"type": "tool_use", "id": "toolu_2", "name": name,
            "input": {"description": "One word", "prompt": SUBTASK, "subagent_type": "general-purpose"}}  # fmt: skip


def blocks(message: Object) -> list[Object]:
    """The content of a message, in blocks."""
    content = message["content"]
    return content if isinstance(content, list) else [{"type": "text", "text": content}]


def anthropic_events(block: Object) -> list[bytes]:
    """A message of this one block, as a stream."""
    is_tool = block["type"] == "tool_use"
    message: Object = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-4-5-20251001",
               "content": [], "stop_reason": None, "stop_sequence": None,
               "usage": {"input_tokens": 100, "output_tokens": 1}}  # fmt: skip
    nothing: Object = {"input": {}} if is_tool else {"text": ""}
    begun = block | nothing
    delta = (
        {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        if is_tool
        else {"type": "text_delta", "text": block["text"]}
    )
    reason = "tool_use" if is_tool else "end_turn"
    events: list[Object] = [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": begun},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": 20}},
        {"type": "message_stop"},
    ]
    return [sse(event, named=True) for event in events]


def openai_turn(body: Object) -> Object:
    """The item that GPT answers with."""
    items = body["input"]
    done = sum(item.get("type") in ("function_call_output", "custom_tool_call_output") for item in items)
    is_helper = SUBTASK in json.dumps([item for item in items if item.get("role") == "user"])
    text = {"type": "message", "role": "assistant", "id": "msg_1", "status": "completed",
            "content": [{"type": "output_text", "text": "Finished.", "annotations": []}]}  # fmt: skip
    if is_helper or done > 2:
        return text
    calls = (
        {"name": "exec_command", "arguments": json.dumps({"cmd": COMMAND})},
        {"name": "spawn_agent", "arguments": json.dumps({"message": SUBTASK}), "namespace": HELPERS},
        {"name": "wait_agent", "arguments": json.dumps({"targets": re.findall(AGENT_ID, str(items))}),
         "namespace": HELPERS},
    )  # fmt: skip
    return {
        "type": "function_call",
        "id": f"fc_{done}",
        "call_id": f"call_{done}",
        "status": "completed",
        **calls[done],
    }


def openai_events(item: Object) -> list[bytes]:
    """A response of this one item, as a stream."""
    usage = {"input_tokens": 100, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 20,
             "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 120}  # fmt: skip
    response = {"id": "resp_1", "object": "response", "created_at": 1_760_000_000, "model": "gpt-5-2025-08-07"}
    final = {**response, "status": "completed", "output": [item], "usage": usage}
    events: list[Object] = [
        {"type": "response.created", "response": {**response, "status": "in_progress", "output": []}},
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": final},
    ]
    return [sse({**event, "sequence_number": n}, named=True) for n, event in enumerate(events)]


@dataclass
class Door:
    """The gateway, with a note of what was asked of it and when it refused."""

    app: Any
    seen: list[tuple[float, str, int]] = field(default_factory=list)
    """When an answer began, path and status."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def noting(message: Any) -> None:
            if message["type"] == "http.response.start":
                self.seen.append((time.monotonic(), f"{scope['method']} {scope['path']}", message["status"]))
            await send(message)

        await self.app(scope, receive, noting if scope["type"] == "http" else send)


def claude(bin: Path, running: Running, home: Path) -> tuple[list[str], dict[str, str]]:
    """How Claude Code is started."""
    command = [str(bin / "claude"), "-p", TASK, "--model", "claude-haiku-4-5", "--allowedTools", "Bash,Agent,Task"]
    return command, {
        "ANTHROPIC_BASE_URL": running.anthropic_url,
        "ANTHROPIC_AUTH_TOKEN": running.token,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    }


def codex(bin: Path, running: Running, home: Path) -> tuple[list[str], dict[str, str]]:
    """How Codex is started."""
    folder = home / ".codex"
    folder.mkdir(exist_ok=True)
    folder.joinpath("config.toml").write_text(
        f'model = "gpt-5"\nmodel_provider = "gateway"\n[model_providers.gateway]\nname = "Gateway"\n'
        f'base_url = "{running.openai_url}"\nenv_key = "OPENAI_API_KEY"\nwire_api = "responses"\n'
        "[analytics]\nenabled = false\n"
    )
    command = [str(bin / "codex"), "exec", "--skip-git-repo-check", "-s", "danger-full-access", TASK]
    return command, {"OPENAI_API_KEY": running.token}


AGENTS = {"Claude Code": claude, "Codex": codex}
TRIALS: dict[str, tuple[str, int, int | None] | None] = {
    # a limit's unit and amount a day, and how many requests it lets through; None: all
    "without limits": None,
    "a limit of $5 that suffices": ("cost", 5_000_000_000, None),
    "refused at the start": ("messages", 0, 0),
    "refused in mid-session": ("messages", 1, 1),
}


@contextmanager
def world(home: Path) -> Iterator[tuple[Running, Door]]:
    """A provider, the gateway in front of it and an empty ledger."""
    provider = Model()
    os.environ.update(
        OPENAI_BASE_URL=provider.openai_url, ANTHROPIC_BASE_URL=provider.anthropic_url, OPENAI_API_KEY="sk-1",
        ANTHROPIC_API_KEY="sk-ant-1", LLMTRACK_DATABASE_URL=f"sqlite:///{home / 'ledger.db'}",
        XDG_STATE_HOME=str(home), XDG_DATA_HOME=str(home),
    )  # fmt: skip
    get_settings.cache_clear()
    door = Door(application())
    with serving(door) as running:
        yield running, door
    provider.stop()


def trial(name: str, bin: Path, title: str, limit: tuple[str, int, int | None] | None) -> list[str]:
    """One session: prints what came of it, and returns what should not have."""
    with tempfile.TemporaryDirectory(prefix="llmtrack-agents-") as folder, world(Path(folder)) as (running, door):
        if limit is not None:
            set_limit(running.ledger, Limit(0, "all", limit[0], "day", limit[1], None), by="root")
            running.tracker.limiter.watch.expire()
        command, variables = AGENTS[name](bin, running, Path(folder))
        started = time.monotonic()
        done = subprocess.run(
            command, cwd=folder, env={"PATH": os.environ["PATH"], "HOME": folder, **variables},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE,
        )  # fmt: skip
        ended = time.monotonic()
        print(f"\n== {name}, {title}: exit code {done.returncode} after {ended - started:.1f} s")
        for at, what, status in door.seen:
            print(f"   {at - started:5.2f} s  {what}  {status}")
        said = done.stdout + done.stderr
        for line in filter(str.strip, said.splitlines()):
            print(f"   | {line}")
        rows, agents = running.rows(), set()
        for row in rows:
            properties = {k: v for k, v in running.details(row).properties.items() if k != "llmtrack.token"}
            agents.add(properties.get("llmtrack.agent"))
            print(
                f"   row: {row.status} {row.operation} {row.request_model} {row.input_tokens}+{row.output_tokens} "
                f"${row.cost} session={row.session} trace={row.trace} {properties}"
            )
    let_through = limit[2] if limit is not None else None
    refused = [at for at, _, status in door.seen if status == 429]
    if refused:
        print(f"   over {ended - refused[0]:.2f} s after the refusal")
    expected = ["ok"] * REQUESTS[name] if let_through is None else ["ok"] * let_through + ["refused"]
    checks = {
        "as many requests as expected": [row.status for row in rows] == expected,
        "one session": len({row.session for row in rows}) == 1 and rows[0].session is not None,
        "exact tokens": {(row.input_tokens, row.output_tokens) for row in rows if row.status == "ok"} <= {(100, 20)},
        "the answer": ("Finished." in said and done.returncode == 0) == (let_through is None),
        "main agent and sub-agent": len(agents) == (2 if let_through is None else 1),
        "the limit's own words": let_through is None or "Limit 1 for everyone together has no room" in said,
        "the end in time": not refused or ended - refused[0] < MOST_SECONDS,
    }
    return [f"{name}, {title}: {check}" for check, holds in checks.items() if not holds]


def main() -> None:
    """Every trial of every agent; further arguments name the agents."""
    bin = Path(sys.argv[1]).resolve()
    failed = [
        failure
        for name in sys.argv[2:] or AGENTS
        for title, limit in TRIALS.items()
        for failure in trial(name, bin, title, limit)
    ]
    print("\n" + ("\n".join(f"FAILED {failure}" for failure in failed) or "all as it should be"))
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
