"""What the README shows works as shown."""

from __future__ import annotations

import os
import re
import shlex
import sqlite3
import subprocess
import sys
import textwrap
import tomllib
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from llmtrack.ledger import open_ledger
from llmtrack.ledger.metrics import Filter, ask
from llmtrack.settings import get_settings
from tests.provider import Provider

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The fenced blocks in one language."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```", README, re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(block) for _, block in found]


def commands(mark: str) -> list[str]:
    """The lines of the block after ``<!-- mark -->``."""
    found = re.search(rf"^<!-- {mark} -->\n```bash\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert found, f"The README has no block marked {mark}"
    return found[1].splitlines()


def python(*arguments: str, directory: Path) -> str:
    """What this interpreter prints when it runs `arguments`, with llmtrack as in a checkout."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=directory, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def sample_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample data, made by the command shown."""
    (make, _) = commands("sample")
    assert make.startswith("python -m llmtrack ")
    directory = tmp_path_factory.mktemp("sample")
    python(*make.split()[1:], directory=directory)
    return directory / "llmtrack-sample.db"


def test_the_one_changed_import_is_the_same_client() -> None:
    (diff,) = blocks("diff")
    before, after = (line[2:] for line in diff.splitlines())
    names: dict[str, type] = {}
    exec(before.replace("OpenAI", "OpenAI as Bare"), names)
    exec(after, names)
    assert issubclass(names["OpenAI"], names["Bare"])


def told(directory: Path) -> str:
    """What the command line says about the ledger in `directory`, whatever a short program left in its journal."""
    python("-m", "llmtrack", "flush", directory=directory)
    return python("-m", "llmtrack", "status", directory=directory)


@pytest.mark.slow
def test_the_first_example_answers_and_leaves_a_row(provider: Provider, tmp_path: Path) -> None:
    example = blocks("python")[0]
    assert python("-c", example, directory=tmp_path) == "Hello world\n"
    # The fake provider is not at OpenAI's address, so its prices are not OpenAI's.
    assert "Generations  1 by 1 user\nCost         unknown, 1 call unpriced" in told(tmp_path)


@pytest.mark.slow
@pytest.mark.compares_with("genai-prices")
def test_a_gateway_has_the_prices_of_the_provider_it_is_said_to_be(provider: Provider, tmp_path: Path) -> None:
    example, *_, gateway = blocks("python")
    made = gateway.replace("https://gateway.example.com/v1", provider.openai_url)
    assert made != gateway
    assert python("-c", example.replace("client = OpenAI()\n", made), directory=tmp_path) == "Hello world\n"
    # gpt-4o-mini costs 0.15 and 0.60 dollars a million tokens: 100 * 0.15 + 20 * 0.60 = 27 millionths
    assert "Cost         $0.000027, 0 calls unpriced" in told(tmp_path)


@pytest.mark.slow
def test_threads_ask_for_the_user_who_started_them(provider: Provider, tmp_path: Path) -> None:
    example, _, _, threads, _ = blocks("python")
    python("-c", f"{example}{threads}\nassert len(answers) == 2", directory=tmp_path)
    assert "Generations  3 by 1 user" in told(tmp_path)


@pytest.mark.slow
def test_the_questions_have_answers(sample_database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    questions = blocks("python")[1]
    monkeypatch.setenv("LLMTRACK_DATABASE_URL", f"sqlite:///{sample_database}")
    printed = python("-c", f"{questions}\nprint(len(days))", directory=sample_database.parent).splitlines()
    assert printed[0].startswith("grace ")
    assert any(line.startswith("claude-opus-4-5") for line in printed[5:])
    assert 85 <= int(printed[-1]) <= 91  # chats began a day or two after the first call


@pytest.mark.slow
def test_the_terminal_has_answers_too(sample_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMTRACK_DATABASE_URL", f"sqlite:///{sample_database}")
    printed = [python(*shlex.split(line)[1:], directory=tmp_path) for line in commands("ask")]
    assert printed[0].splitlines()[1].startswith("claude-opus-4-5-20251101 ")
    assert "generations in calls.parquet" in printed[1]
    assert (tmp_path / "calls.parquet").read_bytes()[:4] == b"PAR1"
    assert printed[2].startswith(f"Ledger       {sample_database}\n")


@pytest.mark.slow
def test_in_the_order_written_the_commands_show_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them in one terminal, but for the app, which would not end."""
    monkeypatch.delenv("LLMTRACK_DATABASE_URL")  # a newcomer has set none
    questions = blocks("python")[1]
    app = "LLMTRACK_SAMPLE=1 streamlit run app.py"
    assert app in commands("sample")
    lines = [line for mark in ("sample", "ask the sample", "ask") for line in commands(mark) if line != app]
    lines.insert(2, f"python -c {shlex.quote(questions)}")  # where it stands between them
    assert lines[1].startswith("export LLMTRACK_SAMPLE=1")
    script = "\n".join(['python() { "$PYTHON" "$@"; }', *lines])
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHON": sys.executable}
    done = subprocess.run(
        ["bash", "-euc", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"^grace \S+ \d+$", done.stdout, re.MULTILINE)
    assert re.search(r"^claude-opus-4-5-20251101 +\$[\d,.]+ +\d", done.stdout, re.MULTILINE)
    assert re.search(r"^[1-9][\d,]* generations in calls.parquet$", done.stdout, re.MULTILINE)
    assert re.search(r"^Generations  [1-9][\d,]+ by \d+ users$", done.stdout, re.MULTILINE)
    assert "holds no calls yet" not in done.stderr


@pytest.mark.slow
def test_the_view_can_be_asked_in_sql(sample_database: Path) -> None:
    query = blocks("sql")[0]
    with closing(sqlite3.connect(sample_database)) as database:
        rows = database.execute(query).fetchall()
    assert len(rows) == 5
    assert rows[0][0] == "grace"
    ledger = open_ledger(f"sqlite:///{sample_database}")
    (dearest,) = ask(ledger, ["generations", "cost"], by="user", order="-cost", limit=1)
    ledger.close()
    assert rows[0][1:] == (dearest["generations"], pytest.approx(float(dearest["cost"])))


@pytest.mark.slow
def test_the_exported_file_can_be_asked_in_sql(
    sample_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMTRACK_DATABASE_URL", f"sqlite:///{sample_database}")
    python(*shlex.split(commands("ask")[1])[1:], directory=tmp_path)
    query = blocks("sql")[1]
    columns = set(pq.read_schema(tmp_path / "calls.parquet").names)
    assert {"model", "cost", "duration", "cost_status"} <= columns
    duckdb = pytest.importorskip("duckdb")
    monkeypatch.chdir(tmp_path)
    found = duckdb.sql(query).fetchall()
    ledger = open_ledger(f"sqlite:///{sample_database}")
    where = [Filter("feature", ("chat",)), Filter("cost_status", ("simulated",), negated=True)]
    (dearest,) = ask(
        ledger, ["generations", "cost", "generation_duration_p95"], by="model", where=where, order="-cost", limit=1
    )
    ledger.close()
    assert found[0][:3] == (dearest["model"], dearest["generations"], dearest["cost"])
    assert found[0][3] == pytest.approx(dearest["generation_duration_p95"], rel=0.01)


def test_the_secrets_shown_are_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (secrets,) = blocks("toml")
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "secrets.toml").write_text(secrets)
    monkeypatch.chdir(tmp_path)
    get_settings.cache_clear()
    settings = get_settings()
    told = tomllib.loads(secrets)
    assert settings.anthropic_api_key.get_secret_value() == told["ANTHROPIC_API_KEY"]
    assert {name: one.base_url for name, one in settings.providers.items()} == {
        name: one["base_url"] for name, one in told["providers"].items()
    }
    get_settings.cache_clear()


def test_the_settings_shown_exist_with_these_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LLMTRACK_DATABASE_URL")
    get_settings.cache_clear()
    rows = re.findall(r"^\| (`LLMTRACK_[^|]+) \| ([^|]+) \|", README, re.MULTILINE)
    assert len(rows) >= 4
    for names, defaults in rows:
        for name, default in zip(re.findall(r"LLMTRACK_(\w+)", names), re.findall(r"`([^`]+)`", defaults), strict=True):
            kept = getattr(get_settings(), name.lower())
            assert ("for ever" if kept is None else str(kept)) == default
    get_settings.cache_clear()


def test_both_commands_make_a_virtual_environment_install_and_start_what_they_say() -> None:
    (make_venv, install_and_run), (make_too, install_and_test) = commands("run"), commands("tests")
    assert make_venv == make_too == "python3 -m venv .venv && . .venv/bin/activate"
    assert install_and_run == "pip install -r requirements.txt && streamlit run app.py"
    assert install_and_test == "pip install -e '.[test]' && pytest -n logical --dist loadfile"


def test_every_file_it_names_is_there() -> None:
    named = re.findall(r'(?:src|srcset)="([^"]+)"|\]\((?!http)([^)#]+)\)', README)
    paths = {one or other for one, other in named} | {".ci/run", "tests/test_structure.py", "requirements.txt"}
    rooms = re.findall(r"^\| (`[^|]+) \| [^|]+ \|$", README[README.index("## Developing") :], re.MULTILINE)
    for room in rooms:
        first, *others = re.findall(r"`([^`]+)`", room)
        folder = first.rpartition("/")[0] if not first.endswith("/") else ""
        paths |= {first, *(f"{folder}/{other}" if folder and "/" not in other else other for other in others)}
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []
