"""The version of this package, also where it runs from its sources and was never installed."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

NOT_INSTALLED = "unknown (not installed)"
"""What stands in its place where only the requirements were installed, as the README's first commands do."""


def own_version() -> str:
    """The version that is installed, or `NOT_INSTALLED`."""
    try:
        return version("llmtrack")
    except PackageNotFoundError:
        return NOT_INSTALLED
