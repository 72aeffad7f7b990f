"""The Connect page: a token, lines to copy, and the first call as it comes."""

from __future__ import annotations

import time
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from llmtrack.ledger import Ledger, people
from llmtrack.settings import get_settings
from tests.pages.conftest import OpenPage, call, html_of, read
from tests.pages.test_people import SIGN_IN, press, start

WAITING = ":shimmer[Waiting for your first call with "
ARRIVED = "It works: your call is in the ledger."


def code(app: AppTest) -> list[str]:
    """Everything that can be copied."""
    return [block.value for block in app.code]


def make(app: AppTest) -> str:
    """Press the button; the token."""
    press(app, "Make a token")
    return code(app)[0]


def use(ledger: Ledger, token: str, **more: Any) -> None:
    """What the gateway leaves in the ledger of a call with this token."""
    (record,) = [record for record in people.tokens(ledger) if token.startswith(record.prefix)]
    people.touch_token(ledger, record)
    ledger.write([call(properties={"llmtrack.token": record.prefix}, **more)])


@pytest.fixture
def sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SIGN_IN.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()


@pytest.mark.slow
def test_a_user_makes_a_token_of_their_own_and_copies_lines_with_it(sign_in: None, ledger: Ledger) -> None:
    app = start("alice", page="connect.py")
    assert "Make a token first." in [one.value for one in app.markdown]
    assert all("llmt_…" in block for block in code(app) if "Bearer" in block or "AUTH_TOKEN" in block)
    token = make(app)
    (record,) = people.tokens(ledger)
    assert token.startswith(record.prefix)
    assert (record.name, record.owner, record.service) == ("My programs", "alice@x", None)
    assert record.scopes == ("gateway",)
    assert record.expires_at is not None
    assert (record.expires_at - record.created_at) // 86_400_000_000 in (89, 90)
    blocks = code(app)
    assert f'OpenAI(\n    base_url="http://localhost:8501/openai/v1",\n    api_key="{token}",\n)' in blocks[1]
    assert f'new OpenAI({{\n  baseURL: "http://localhost:8501/openai/v1",\n  apiKey: "{token}",\n}});' in blocks[3]
    assert f'-H "Authorization: Bearer {token}"' in blocks[5]
    assert (
        f"export ANTHROPIC_BASE_URL=http://localhost:8501/anthropic\nexport ANTHROPIC_AUTH_TOKEN={token}\nclaude"
        in blocks
    )
    assert f"export LLMTRACK_TOKEN={token}" in blocks[-1]
    assert 'env_key = "LLMTRACK_TOKEN"\nwire_api = "responses"' in blocks[-2]
    assert not any("<" in block or "llmt_…" in block for block in blocks)


@pytest.mark.slow
def test_a_token_is_gone_once_one_has_left_the_page(sign_in: None) -> None:
    app = start("alice", page="connect.py")
    token = make(app)
    app.run()
    assert code(app)[0] == token  # opening a tab or a reconnect takes nothing away
    app.switch_page("usage.py").run()
    app.switch_page("connect.py").run()
    assert token not in "\n".join(code(app))
    assert f"You have {token[:13].replace('_', chr(92) + '_')}… (My programs)" in "\n".join(read(app)).replace(
        "\\-", "-"
    )


@pytest.mark.slow
def test_it_waits_for_a_call_and_turns_green_when_it_comes(sign_in: None, ledger: Ledger) -> None:
    app = start("alice", page="connect.py")
    token = make(app)
    assert [one.value for one in app.markdown if one.value.startswith(WAITING)]
    ledger.write([call(user_id="alice@x", cost=1)])  # not with this token
    app.run()
    assert ARRIVED not in [one.value for one in app.success]
    use(ledger, token, user_id="alice@x", cost=12_500_000, tokens=(1200, 34), duration=2_000_000)
    app.run()
    assert ARRIVED in [one.value for one in app.success]
    assert not [one.value for one in app.markdown if one.value.startswith(WAITING)]
    (body,) = [body for body in html_of(app) if "Open this call" in body]
    for text in ("gpt-4o", "1,200 → 34", "$0.0125", "2.00 s"):
        assert text in body
    with ledger.reading() as connection:
        ids = [row[0] for row in connection.exec_driver_sql("SELECT id FROM generation WHERE cost > 1")]
    assert f'href="usage?by=call&amp;call={ids[0]}"' in body
    opened = start("alice", page="usage.py", by="call", call=str(ids[0]))
    assert any("1,200 → 34" in body for body in html_of(opened))


