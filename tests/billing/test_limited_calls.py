"""Calls under limits: real SDKs against the fake provider, on both databases.

The fake provider counts 100 tokens of input and 20 of output. gpt-4o costs $2.50 and $10 for a million of them, so that
a call costs $0.00045. In the worst case it is served at the priority tier: $4.25 and $17.
"""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import UTC, datetime
from decimal import Decimal

import pytest

import llmtrack
from llmtrack import LimitExceeded
from llmtrack.ledger.limit_book import limit_use, raise_limit, remove_limit, reset_limit, set_limit
from llmtrack.ledger.limits import EACH, Caller, Limit
from tests.provider import Answer

CALL = {"model": "gpt-4o", "max_tokens": 20, "messages": [{"role": "user", "content": "Hello"}]}
BOTH = pytest.mark.parametrize("ledger_url", ["sqlite", "postgresql"], indirect=True)
COST = 450_000
"""Nano-dollars of such a call."""
DOLLAR = 10**9


def a_limit(
    amount: int | None, unit: str = "messages", scope: str = "user", target: str | None = EACH, **more
) -> Limit:
    return Limit(0, scope, unit, more.pop("period", "day"), amount, target, **more)


def rows_of(ledger):
    with ledger.reading() as connection:
        return connection.exec_driver_sql(
            "SELECT s.text, g.cost, g.usage_details FROM generation g JOIN name s ON s.id = g.status ORDER BY g.id"
        ).fetchall()


@BOTH
def test_a_call_beyond_a_limit_is_refused_before_anything_is_sent(ledger, client, provider, used) -> None:
    limit = set_limit(ledger, a_limit(2), by="admin")
    openai = client()
    with llmtrack.context(user_id="alice"):
        openai.chat.completions.create(**CALL)
        openai.chat.completions.create(**CALL)
        assert used().spent == 2
        with pytest.raises(LimitExceeded) as refused:
            openai.chat.completions.create(**CALL)
    with llmtrack.context(user_id="bob"):
        openai.chat.completions.create(**CALL)
    assert len(provider.requests) == 3
    error = refused.value
    assert (error.reason, error.spent, error.held, error.room, error.max_tokens) == ("exceeded", 2, 0, 0, None)
    assert error.limit == limit
    assert error.resets_at is not None
    assert error.resets_at > datetime.now(UTC)
    assert str(error).startswith(
        "Limit 1 for user alice has no room for this call, which may come to 1 message: "
        "2 messages used and 0 messages held of 2 messages per day, 0 messages left; it resets on "
    )


def test_a_refused_call_is_a_row_that_keeps_what_was_seen(ledger, client, tracker) -> None:
    set_limit(ledger, a_limit(0), by="admin")
    with llmtrack.context(user_id="alice"), pytest.raises(LimitExceeded):
        client().chat.completions.create(**CALL)
    tracker.flush(30)
    ((status, cost, details),) = rows_of(ledger)
    assert (status, cost) == ("refused", None)
    assert '"room":0' in details
    assert '"spent":0' in details
    assert '"held":0' in details


def test_what_is_held_ends_when_the_call_is_booked(ledger, client, used) -> None:
    set_limit(ledger, a_limit(DOLLAR, "cost", mode="worst_case"), by="admin")
    with llmtrack.context(user_id="alice"):
        client().chat.completions.create(**CALL)
    assert (used().spent, used().held) == (COST, 0)
    assert ledger.holds.open_calls() == []


@pytest.mark.slow
@BOTH
def test_room_that_ended_calls_will_free_is_waited_for(ledger, client, used) -> None:
    """Each holds some twenty times of what it costs: two are never held at once."""
    set_limit(ledger, a_limit(6_000_000, "cost", mode="worst_case"), by="admin")
    openai = client()
    with llmtrack.context(user_id="alice"):
        for _ in range(4):
            openai.chat.completions.create(**CALL)
    assert used().spent == 4 * COST


