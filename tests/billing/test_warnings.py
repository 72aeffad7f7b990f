"""Warnings: each told once, by mail and by webhook, until it arrives or is given up."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from email import message_from_bytes
from email.message import Message as Mail
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from pydantic import SecretStr

from llmtrack.billing.warnings import ATTEMPTS, deliver_due, make_payload, note_crossings, send_test
from llmtrack.ledger import Ledger, limit_warnings
from llmtrack.ledger.limit_book import raise_limit, reset_limit, set_limit
from llmtrack.ledger.limits import Limit
from llmtrack.ledger.maintenance import erase
from llmtrack.pricing import Cost, Usage
from llmtrack.settings import Settings
from llmtrack.warning_settings import WebhookSettings
from tests.billing.webhook_receiver import Hook, receiving
from tests.ledger.making import generation

BOTH = pytest.mark.parametrize("ledger_url", ["sqlite", "postgresql"], indirect=True)
SECRET = "whsec_" + "AbcdEfgh" * 5 + "AAA="
NODE = Path(__file__).parents[1] / "node"
CENT = 10_000_000


@pytest.fixture
def hook() -> Iterator[Hook]:
    with receiving() as server:
        yield server


@pytest.fixture
def settings_of() -> Callable[..., Settings]:
    """Settings with a webhook."""

    def make(url: str | None = None, **more: Any) -> Settings:
        hooks = {"ops": WebhookSettings.model_validate({"url": url, "secret": SECRET})} if url else {}
        return Settings(webhooks=hooks, **more)

    return make


def limit(ledger: Ledger, **given: Any) -> Limit:
    """Sets a limit of $1 a month for each user."""
    plain = Limit(id=0, scope="user", target="*", unit="cost", period="month", amount=100 * CENT)
    return set_limit(ledger, replace(plain, **given), by="root")


def use(ledger: Ledger, cents: int, user: str = "alice", **more: Any) -> None:
    """Somebody uses so many cents."""
    cost = Cost("exact", total=cents * CENT, input=cents * CENT)
    ledger.write([generation(time.time_ns() // 1000, user_id=user, cost=cost, **more)])


def told(ledger: Ledger) -> list[tuple[str, int]]:
    """Who was told what, in the order of time."""
    return [(record.subject, record.threshold) for record in reversed(limit_warnings.warnings(ledger))]


@BOTH
def test_each_percentage_is_told_once_and_the_highest_alone(
    ledger: Ledger, settings_of: Callable[..., Settings]
) -> None:
    limit(ledger)
    settings = settings_of()
    use(ledger, 49)
    assert note_crossings(ledger, settings) == 0
    use(ledger, 1)
    assert [note_crossings(ledger, settings) for _ in range(2)] == [1, 0]
    use(ledger, 55)  # past 80 and past 100
    assert [note_crossings(ledger, settings) for _ in range(2)] == [1, 0]
    use(ledger, 90, "bob")
    note_crossings(ledger, settings)
    assert told(ledger) == [("alice", 50), ("alice", 100), ("bob", 80)]


@pytest.mark.slow
@BOTH
def test_of_several_that_look_at_once_one_tells(ledger: Ledger, settings_of: Callable[..., Settings]) -> None:
    limit(ledger, thresholds=(50,))
    for number in range(20):
        use(ledger, 60, f"user {number}")
    settings = settings_of("http://127.0.0.1:9/")
    counts: list[int] = []
    together = threading.Barrier(4)

    def look() -> None:
        together.wait(30)
        counts.append(note_crossings(ledger, settings))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(counts) == 20
    records = limit_warnings.warnings(ledger)
    assert len(records) == len({record.subject for record in records}) == 20
    assert len(limit_warnings.deliveries(ledger, [record.id for record in records])) == 20


def test_a_raise_is_no_news_and_a_reset_begins_anew(ledger: Ledger, settings_of: Callable[..., Settings]) -> None:
    number = limit(ledger).id
    settings = settings_of()
    use(ledger, 90)
    note_crossings(ledger, settings)
    raise_limit(ledger, number, 150 * CENT, time.time_ns() // 1000 + 10**10, by="root")  # 60 % of that
    note_crossings(ledger, settings)
    assert told(ledger) == [("alice", 80)]
    use(ledger, 40)  # 130 of 150
    note_crossings(ledger, settings)
    assert told(ledger) == [("alice", 80), ("alice", 80)]
    reset_limit(ledger, number, by="root")
    use(ledger, 80)
    note_crossings(ledger, settings)
    assert told(ledger)[-1] == ("alice", 50)


@BOTH
def test_the_first_call_that_a_hard_limit_refuses_is_told_as_the_whole(
    ledger: Ledger, settings_of: Callable[..., Settings]
) -> None:
    number = limit(ledger).id
    settings = settings_of()
    use(ledger, 97)
    note_crossings(ledger, settings)
    refusal = {"limit": number, "reason": "exceeded", "subject": "alice", "spent": 97 * CENT}
    for _ in range(2):
        at = time.time_ns() // 1000
        ledger.write([generation(at, status="refused", usage=Usage(), cost=Cost("exact", total=0), refusal=refusal)])
        note_crossings(ledger, settings)
    assert told(ledger) == [("alice", 80), ("alice", 100)]
    words = make_payload(limit_warnings.warnings(ledger)[0])["text"]
    assert words.startswith("User alice was refused a call: $0.97 of $1.00 per month used.")


def test_a_limit_of_nothing_and_one_that_warns_of_nothing_tell_nothing(
    ledger: Ledger, settings_of: Callable[..., Settings]
) -> None:
    limit(ledger, amount=0)
    limit(ledger, scope="team", thresholds=())
    use(ledger, 500, group="blue")
    assert note_crossings(ledger, settings_of()) == 0


def test_the_payload_says_who_reached_how_much_of_what(ledger: Ledger, settings_of: Callable[..., Settings]) -> None:
    number = limit(ledger, scope="team", target="<!channel> & co", timezone="Europe/Berlin").id
    use(ledger, 85, group="<!channel> & co")
    note_crossings(ledger, settings_of())
    payload = make_payload(limit_warnings.warnings(ledger)[0], "https://llm.example.com/limits?limit=1")
    assert payload["type"] == "limit.warning"
    assert payload["text"].startswith("Team &lt;!channel&gt; &amp; co reached 80 % of $1.00 per month: $0.85 used.")
    data = payload["data"]
    assert {name: data[name] for name in ("limit", "scope", "name", "threshold", "amount", "spent", "refuses")} == {
        "limit": number, "scope": "team", "name": "<!channel> & co", "threshold": 80, "amount": "1.00",
        "spent": "0.85", "refuses": True,
    }  # fmt: skip


@pytest.mark.slow
def test_a_receiver_in_another_language_verifies_what_is_sent(
    ledger: Ledger, settings_of: Callable[..., Settings]
) -> None:
    node = shutil.which("node")
    if node is None or not (NODE / "node_modules" / "standardwebhooks").is_dir():
        pytest.skip("no receiver in another language: install Node.js and run `npm ci` in tests/node")
    process = subprocess.Popen([node, "receive.mjs", SECRET], cwd=NODE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        settings = settings_of(f"http://127.0.0.1:{int(process.stdout.readline())}/")
        limit(ledger)
        use(ledger, 85, "Zoë 林")
        note_crossings(ledger, settings)
        assert deliver_due(ledger, settings) == 1
        first = json.loads(process.stdout.readline())
        assert first["verified"]["data"]["name"] == "Zoë 林"
        assert first["id"].startswith("msg_")
        wrong = settings.model_copy(
            update={
                "webhooks": {
                    "ops": WebhookSettings(url=settings.webhooks["ops"].url, secret=SecretStr("whsec_" + "A" * 40))
                }
            }
        )
        assert send_test(ledger, wrong, "webhook", "ops").problem == "answered 401"
        assert "No matching signature" in json.loads(process.stdout.readline())["refused"]
    finally:
        process.kill()
        process.communicate(timeout=10)


@pytest.mark.slow
@BOTH
def test_what_fails_is_tried_again_with_the_same_id_and_given_up_at_last(
    ledger: Ledger, hook: Hook, settings_of: Callable[..., Settings]
) -> None:
    limit(ledger)
    use(ledger, 85)
    settings = settings_of(hook.url)
    note_crossings(ledger, settings)
    hook.answers = [(500, {})] * 20
    now = time.time_ns() // 1000
    pauses = []
    for _ in range(ATTEMPTS):
        assert deliver_due(ledger, settings, clock=lambda at=now: at) == 0
        (record,) = limit_warnings.deliveries(ledger, [limit_warnings.warnings(ledger)[0].id])
        pauses.append((record.next_at - now) // 1_000_000)
        now = max(now, record.next_at)
    assert (record.state, record.attempts, record.error) == ("failed", ATTEMPTS, "answered 500")
    assert all(low <= pause <= high for pause, (low, high) in zip(pauses, [
        (4, 6), (54, 66), (270, 330), (1620, 1980), (6480, 7920), (16_200, 19_800), (32_400, 39_600),
    ], strict=False))  # fmt: skip
    assert deliver_due(ledger, settings, clock=lambda: now + 10**12) == 0
    assert len(hook.requests) == ATTEMPTS
    assert len({headers["webhook-id"] for _, headers, _ in hook.requests}) == 1
    assert len({body for _, _, body in hook.requests}) == 1


@pytest.mark.slow
def test_a_redirect_is_not_followed(ledger: Ledger, hook: Hook, settings_of: Callable[..., Settings]) -> None:
    hook.answers = [(307, {"location": hook.url + "/elsewhere"})]
    attempt = send_test(ledger, settings_of(hook.url), "webhook", "ops")
    assert (attempt.done, attempt.problem) == (False, "answered 307, a redirect, which is not followed")
    assert [path for path, _, _ in hook.requests] == ["/in/T0K3N"]


@pytest.mark.slow
def test_a_receiver_that_is_gone_is_not_asked_again_and_one_that_asks_for_time_gets_it(
    ledger: Ledger, hook: Hook, settings_of: Callable[..., Settings]
) -> None:
    settings = settings_of(hook.url)
    hook.answers = [(410, {}), (429, {"retry-after": "7200"})]
    send_test(ledger, settings, "webhook", "ops")
    send_test(ledger, settings, "webhook", "ops")
    later, gone = limit_warnings.deliveries(ledger, [], tests=5)
    assert (gone.state, gone.attempts) == ("failed", 1)
    assert (later.state, (later.next_at - later.created_at) // 1_000_000 >= 7200) == ("pending", True)


def test_a_receiver_that_never_answers_holds_nobody_up_for_long(
    ledger: Ledger, settings_of: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmtrack.billing.warnings.webhooks.SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        attempt = send_test(ledger, settings_of(f"http://127.0.0.1:{silent.getsockname()[1]}/"), "webhook", "ops")
    assert attempt.problem == "no answer in time"


def test_no_secret_is_in_the_ledger_or_in_what_is_said(
    ledger: Ledger, settings_of: Callable[..., Settings], caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    settings = settings_of(f"http://127.0.0.1:{port}/in/T0K3N")
    limit(ledger)
    use(ledger, 85)
    note_crossings(ledger, settings)
    deliver_due(ledger, settings)
    (record,) = limit_warnings.deliveries(ledger, [limit_warnings.warnings(ledger)[0].id])
    for text in (repr(record), repr(settings.webhooks), caplog.text):
        assert "T0K3N" not in text
        assert SECRET not in text
    assert record.error == "could not be reached (ConnectError)"


@pytest.mark.slow
def test_a_webhook_that_was_removed_from_the_settings_gets_nothing(
    ledger: Ledger, hook: Hook, settings_of: Callable[..., Settings]
) -> None:
    limit(ledger)
    use(ledger, 85)
    note_crossings(ledger, settings_of(hook.url))
    deliver_due(ledger, settings_of())
    (record,) = limit_warnings.deliveries(ledger, [limit_warnings.warnings(ledger)[0].id])
    assert (record.state, hook.requests) == ("withdrawn", [])


class Inbox:
    """What a mail server took in."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], Mail]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # aiosmtpd calls it so
        self.mails.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=default)))
        return "250 OK"


@pytest.fixture
def inbox() -> Iterator[tuple[Inbox, int]]:
    handler = Inbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield handler, port
    controller.stop()


def test_the_person_and_the_admins_are_written_to(
    ledger: Ledger, inbox: tuple[Inbox, int], settings_of: Callable[..., Settings]
) -> None:
    box, port = inbox
    settings = settings_of(
        smtp_host="127.0.0.1", smtp_port=port, smtp_security="none", smtp_from="llmtrack@example.com",
        admins=("root@example.com", "not-an-address"), warning_mail_to=("ops@example.com",),
        app_url="https://llm.example.com/",
    )  # fmt: skip
    limit(ledger)
    use(ledger, 85, "ann@example.com")
    note_crossings(ledger, settings)
    assert deliver_due(ledger, settings) == 3
    assert sorted(to for (to,), _ in box.mails) == ["ann@example.com", "ops@example.com", "root@example.com"]
    mail = box.mails[0][1]
    assert mail["subject"] == "User ann@example.com reached 80 % of $1.00 per month"
    text = mail.get_content()  # type: ignore[attr-defined]
    assert "What goes beyond it is refused. It begins anew on 1 " in text
    assert "https://llm.example.com/usage" in text


def test_a_name_cannot_add_headers_to_a_mail(
    ledger: Ledger, inbox: tuple[Inbox, int], settings_of: Callable[..., Settings]
) -> None:
    box, port = inbox
    settings = settings_of(
        smtp_host="127.0.0.1", smtp_port=port, smtp_security="none", smtp_from="a@example.com",
        warning_mail_to=("ops@example.com",),
    )  # fmt: skip
    limit(ledger, scope="team")
    use(ledger, 85, group="blue\r\nBcc: evil@example.com")
    note_crossings(ledger, settings)
    assert deliver_due(ledger, settings) == 1
    ((to, mail),) = box.mails
    assert (to, mail["bcc"]) == (["ops@example.com"], None)


def test_who_is_erased_is_named_in_no_warning(ledger: Ledger, hook: Hook, settings_of: Callable[..., Settings]) -> None:
    limit(ledger)
    use(ledger, 85, "ann@example.com")
    use(ledger, 85, "bob@example.com")
    note_crossings(ledger, settings_of(hook.url))
    erase(ledger, "ann@example.com", by="root")
    records = limit_warnings.warnings(ledger)
    kept = limit_warnings.deliveries(ledger, [record.id for record in records])
    assert "ann@example.com" not in repr((records, kept))
    assert [json.loads(one.body)["data"]["name"] for one in kept] == ["bob@example.com"]


@pytest.mark.slow
@BOTH
def test_what_is_long_over_is_removed(ledger: Ledger, settings_of: Callable[..., Settings], hook: Hook) -> None:
    limit(ledger)
    use(ledger, 85)
    settings = settings_of(hook.url)
    note_crossings(ledger, settings)
    deliver_due(ledger, settings)
    now, day = time.time_ns() // 1000, 24 * 3_600_000_000
    numbers = [record.id for record in limit_warnings.warnings(ledger)]
    assert limit_warnings.prune(ledger, now + 91 * day) == 0
    assert limit_warnings.prune(ledger, now + 93 * day) == 1
    assert (limit_warnings.deliveries(ledger, numbers), told(ledger)) == ([], [("alice", 80)])
    assert limit_warnings.prune(ledger, now + 401 * day) == 2  # of 50 %, which nobody was told, too


@pytest.mark.slow
def test_of_sample_data_nobody_is_told_outside(
    ledger: Ledger, hook: Hook, settings_of: Callable[..., Settings]
) -> None:
    limit(ledger)
    use(ledger, 85)
    note_crossings(ledger, settings_of(hook.url, sample=True))
    assert told(ledger) == [("alice", 80)]
    assert deliver_due(ledger, settings_of(hook.url)) == 0


@pytest.mark.parametrize("secret", ["abc", "whsec_short", "whsec_" + "A" * 12, "whsec_!!!!"])
def test_a_secret_that_is_none_is_refused_and_not_repeated(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from llmtrack.settings import SettingsError, get_settings

    monkeypatch.setenv("LLMTRACK_WEBHOOKS__OPS__URL", "https://example.com/hook")
    monkeypatch.setenv("LLMTRACK_WEBHOOKS__OPS__SECRET", secret)
    get_settings.cache_clear()
    with pytest.raises(SettingsError, match=r"\[webhooks.ops\] secret must be whsec_") as refused:
        get_settings()
    get_settings.cache_clear()
    assert secret == "abc" or secret not in str(refused.value)
