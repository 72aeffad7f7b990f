"""What has a key's form is masked in text that others wrote, and sentences stay sentences."""

from __future__ import annotations

import pytest

from llmtrack.masking import mask, mask_address

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Incorrect API key provided: sk-abcdefghijklmnop1234.", "Incorrect API key provided: sk-***."),
        ("key sk-proj-abcdefghijklmnop1234", "key sk-proj-***"),
        ("key sk-proj-********************1234", "key sk-proj-***"),
        ("(sk-ant-api03-AbCd_ef-9876)", "(sk-ant-***)"),
        ("'AIzaSyD-1234567890abcdefghijklmnopqrstuv'", "'AIza***'"),
        ("xai-abcdef123456, gsk_abcdef123456", "xai-***, gsk_***"),
        ("AKIAIOSFODNN7EXAMPLE and hf_abcdefgh1234", "AKIA*** and hf_***"),
        ("Authorization: Bearer abc.def-123", "Authorization: Bearer ***"),
        ("Basic YWRtaW46c2VjcmV0", "Basic ***"),
        (f"token {JWT} expired", "token eyJ*** expired"),
        ('{"x-api-key": "0123456789abcdef"}', '{"x-api-key": "***"}'),
        ("http://admin:PASSWORD@host/v1?api_key=abc&n=1", "http://host/v1?api_key=***&n=1"),
        ("see ?key=AIzaFAKE0000 there", "see ?key=*** there"),
        ('"https://g.co/v1?alt=sse\\u0026key=abc"', '"https://g.co/v1?alt=sse\\u0026key=***"'),
        ("postgresql://me:p%40ss@db:5432/x?password=y&sslmode=require", "postgresql://db:5432/x?password=***&sslmode=require"),
    ],
)  # fmt: skip
def test_whatever_has_the_form_of_a_key_is_masked(text: str, masked: str) -> None:
    assert mask(text) == masked
    assert mask(masked) == masked


@pytest.mark.parametrize(
    "text",
    [
        "The bearer token is missing; basic authentication failed.",
        "Unsupported parameter: 'max_tokens' (see http://host/v1?max_tokens=5).",
        "task-management-system risk-sk-1 asked bob@example.com",
        "The model `gpt-4o` does not exist. http://127.0.0.1:11434/v1/chat/completions",
        "",
    ],
)
def test_a_sentence_without_keys_stays_as_it_is(text: str) -> None:
    assert mask(text) == text
    assert mask_address(text) == text


def test_a_secret_is_found_however_it_is_written() -> None:
    text = r"pass/word+1 and pass\/word+1 and pass%2Fword%2B1"
    assert mask(text, ["pass/word+1"]) == "*** and *** and ***"


def test_a_secret_that_is_any_word_is_left_alone() -> None:
    assert mask("none of the models is on", ["none", "on"]) == "none of the models is on"
