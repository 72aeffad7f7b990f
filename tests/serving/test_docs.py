"""What docs/sign-in.md says holds: its settings exist, with these defaults, and start a server that serves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from llmtrack.serving.identity import start_problems
from llmtrack.settings import Settings, get_settings

PAGE = (Path(__file__).parents[2] / "docs" / "sign-in.md").read_text(encoding="utf-8")
FILLED = {
    "LLMTRACK_OIDC_ISSUER": "https://id.example.com",
    "LLMTRACK_COOKIE_SECRET": "c" * 48,
    "LLMTRACK_HEADER_SECRET": "h" * 48,
}


def blocks() -> list[dict[str, str]]:
    """The variables that each block of commands exports; what the reader has to fill in is filled in."""
    found = []
    for block in re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL):
        lines = re.findall(r"^export (\w+)=(\S+)", block, re.MULTILINE)
        found.append({name: value if "…" not in value else FILLED.get(name, "filled-in") for name, value in lines})
    return found


def test_every_setting_it_names_exists() -> None:
    names = {name.lower() for name in re.findall(r"\bLLMTRACK_([A-Z_]+)\b", PAGE)}
    assert names - set(Settings.model_fields) == set()


def test_the_defaults_it_shows_are_the_defaults() -> None:
    rows = re.findall(r"^\| ((?:`LLMTRACK_\w+`(?:, )?)+) \| ((?:`[^`]+`(?:, )?)+) \|", PAGE, re.MULTILINE)
    assert len(rows) == 5
    for names, defaults in rows:
        for name, default in zip(re.findall(r"LLMTRACK_(\w+)", names), re.findall(r"`([^`]+)`", defaults), strict=True):
            assert f"{Settings.model_fields[name.lower()].default:}".removesuffix(".0") == default


@pytest.mark.parametrize("provider", range(1, 4))
def test_the_settings_it_shows_for_a_provider_start_a_server_that_serves(
    provider: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**blocks()[0], **blocks()[provider]}.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    assert start_problems({"server.address": "0.0.0.0"}.get) == ()


def test_the_settings_it_shows_for_a_proxy_start_a_server_that_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in blocks()[-1].items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    assert get_settings().sign_in == "header"
    assert start_problems({"server.address": "0.0.0.0"}.get) == ()
