"""An SDK of the same shape as the two we know is recorded by a module of its own and a reader."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import llmtrack
from llmtrack.capture.readers import READERS
from tests.provider import Provider

SDK = """
from types import SimpleNamespace
from typing import Any

import httpx2


class TinyError(Exception):
    def __init__(self, response):
        super().__init__(response.text)
        self.response, self.status_code, self.body = response, response.status_code, response.json()


class Tiny:
    def __init__(self, base_url, api_key):
        self.base_url, self.api_key = httpx2.URL(base_url), api_key
        self.http = httpx2.Client(trust_env=False)

    def copy(self, **options):
        copied = type(self)(**{"base_url": str(self.base_url), "api_key": self.api_key, **options})
        copied.http.close()
        copied.http = self.http
        return copied

    def answer(self, model, question):
        body = {"model": model, "messages": [{"role": "user", "content": question}]}
        options = SimpleNamespace(
            method="post", url="/chat/completions", json_data=body, extra_json=None, headers={}, files=None
        )
        return self.request(dict, options)

    def request(self, cast_to, options, *, stream=False, stream_cls=None):
        url = f"{self.base_url}{options.url}"
        headers = {"authorization": f"Bearer {self.api_key}"}
        request = self.http.build_request(options.method, url, json=options.json_data, headers=headers)
        self._prepare_request(request)
        response = self.http.send(request)
        if response.status_code >= 400:
            raise TinyError(response)
        return self._process_response(cast_to=cast_to, response=response, options=options)

    def _prepare_request(self, request):
        pass

    def _process_response(self, *, cast_to, response, options):
        return response.json()["choices"][0]["message"]["content"]
"""

TRACKED = """
import tinysdk

from llmtrack.capture.endpoints import Endpoint, Endpoints
from llmtrack.capture.sdk import Family

FAMILY = Family("tinysdk", Endpoints({"POST /chat/completions": Endpoint("chat", "tinysdk.answers")}))


@FAMILY.tracked
class Tiny(tinysdk.Tiny):
    pass
"""


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: Provider) -> Iterator[Any]:
    """A client of an SDK that llmtrack does not have, with the module and the reader that make it known."""
    for folder, source in (("sdk", SDK), ("ours", TRACKED)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "tinysdk.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path / "sdk")
    monkeypatch.setattr(llmtrack, "__path__", [*llmtrack.__path__, str(tmp_path / "ours")])
    monkeypatch.setitem(READERS, "tinysdk.answers", READERS["openai.chat"])  # type: ignore[arg-type]
    import tinysdk  # type: ignore[import-not-found]

    client = tinysdk.Tiny(provider.openai_url, "tiny-key")
    yield client
    client.http.close()
    del sys.modules["tinysdk"]
    sys.modules.pop("llmtrack.tinysdk", None)


@pytest.mark.slow
def test_an_sdk_of_the_same_shape_needs_a_module_and_a_reader(
    tiny: Any, rows: Callable[[], list[SimpleNamespace]]
) -> None:
    client = llmtrack.track(tiny, provider="tiny", user_id="alice")
    assert client.answer("gpt-4o", "Hi") == "Hello world"
    assert client.copy().answer("gpt-4o", "Hi") == "Hello world"
    row, of_copy = rows()
    assert (row.provider, row.user_id, row.status, row.input_tokens) == ("tiny", "alice", "ok", 100)
    assert (of_copy.user_id, of_copy.input_tokens) == ("alice", 100)
