"""What a chat stream says of its usage when we asked for it: only what came of our asking is hidden."""

from __future__ import annotations

import pytest

from llmtrack.capture.usage_filter import ANY_CHUNK, OPENAIS, UsageFilter

WORD = b'data: {"id":"1","system_fingerprint":"fp_1","choices":[{"index":0,"delta":{"content":"a"}}],"usage":null}\n\n'
USAGE = b'data: {"id":"1","system_fingerprint":"fp_1","choices":[],"usage":{"prompt_tokens":1}}\n\n'
DONE = b"data: [DONE]\n\n"


def passed(stream: bytes, size: int, *, beside: bytes | None = ANY_CHUNK) -> bytes:
    """What a caller sees of `stream`, sent in pieces of `size` bytes."""
    hide = UsageFilter(nulls_beside=beside)
    return b"".join([hide.feed(stream[at : at + size]) for at in range(0, len(stream), size)]) + hide.rest()


@pytest.mark.parametrize("size", [1, 7, 40, 1000])
def test_what_openai_adds_because_it_was_asked_is_hidden(size: int) -> None:
    assert passed(WORD + WORD + USAGE + DONE, size) == WORD.replace(b',"usage":null', b"") * 2 + DONE


@pytest.mark.parametrize("size", [1, 7, 40, 1000])
def test_what_a_server_says_unasked_is_left(size: int) -> None:
    last = WORD.replace(b"null", b'{"prompt_tokens":1}')
    assert passed(WORD + last + USAGE + DONE, size, beside=None) == WORD + last + DONE


@pytest.mark.parametrize("size", [1, 7, 40, 1000])
def test_of_a_server_that_was_never_seen_only_events_of_openais_kind_lose_it(size: int) -> None:
    another = WORD.replace(b'"system_fingerprint":"fp_1",', b"")
    assert passed(another + another + DONE, size, beside=OPENAIS) == another + another + DONE
    assert passed(WORD + WORD + DONE, size, beside=OPENAIS) == WORD.replace(b',"usage":null', b"") * 2 + DONE
