"""Settings that are read anew for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from llmtrack.serving.identity import sessions
from llmtrack.settings import get_settings


@pytest.fixture(autouse=True)
def fresh_settings(clean_environment: None) -> Iterator[None]:
    """What a test sets in the environment holds for it alone."""
    get_settings.cache_clear()
    sessions._refused.clear()  # whom the process has refused already is not noted again
    yield
    get_settings.cache_clear()
