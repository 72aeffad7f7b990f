"""Another version of somebody else's package makes a comparison with it news, and leaves every other failure one."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.known_versions import known_versions, other_versions

ROOT = Path(__file__).parent.parent
pytest_plugins = ["pytester"]

CONFTEST = """
import pytest
from tests import known_versions

def pytest_configure(config):
    config.addinivalue_line("markers", "compares_with(package, ...)")

@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    report = yield
    return known_versions.as_news(report, item)
"""
TESTS = """
import pytest

@pytest.mark.compares_with("pytest")
def test_compares_with_another_version():
    assert 1 == 2

@pytest.mark.compares_with("pytest")
def test_agrees_with_another_version():
    pass

@pytest.mark.compares_with("pluggy")
def test_compares_with_the_known_version():
    assert 1 == 2

def test_compares_with_nothing():
    assert 1 == 2
"""


def test_only_a_comparison_with_another_version_is_news(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {"pytest": "0.1", "pluggy": version("pluggy")}
    monkeypatch.setattr("tests.known_versions.known_versions", lambda: known)
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_some=TESTS)
    result = pytester.runpytest("-ra", "-p", "no:cacheprovider", "-p", "no:asyncio")
    result.assert_outcomes(passed=1, failed=2, xfailed=1)
    result.stdout.re_match_lines([
        rf"XFAIL .*test_compares_with_another_version - news for the maintainer: pytest {re.escape(pytest.__version__)} "
        r"instead of 0\.1.*"
    ])  # fmt: skip


def test_every_package_compared_with_has_a_known_version() -> None:
    marks = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for names in re.findall(
            r"^(?:@|pytestmark = )pytest\.mark\.compares_with\((.+)\)$", path.read_text("utf-8"), re.M
        )
        for name in re.findall(r'"([^"]+)"', names)
    }
    assert {"openai", "anthropic", "genai-prices"} <= marks
    assert marks <= set(known_versions())
    other_versions(tuple(marks))  # all of them are installed


def test_the_oldest_versions_are_the_lower_bounds_of_the_requirements() -> None:
    """The last number may be left out of a bound; psycopg's binary half is a package of its own."""
    requirements = (ROOT / "requirements.txt").read_text("utf-8")
    bounds = dict(re.findall(r"^([\w-]+)(?:\[\w+\])?>=([\d.]+)", requirements, re.M))
    oldest = dict(re.findall(r"^([\w-]+)==([\d.]+)$", (ROOT / "tests" / "oldest.txt").read_text("utf-8"), re.M))
    assert oldest.pop("psycopg-binary") == oldest["psycopg"]
    assert {name: padded(bound) for name, bound in bounds.items()} == {n: padded(v) for n, v in oldest.items()}


def padded(number: str) -> tuple[int, ...]:
    """``1.67`` and ``1.67.0`` are the same version."""
    parts = [int(part) for part in number.split(".")]
    return (*parts, *[0] * (3 - len(parts)))