def test_a_refusal_says_which_max_tokens_would_fit(ledger, client, used) -> None:
    set_limit(ledger, a_limit(2_000, "tokens", mode="worst_case"), by="admin")
    openai = client()
    with llmtrack.context(user_id="alice"):
        with pytest.raises(LimitExceeded) as refused:
            openai.chat.completions.create(**{**CALL, "max_tokens": 4000})
        fitting = refused.value.max_tokens
        assert fitting is not None
        with pytest.raises(LimitExceeded):
            openai.chat.completions.create(**{**CALL, "max_tokens": fitting + 1})
        openai.chat.completions.create(**{**CALL, "max_tokens": fitting})
    assert used().spent == 120


async def test_an_async_call_waits_off_the_event_loop(ledger, client, used) -> None:
    set_limit(ledger, a_limit(1), by="admin")
    openai = client("AsyncOpenAI")
    places: list[str] = []
    admit = ledger.holds.admit

    def noted(wishes, holder):
        places.append(threading.current_thread().name)
        return admit(wishes, holder)

    ledger.holds.admit = noted  # type: ignore[method-assign]
    try:
        async with openai:
            with llmtrack.context(user_id="alice"):
                await openai.chat.completions.create(**CALL)
            with llmtrack.context(user_id="alice"), pytest.raises(LimitExceeded):
                await openai.chat.completions.create(**CALL)
    finally:
        ledger.holds.admit = admit  # type: ignore[method-assign]
    assert places
    assert threading.main_thread().name not in places
    assert await asyncio.to_thread(lambda: used().spent) == 1


def test_a_stream_is_held_until_it_is_booked(ledger, client, used) -> None:
    set_limit(ledger, a_limit(DOLLAR, "cost", mode="worst_case"), by="admin")
    with llmtrack.context(user_id="alice"):
        stream = client().chat.completions.create(**CALL, stream=True)
        held = limit_use(ledger)[0].held
        for _ in stream:
            pass
    assert held > COST
    assert (used().spent, used().held) == (COST, 0)


@pytest.mark.parametrize(
    ("limit", "who"),
    [
        (a_limit(1, scope="all", target=None), {}),
        (a_limit(1, scope="team", target="blue"), {"group": "blue"}),
        (a_limit(1, scope="feature", target="search"), {"feature": "search"}),
        (a_limit(1, scope="model", target="gpt-4o"), {}),
        (a_limit(1, scope="token", target="lt_abc"), {"properties": {"llmtrack.token": "lt_abc"}}),
        (a_limit(1, scope="user", target="alice"), {"user_id": "alice"}),
    ],
    ids=lambda value: value.scope if isinstance(value, Limit) else "",
)  # fmt: skip
def test_a_limit_is_for_whom_it_says(ledger, client, used, limit, who) -> None:
    set_limit(ledger, limit, by="admin")
    openai = client()
    with llmtrack.context(**who):
        openai.chat.completions.create(**CALL)
        assert used().spent == 1
        with pytest.raises(LimitExceeded):
            openai.chat.completions.create(**CALL)


def test_a_user_whom_only_the_request_names_is_limited_too(ledger, client, used) -> None:
    set_limit(ledger, a_limit(1, target="alice"), by="admin")
    openai = client()
    openai.chat.completions.create(**CALL, user="alice")
    assert used().spent == 1
    with pytest.raises(LimitExceeded):
        openai.chat.completions.create(**CALL, user="alice")


