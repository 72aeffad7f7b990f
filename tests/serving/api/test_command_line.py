"""The command line asks a server instead of a ledger of its own, and says the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from llmtrack.cli import main
from tests.serving.api.conftest import Server
from tests.serving.api.live import listening


def run(*arguments: str, token: str | None = None) -> Result:
    """A command with a token in the environment."""
    return CliRunner().invoke(main, [*arguments], env={"LLMTRACK_TOKEN": token})


@pytest.mark.slow
def test_a_laptop_asks_a_server_and_gets_what_the_server_would_say(server: Server, tmp_path: Path) -> None:
    question = ("ask", "cost", "generations", "--by", "day", "--by", "model", "--where", "user!=carol")
    here = run(*question)
    assert here.exit_code == 0, here.output
    with listening() as url:
        there = run(*question, "--server", url, token=server.tokens["admin"])
        assert (there.exit_code, there.output) == (0, here.output)
        own = run("ask", "generations", "--by", "user", "--server", f"{url}/", token=server.tokens["alice"])
        assert own.output.splitlines() == ["user   generations", "alice            4", "total            4"]
        largest = ("ask", "cost", "generations", "--by", "user", "--top", "1")
        there = run(*largest, "--server", url, token=server.tokens["admin"])
        assert [line.split() for line in there.output.splitlines()[1:4]] == [
            ["bob", "$0.003000", "2"], ["all", "others", "$0.001350", "5"], ["total", "$0.004350", "7"],
        ]  # fmt: skip
        assert run(*largest).output == there.output
        files = [tmp_path / name for name in ("here.csv", "there.csv")]
        assert run("export", str(files[0])).exit_code == 0
        exported = run("export", str(files[1]), "--server", url, token=server.tokens["admin"])
        assert exported.exit_code == 0, exported.output
        assert files[0].read_bytes() == files[1].read_bytes()
        status = run("status", "--server", url, token=server.tokens["admin"]).output.splitlines()
        assert status == [f"Server       {url}", "Generations  7 by 3 users", "Cost         $0.004350, 1 call unpriced",
                          "Waiting      nothing"]  # fmt: skip
        assert run("status", "--server", url, token=server.tokens["alice"]).output.splitlines()[1:] == [
            "Generations  4 by 1 user", "Cost         $0.000900, 1 call unpriced",
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("ask", "cost", "--server", "llm.example.com"), "'llm.example.com' is no address of a server"),
        (("ask", "cost", "--server", "http://127.0.0.1:1"), "http://127.0.0.1:1 cannot be asked"),
        (("ask", "cost", "--server", "http://x", "--database", "sqlite:///x.db"), "give one of them"),
    ],
)
def test_what_keeps_a_server_from_being_asked_is_said_in_words(arguments: tuple[str, ...], sentence: str) -> None:
    result = run(*arguments, token="llmt_x")
    assert result.exit_code != 0
    assert sentence in result.output
    assert "Traceback" not in result.output


def test_the_servers_own_words_reach_the_terminal_and_nothing_is_written(server: Server, tmp_path: Path) -> None:
    assert "LLMTRACK_TOKEN is not set" in run("ask", "cost", "--server", "http://127.0.0.1:1").output
    with listening() as url:
        refused = run("ask", "cots", "--server", url, token=server.tokens["alice"])
        assert "did you mean cost?" in refused.output
        wrong = run("ask", "cost", "--server", url, token="llmt_wrong")
        assert "This token is not valid" in wrong.output
        target = tmp_path / "out.csv"
        denied = run("export", str(target), "--where", "user=bob", "--server", url, token=server.tokens["alice"])
        assert "does not show the usage of user 'bob'" in denied.output
        assert not target.exists()
