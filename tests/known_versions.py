"""What becomes of a test that compares us with what somebody else's package says, once they release another version.

A test marked ``@pytest.mark.compares_with("genai-prices")`` has to pass with the version in `constraints.txt`. With any
other, its failure is news for the maintainer (a model ended, a price changed) and is reported as an expected failure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

import pytest

CONSTRAINTS = Path(__file__).parent / "constraints.txt"
MARK = "compares_with"


@lru_cache(maxsize=1)
def known_versions() -> Mapping[str, str]:
    """The version of each package that the tests were last seen green with."""
    return dict(re.findall(r"^([\w.-]+)==(\S+)$", CONSTRAINTS.read_text(encoding="utf-8"), re.MULTILINE))


def other_versions(packages: tuple[str, ...]) -> str:
    """Which of the packages is installed in another version: ``genai-prices 0.2.4 instead of 0.2.3``."""
    known = known_versions()
    return ", ".join(
        f"{name} {version(name)} instead of {known[name]}" for name in packages if version(name) != known[name]
    )


def as_news(report: pytest.TestReport, item: pytest.Item) -> pytest.TestReport:
    """The report of a test that ran; a failed comparison with another version as an expected failure that says so."""
    packages = tuple(name for mark in item.iter_markers(MARK) for name in mark.args)
    if report.failed and report.when == "call" and (others := other_versions(packages)):
        report.outcome = "skipped"
        report.wasxfail = f"news for the maintainer: {others}"
    return report
