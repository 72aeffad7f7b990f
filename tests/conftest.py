"""What every test stands on: a clean environment, a fresh ledger on each database, and honest skips."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest

from tests.known_versions import as_news
from tests.new_ledgers import copy_tables, postgres_database_on

STRICT = os.environ.get("LLMTRACK_TEST_STRICT") == "1"
"""CI sets it: what cannot run there is a failure, not a skip."""

POSTGRES_URL = os.environ.get("LLMTRACK_TEST_POSTGRES_URL", "")
"""A PostgreSQL server on which the tests may create databases, as ``postgresql://user@host:port/postgres``."""

NOW = os.environ.get("LLMTRACK_TEST_NOW", "")
"""The date and time (UTC, ISO 8601) at which the tests begin, instead of now: what passes today has to pass next year.

Only this process is moved, not those that a test starts, and not PostgreSQL.
"""

if NOW:
    import time_machine

    time_machine.travel(datetime.fromisoformat(NOW).replace(tzinfo=UTC), tick=True).start()

if os.environ.get("LLMTRACK_TEST_RANDOM") != "1":
    # The same examples in every run: what is red is red because of a change, not because of the dice.
    import hypothesis

    hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
    hypothesis.settings.load_profile("repeatable")

pytest_plugins = ["tests.provider.fixtures", "tests.browser.fixtures", "tests.fuzz"]

COUNTS_LOSSES = (
    "test_concurrency.py", "test_durability.py", "test_journal.py", "test_limits_under_load.py", "test_power_cut.py",
    "test_spill.py",
)  # fmt: skip
"""What fails once in these has lost, doubled or overspent something: no second run makes that good."""

_OURS = ("LLMTRACK_", "OPENAI_", "ANTHROPIC_", "AZURE_OPENAI_", "STREAMLIT_")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting, key or proxy of the developer's reaches a test, and no test writes outside its own directory."""
    for name in os.environ:
        if name.startswith(_OURS) and not name.startswith("LLMTRACK_TEST_"):
            monkeypatch.delenv(name)
        if name.lower() in _PROXIES:
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    for name in ("HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.setenv("LLMTRACK_DATABASE_URL", f"sqlite:///{tmp_path / 'llmtrack.db'}")
    settings = sys.modules.get("llmtrack.settings")
    if settings is not None:
        settings.get_settings.cache_clear()


@pytest.fixture(autouse=True)
def tables_are_copied(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """New SQLite ledgers that the test opens have their tables from a copy."""
    if not _makes_tables(request):
        monkeypatch.setattr("llmtrack.ledger.open.upgrade_tables", copy_tables)


def _makes_tables(request: pytest.FixtureRequest) -> bool:
    return request.node.get_closest_marker("makes_tables") is not None


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a new ledger of the test's own, on each kind of database we keep a ledger in."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'ledger.db'}"
    else:
        yield from postgres_database(tables=not _makes_tables(request))


@pytest.fixture
def postgres_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a new ledger of the test's own on PostgreSQL."""
    yield from postgres_database(tables=not _makes_tables(request))


def postgres_database(*, tables: bool = True) -> Iterator[str]:
    """Make a database on the server given, with a new ledger's tables or empty, hand out its URL, and drop it."""
    if not POSTGRES_URL:
        pytest.skip("LLMTRACK_TEST_POSTGRES_URL names no PostgreSQL server")
    yield from postgres_database_on(POSTGRES_URL, tables=tables)


def pytest_configure(config: pytest.Config) -> None:
    """Files go to the processes in the order below, where there are several, and not by how many tests they hold.

    Playwright leaves an event loop running, so that in a process which drove a browser nothing asynchronous runs any more.
    """
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses by markers
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Quick tests first: whatever drives a browser comes last, and is tried twice more if it fails.

    A real browser on a busy machine now and then misses a click while the page is drawn anew; the report counts reruns.
    What is `slow` starts processes and waits for them, so it is tried once more; but not what counts what was lost.
    A database on a server takes a while to make, so what needs one is `slow`.
    Trials at their full length are left out unless they are asked for with `-m full`.
    """
    if "full" not in config.getoption("markexpr"):
        full = [item for item in items if item.get_closest_marker("full")]
        config.hook.pytest_deselected(items=full)
        items[:] = [item for item in items if item not in full]
    items.sort(key=lambda item: "browser" in item.path.parts)
    for item in items:
        if _needs_postgresql(item):
            item.add_marker(pytest.mark.slow)
        if "browser" in item.path.parts:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.flaky(reruns=2))
        elif item.get_closest_marker("slow") and item.path.name not in COUNTS_LOSSES:
            item.add_marker(pytest.mark.flaky(reruns=1))


def _needs_postgresql(item: pytest.Item) -> bool:
    chosen = getattr(item, "callspec", None)
    return "postgres_url" in getattr(item, "fixturenames", ()) or (
        chosen is not None and "postgresql" in chosen.params.values()
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where skips are not allowed, say which test was skipped and why, as a failure.

    What fails because somebody released a new version is no failure of ours (`known_versions`).
    """
    report = yield
    return _failed_if_skipped(as_news(report, item))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a module that skips itself."""
    report = yield
    return _failed_if_skipped(report)


Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


def _failed_if_skipped(report: Report) -> Report:
    if STRICT and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{reason} (skips count as failures here, because LLMTRACK_TEST_STRICT=1)"
    return report