@pytest.mark.slow
@BOTH
def test_a_raise_a_reset_and_a_removal_let_calls_out_again(ledger, client, used) -> None:
    limit = set_limit(ledger, a_limit(1), by="admin")
    openai = client()

    def goes_out() -> bool:
        openai.with_options(timeout=30)
        try:
            with llmtrack.context(user_id="alice"):
                openai.chat.completions.create(**CALL)
        except LimitExceeded:
            return False
        return True

    def read_again() -> None:
        openai.__dict__["_llmtrack"].tracker.limiter.watch.expire()

    assert (goes_out(), goes_out()) == (True, False)
    raise_limit(ledger, limit.id, 2, time.time_ns() // 1000 + 3_600_000_000, subject="alice", by="admin")
    read_again()
    assert (goes_out(), goes_out()) == (True, False)
    reset_limit(ledger, limit.id, by="admin")
    read_again()
    assert used().spent == 0
    assert goes_out()
    remove_limit(ledger, limit.id, by="admin")
    read_again()
    assert goes_out()
    with ledger.reading() as connection:
        sql = "SELECT action FROM audit ORDER BY id"
        actions = [row[0] for row in connection.exec_driver_sql(sql)]
    assert actions == ["limit set", "limit raise", "limit reset", "limit remove"]


def test_a_new_limit_counts_what_was_used_before(ledger, client, tracker) -> None:
    openai = client()
    with llmtrack.context(user_id="alice"):
        openai.chat.completions.create(**CALL)
        openai.chat.completions.create(**CALL)
        tracker.flush(30)
        set_limit(ledger, a_limit(DOLLAR, "cost"), by="admin")
        set_limit(ledger, a_limit(10**6, "tokens", period="total"), by="admin")
    assert [(use.limit.unit, use.spent) for use in limit_use(ledger)] == [("cost", 2 * COST), ("tokens", 240)]


@pytest.mark.slow
@BOTH
def test_a_new_limit_takes_in_the_calls_under_way(ledger, client, provider, tracker) -> None:
    openai = client()
    with llmtrack.context(user_id="alice"):
        stream = openai.chat.completions.create(**CALL, stream=True)
        set_limit(ledger, a_limit(DOLLAR, "cost", target="bob"), by="admin")
        tracker.limiter.watch.expire()
        with llmtrack.context(user_id="bob"):  # makes this process look at limits
            openai.chat.completions.create(**CALL)
        set_limit(ledger, a_limit(DOLLAR, "cost"), by="admin")
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and not any(use.subject == "alice" and use.held for use in limit_use(ledger)):
            time.sleep(0.1)
        held = {use.subject: use.held for use in limit_use(ledger)}
        assert held["alice"] > 0
        for _ in stream:
            pass
    tracker.flush(30)
    assert {use.subject: (use.spent, use.held) for use in limit_use(ledger)}["alice"] == (COST, 0)


def test_what_has_no_price_is_refused_counted_or_let_out_as_the_limit_says(ledger, client, used, tracker) -> None:
    openai = client()
    call = {**CALL, "model": "in-house-8b"}

    def goes_out(**more) -> str:
        set_limit(ledger, a_limit(DOLLAR, "cost", **more), by="admin")
        tracker.limiter.watch.expire()
        try:
            with llmtrack.context(user_id="alice"):
                openai.chat.completions.create(**call)
        except LimitExceeded as refused:
            return refused.reason
        return str(used().spent)

    assert goes_out(unpriced="refuse") == "unpriced"
    assert goes_out(unpriced="allow") == "0"
    assert goes_out(unpriced="rate", rate=10 * DOLLAR) == str(2 * 120 * 10 * DOLLAR // 10**6)  # both calls count now


def test_what_nothing_bounds_is_refused_and_says_what_would_bound_it(ledger, client, tracker) -> None:
    set_limit(ledger, a_limit(DOLLAR, "cost", mode="worst_case"), by="admin")
    openai = client()
    search = {"model": "gpt-5", "input": "Hello", "tools": [{"type": "web_search"}]}
    with llmtrack.context(user_id="alice"):
        with pytest.raises(LimitExceeded, match="give it max_uses, or the request max_tool_calls") as refused:
            openai.responses.create(**search)
        assert refused.value.reason == "unbounded"
        set_limit(ledger, a_limit(DOLLAR, "cost", mode="worst_case", unbounded="allow"), by="admin")
        tracker.limiter.watch.expire()
        openai.responses.create(**search)


@BOTH
def test_a_cut_stream_counts_what_was_held(ledger, client, provider, used) -> None:
    set_limit(ledger, a_limit(DOLLAR, "cost", mode="worst_case"), by="admin")
    with llmtrack.context(user_id="alice"):
        provider.wish("tokens=50@pause=20")
        stream = client().chat.completions.create(**CALL, stream=True)
        held = limit_use(ledger)[0].held
        next(iter(stream))
        stream.close()
    assert held > 0
    assert (used().spent, used().held) == (held, 0)


def test_an_error_of_the_provider_counts_nothing(ledger, client, provider, used) -> None:
    set_limit(ledger, a_limit(DOLLAR, "cost", mode="worst_case"), by="admin")
    provider.wish("500")
    with llmtrack.context(user_id="alice"), pytest.raises(Exception, match="500"):
        client().chat.completions.create(**CALL)
    assert (used().spent, used().held) == (0, 0)


@pytest.mark.slow
def test_a_retry_that_was_answered_with_an_error_counts_nothing_and_one_that_broke_counts_its_share(
    ledger, client, provider, used
) -> None:
    set_limit(ledger, a_limit(DOLLAR, "cost", mode="worst_case"), by="admin")
    with llmtrack.context(user_id="alice"):
        provider.wish("500-once")
        client(max_retries=2).chat.completions.create(**CALL)
        provider.wish("")
        assert used().spent == COST
        provider.script("/chat/completions", [Answer(drop_after=0, events=[b"data: {}\n\n"])])
        openai = client(max_retries=1)
        openai.chat.completions.create(**CALL)
    assert used().spent > 2 * COST


def test_a_check_that_fails_lets_nothing_out_where_a_hard_limit_applies(ledger, client, tracker, provider) -> None:
    def broken(call) -> None:
        raise RuntimeError("broken")

    tracker.before_send.append(broken)
    openai = client()
    openai.chat.completions.create(**CALL)
    set_limit(ledger, a_limit(100, target="alice"), by="admin")
    tracker.limiter.watch.expire()
    openai.chat.completions.create(**CALL)  # nobody's
    with llmtrack.context(user_id="alice"), pytest.raises(LimitExceeded) as refused:
        openai.chat.completions.create(**CALL)
    assert refused.value.reason == "unavailable"
    assert len(provider.requests) == 2


@pytest.mark.parametrize("unavailable", ["refuse", "allow"])
def test_a_limit_that_cannot_be_checked_decides_itself(ledger, client, tracker, provider, unavailable) -> None:
    set_limit(ledger, a_limit(100, unavailable=unavailable), by="admin")
    openai = client()
    with llmtrack.context(user_id="alice"):
        openai.chat.completions.create(**CALL)

        def gone(wishes, holder):
            raise OSError("the disk is gone")

        admit, ledger.holds.admit = ledger.holds.admit, gone  # type: ignore[method-assign]
        try:
            if unavailable == "allow":
                openai.chat.completions.create(**CALL)
            else:
                with pytest.raises(LimitExceeded) as refused:
                    openai.chat.completions.create(**CALL)
                assert refused.value.reason == "unavailable"
        finally:
            ledger.holds.admit = admit  # type: ignore[method-assign]


@pytest.mark.slow
def test_who_has_no_limit_is_only_looked_up(ledger, client, tracker) -> None:
    set_limit(ledger, a_limit(1, target="alice"), by="admin")
    client().chat.completions.create(**CALL)
    assert tracker.limiter._desk is None
    assert tracker.limiter.applying(Caller("bob")) == ()


def test_money_is_said_in_dollars(ledger, client) -> None:
    set_limit(ledger, a_limit(1000, "cost"), by="admin")
    with llmtrack.context(user_id="alice"), pytest.raises(LimitExceeded) as refused:
        client().chat.completions.create(**CALL)
    assert refused.value.room == Decimal("0.000001")
    assert "of $0.000001 per day" in str(refused.value)
