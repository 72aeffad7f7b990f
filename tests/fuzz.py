"""How many examples a property-based test tries, and how much memory trying them may take."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

MOST_MEGABYTES = 300
"""By which a process may grow while it tries examples."""


def tries(usual: int, **more: Any) -> settings:
    """So many examples; with ``LLMTRACK_TEST_FUZZ=1000`` a thousand."""
    number = int(os.environ.get("LLMTRACK_TEST_FUZZ", usual))
    return settings(max_examples=number, deadline=None, suppress_health_check=list(HealthCheck), **more)


@pytest.fixture
def bounded_memory() -> Iterator[None]:
    """Fails where the process grew too much during a test, at its peak; the figure is logged. Needs Linux's /proc."""
    if not Path("/proc/self/clear_refs").exists():
        yield
        return
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = _megabytes("VmRSS")
    yield
    grown = _megabytes("VmHWM") - before
    logging.getLogger(__name__).warning("%d MB more memory at most", grown)
    assert grown < MOST_MEGABYTES


def _megabytes(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(f"{name}:")).split()[1]) // 1024