@pytest.mark.slow
def test_nobody_sees_the_call_of_anothers_token(sign_in: None, ledger: Ledger) -> None:
    app = start("alice", page="connect.py")
    token = make(app)
    use(ledger, token, user_id="bob@x", cost=7_000_000)  # as a token that acts for others books it
    app.run()
    assert ARRIVED not in [one.value for one in app.success]
    bob = start("bob", page="connect.py")
    assert "Make a token first." in [one.value for one in bob.markdown]
    assert token[:13] not in "\n".join([*code(bob), *read(bob)]).replace("\\", "")


@pytest.mark.slow
def test_a_call_that_failed_is_shown_and_the_next_one_turns_it_green(sign_in: None, ledger: Ledger) -> None:
    app = start("alice", page="connect.py")
    token = make(app)
    use(ledger, token, user_id="alice@x", status="error", error_type="authentication", cost=None, tokens=(None, None))
    app.run()
    assert "A call came, and failed: authentication." in [one.value for one in app.error]
    time.sleep(0.01)
    use(ledger, token, user_id="alice@x", cost=1_000_000)
    app.run()
    assert ARRIVED in [one.value for one in app.success]
    assert not app.error


@pytest.mark.slow
def test_a_token_that_was_revoked_is_waited_for_no_more(sign_in: None, ledger: Ledger) -> None:
    app = start("alice", page="connect.py")
    make(app)
    people.revoke_token(ledger, people.tokens(ledger)[0].prefix, by="root")
    app.run()
    assert "Make a token first." in [one.value for one in app.markdown]


@pytest.mark.slow
def test_where_nobody_signs_in_it_is_a_services_token(open_page: OpenPage, ledger: Ledger) -> None:
    app = open_page("connect.py")
    app.text_input(key="connect_name").input("Agents")
    token = make(app)
    (record,) = people.tokens(ledger)
    assert (record.name, record.owner, record.service, record.scopes) == ("Agents", None, "Agents", ("gateway",))
    use(ledger, token, user_id="kim", cost=None)
    app.run()
    assert ARRIVED in [one.value for one in app.success]
    (body,) = [body for body in html_of(app) if "Open this call" in body]
    assert "unknown" in body
    assert 'href="calls?call=' in body


@pytest.mark.slow
def test_a_token_without_a_name_is_refused_in_words(open_page: OpenPage, ledger: Ledger) -> None:
    app = open_page("connect.py")
    app.text_input(key="connect_name").input("  ")
    press(app, "Make a token")
    assert [one.value for one in app.error] == ["The token has no name\\: say what will use it\\."]
    assert people.tokens(ledger) == []


@pytest.mark.slow
def test_the_lines_name_the_gateway_that_runs_by_itself(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, ledger: Ledger
) -> None:
    monkeypatch.setenv("LLMTRACK_GATEWAY", "false")
    get_settings.cache_clear()
    off = open_page("connect.py")
    assert "**This server has no gateway**" in "\n".join(read(off))
    assert not off.code
    monkeypatch.setenv("LLMTRACK_GATEWAY_ADDRESS", "https://gateway.example.com")
    get_settings.cache_clear()
    app = open_page("connect.py")
    assert "curl https://gateway.example.com/openai/v1/chat/completions" in "\n".join(code(app))
    assert not any("has no key" in body for body in html_of(app))  # it has settings of its own


def test_a_provider_without_a_key_is_named(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    get_settings.cache_clear()
    (note,) = [body for body in html_of(open_page("connect.py")) if "has no key" in body]
    assert "no key for Anthropic" in note
    assert "ANTHROPIC_API_KEY" in note
