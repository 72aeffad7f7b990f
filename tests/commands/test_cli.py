"""`llmtrack …` does what it says, and says in one sentence what it cannot do."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from llmtrack.cli import main
from llmtrack.ids import new_id
from llmtrack.ledger import open_ledger
from llmtrack.ledger.metrics import ask
from llmtrack.ledger.records import Generation
from llmtrack.pricing import Cost
from llmtrack.settings import get_settings
from tests.ledger.making import NOON, generation


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Runs a command in a directory of its own, with settings given by name."""
    monkeypatch.chdir(tmp_path)

    def runs(*arguments: str, **settings: str) -> Result:
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        get_settings.cache_clear()
        result = CliRunner().invoke(main, arguments)
        get_settings.cache_clear()
        return result

    return runs


def test_every_command_is_listed_with_what_it_does(run):
    shown = run("--help").output
    for name, help in (
        ("sample", "Fill the sample database"),
        ("status", "Say which ledger"),
        ("flush", "Move records"),
    ):
        assert f"  {name} " in shown
        assert help in shown


def test_an_unknown_command_is_named(run):
    result = run("smaple")
    assert result.exit_code == 2
    assert "No such command 'smaple'" in result.output


def test_a_wrong_setting_is_one_sentence_without_a_traceback(run):
    result = run("status", LLMTRACK_BILLING_ANCHOR_DAY="40")
    assert result.exit_code == 1
    assert result.output.startswith("Error: LLMTRACK_BILLING_ANCHOR_DAY is '40', but must be a day of the month")
    assert result.output.count("\n") == 1


def test_a_database_that_cannot_be_opened_is_one_sentence_too(run, tmp_path):
    result = run("status", "--database", f"sqlite:///{tmp_path / 'nowhere' / 'x.db'}")
    assert result.exit_code == 1
    assert "cannot be created" in result.output
    assert result.output.count("\n") == 1


def test_an_empty_ledger_has_nothing_in_it_and_costs_nothing(run):
    shown = run("status").output
    assert "Generations  0 by 0 users" in shown
    assert "Cost         $0.000000, 0 calls unpriced" in shown
    assert "Waiting      0 bytes in 0 journal files" in shown


@pytest.mark.parametrize("command", [["status"], ["ask", "cost"], ["export", "calls.jsonl"]])
def test_an_empty_ledger_says_how_to_see_numbers(run, command):
    told = run(*command).stderr
    assert "holds no calls yet: record some, or make a sample with `python -m llmtrack sample`" in told
    assert "set LLMTRACK_SAMPLE=1 to ask that." in told
    assert "holds no calls yet: make the sample with" in run(*command, LLMTRACK_SAMPLE="1").stderr


@pytest.mark.slow
def test_the_sample_goes_into_a_database_of_its_own_once(run, tmp_path):
    made = run("sample", "--until", "2026-11-20")
    assert made.exit_code == 0, made.output
    assert "generations from 23 August 2026 to 20 November 2026." in made.output
    assert "LLMTRACK_SAMPLE=1 streamlit run app.py" in made.output
    ledger = open_ledger(f"sqlite:///{tmp_path / 'llmtrack-sample.db'}")
    count = ask(ledger, "generations").totals["generations"]
    ledger.close()
    assert f"{count:,} generations" in made.output
    assert not (tmp_path / "llmtrack.db").exists()

    again = run("sample")
    assert again.exit_code == 1
    assert "holds sample data already; add --replace" in again.output


def test_the_sample_never_goes_into_the_real_ledger(run):
    result = run("sample", LLMTRACK_DATABASE_URL="sqlite:///a.db", LLMTRACK_SAMPLE_DATABASE_URL="sqlite:///a.db")
    assert result.exit_code == 1
    assert "are the same database" in result.output
    assert not Path("a.db").exists()


@pytest.mark.slow
def test_a_sample_database_with_something_in_it_is_left_alone(run, postgres_url):
    assert run("sample", "--until", "2026-11-20", LLMTRACK_SAMPLE_DATABASE_URL=postgres_url).exit_code == 0
    again = run("sample", LLMTRACK_SAMPLE_DATABASE_URL=postgres_url)
    assert again.exit_code == 1
    assert "is not empty; give the sample a database of its own" in again.output
    open_ledger(postgres_url).close()


@pytest.mark.slow
def test_flush_says_how_much_it_moved(run):
    assert run("flush").output == "0 records moved into the ledger.\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["export", "nowhere/calls.csv"],
            "Error: nowhere/calls.csv cannot be written (No such file or directory): name",
        ),
        (
            ["export", "calls"],
            "'calls' does not end in .csv, .jsonl or .parquet: give it such an end, or --format.",
        ),
        (["export", "calls.csv", "--by", "day"], "--by splits the answer to a question: give a --metric too"),
        (["export", "a.csv", "--metric", "cost", "--text"], "--text is for generations, and an answer has none"),
        (["ask", "cost", "--anchor-day", "99"], "'--anchor-day': 99 is not in the range 1<=x<=31."),
        (
            ["export", "a.csv", "--metric", "cost", "--anchor-day", "0"],
            "'--anchor-day': 0 is not in the range 1<=x<=31.",
        ),
        (["ask", "cost", "--timezone", "Berlin"], "There is no time zone 'Berlin'; give an IANA name such as"),
        (["ask", "cost", "--by", "day", "--top", "3"], "The largest values are those of a dimension; split by one"),
        (["ask", "cost", "--by", "model", "--top", "0"], "'--top': 0 is not in the range x>=1."),
        (["ask", "costt"], "Error: There is no metric 'costt'; did you mean cost?\n"),
        (["ask", "cost", "--by", "modl"], "Error: There is no dimension 'modl'; did you mean model?\n"),
        (
            ["sample", "--until", "1999-01-01"],
            "1999-01-01 is outside the years a ledger can hold: choose a day from 2021",
        ),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(run, arguments, words):
    result = run(*arguments)
    assert result.exit_code in (1, 2)
    assert words in result.output
    assert "Traceback" not in result.output
    assert list(Path().glob("*.csv")) == []


