"""A key that a provider repeats is on no page, in no export and in no file."""

from __future__ import annotations

import logging
from pathlib import Path

import openai
import pytest
from click.testing import CliRunner

import llmtrack
from llmtrack.cli import main
from llmtrack.ledger import open_ledger
from llmtrack.ledger.export.stream import FORMATS
from llmtrack.ledger.lists import generations
from llmtrack.openai import OpenAI
from tests.pages.conftest import OpenPage, html_of, read
from tests.provider import Answer, Provider

SECRETS = ("sk-proj-abcdefghijklmnop1234", "AIzaFAKE0000", "Zebra0815")
SENTENCE = f"Incorrect API key provided: {SECRETS[0]}. See http://host/v1?key={SECRETS[1]} for {SECRETS[2]}."


@pytest.mark.slow
def test_a_key_that_a_provider_repeats_is_on_no_page_and_in_no_export(
    open_page: OpenPage, provider: Provider, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="llmtrack")
    error = {"error": {"message": SENTENCE, "type": "invalid_request_error", "code": "invalid_api_key"}}
    provider.script("/chat/completions", [Answer(error, status=401)])
    client = llmtrack.track(OpenAI(api_key=SECRETS[2]), provider="openai", user_id="kim")
    with client, pytest.raises(openai.AuthenticationError):
        client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Hello"}])
    assert llmtrack.flush(30).waiting == 0

    app = open_page("admin/generations.py", call=str(generations(open_ledger()).rows[0].id))
    texts = "\n".join([*read(app), *html_of(app)]).replace("\\", "")
    assert "Incorrect API key provided: sk-proj-***. See http://host/v1?key=*** for ***." in texts
    exported = []
    for ending in FORMATS:
        path = tmp_path / f"calls.{ending}"
        assert CliRunner().invoke(main, ["export", str(path)]).exit_code == 0
        exported.append(path)
    assert all(path.stat().st_size for path in exported)
    files = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"sk-proj-***" in files
    found = texts + caplog.text + files.decode(errors="replace")
    assert [secret for secret in SECRETS if secret in found] == []