@pytest.fixture
def calls_around_a_cycle(run) -> None:
    """Three calls in Berlin's summer: before and after the cycle of the 15th begins there, which is at 22:00 UTC."""
    ledger = open_ledger()
    for at in ("2026-06-14T21:59:59", "2026-06-14T22:00:00", "2026-07-10T12:00:00"):
        micros = int(datetime.fromisoformat(f"{at}+00:00").timestamp()) * 1_000_000
        ledger.write([
            Generation(id=new_id(micros), started_at=micros, provider="openai", operation="chat", status="ok", user_id="al")
        ])  # fmt: skip


BERLIN = {"LLMTRACK_TIMEZONE": "Europe/Berlin", "LLMTRACK_BILLING_ANCHOR_DAY": "15"}


@pytest.mark.usefixtures("calls_around_a_cycle")
def test_cycles_begin_when_the_settings_say_in_the_terminal(run):
    assert run("ask", "generations", "--by", "cycle", **BERLIN).output.splitlines() == [
        "cycle       generations",
        "2026-05-15            1",
        "2026-06-15            2",
        "total                 3",
    ]
    typed = run("ask", "generations", "--by", "cycle", "--timezone", "UTC", "--anchor-day", "1")
    assert [line.split() for line in typed.output.splitlines()[1:3]] == [["2026-06-01", "2"], ["2026-07-01", "1"]]


@pytest.mark.usefixtures("calls_around_a_cycle")
def test_cycles_begin_when_the_settings_say_in_an_exported_answer(run):
    ran = run("export", "-", "--format", "jsonl", "--metric", "generations", "--by", "cycle", **BERLIN)
    assert [json.loads(line) for line in ran.stdout.splitlines()] == [
        {"cycle": "2026-05-15T00:00:00+02:00", "generations": 1},
        {"cycle": "2026-06-15T00:00:00+02:00", "generations": 2},
    ]


@pytest.mark.usefixtures("calls_around_a_cycle")
def test_a_day_that_was_typed_begins_on_the_clocks_of_the_settings(run):
    shown = run("ask", "generations", "--since", "2026-06-15", **BERLIN).output
    assert shown.split() == ["generations", "2"]
    assert "2 generations in calls.jsonl" in run("export", "calls.jsonl", "--since", "2026-06-15", **BERLIN).output


@pytest.mark.usefixtures("calls_around_a_cycle")
def test_python_asks_on_the_clocks_of_the_settings_unless_others_are_given(run, monkeypatch):
    for name, value in BERLIN.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    ledger = open_ledger()
    assert [row["generations"] for row in ask(ledger, "generations", by="cycle")] == [1, 2]
    assert [row["generations"] for row in ask(ledger, "generations", by="cycle", timezone="UTC")] == [2, 1]
    with pytest.raises(ValueError, match="cannot start on day 99; choose a day from 1 to 31"):
        ask(ledger, "generations", anchor_day=99)


@pytest.mark.usefixtures("calls_around_a_cycle")
def test_a_filter_given_twice_means_either_value_and_negated_neither(run):
    either = run("ask", "generations", "--where", "user=al", "--where", "user=bo")
    assert either.output.split() == ["generations", "3"]
    neither = run("ask", "generations", "--where", "user!=al", "--where", "user!=bo")
    assert neither.output.split() == ["generations", "0"]


@pytest.mark.parametrize("command", [["status"], ["ask", "cost"], ["verify"], ["prices", "list"]])
def test_a_misspelt_ledger_is_no_empty_one(run, command):
    result = run(*command, "--database", "sqlite:///lmtrack.db")
    assert result.exit_code == 1
    assert f"There is no ledger {Path.cwd() / 'lmtrack.db'}: check the spelling" in result.output
    assert not Path("lmtrack.db").exists()


def test_a_misspelt_ledger_is_not_copied(run):
    result = run("copy", "sqlite:///lmtrack.db", "sqlite:///new.db")
    assert result.exit_code == 1
    assert "There is no ledger" in result.output
    assert list(Path().glob("*.db")) == []


def test_ask_keeps_simulated_calls_apart_as_the_pages_do(run, tmp_path):
    ledger = open_ledger(f"sqlite:///{tmp_path / 'llmtrack.db'}")
    real = {"response_model": "gpt-4o", "cost": Cost("exact", total=2_000_000_000)}
    demo = {"provider": "demo", "response_model": "demo-gpt", "cost": Cost("simulated", total=7_000_000)}
    small = {"response_model": "gpt-5", "cost": Cost("exact", total=400)}
    ledger.write([generation(NOON, **real), generation(NOON + 1, **demo), generation(NOON + 2, **small)])
    assert run("ask", "cost", "generations", "--by", "model").output == (
        "model         cost  generations\n"
        "gpt-4o       $2.00            1\n"
        "gpt-5   <$0.000001            1\n"
        "total        $2.00            3\n"
        "\n"
        "Simulated, and no part of the cost:\n"
        "model     generations  simulated_cost\n"
        "demo-gpt            1       $0.007000\n"
        "\n"
        "Apart from the cost: $0.007000 simulated cost of 1 simulated call.\n"
    )
    assert run("ask", "cost").output == (
        " cost\n$2.00\n\nApart from the cost: $0.007000 simulated cost of 1 simulated call.\n"
    )
    assert run("ask", "simulated").output == "simulated\n        1\n", "where no money is asked for, nothing is added"
