"""Lists of calls, interactions, conversations and errors, and what is read beside them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from llmtrack.ledger import Ledger
from llmtrack.ledger.lists import trace
from llmtrack.ledger.records import Feedback, Span
from llmtrack.pricing import Pricer
from pages.components.reader.messages import described
from pages.components.reader.waterfall import steps
from tests.pages.conftest import OpenPage, call, hrefs_of, html_of, read, tables_of, tiles_of

CALLS, TRACES, ERRORS, LATENCY = (f"admin/{name}.py" for name in ("generations", "traces", "errors", "latency"))
FAILED: dict[str, Any] = {"status": "error", "response_model": None, "tokens": (None, None), "cost": None}


def said(text: str, role: str = "user") -> list[Any]:
    """A message."""
    return [{"role": role, "parts": [{"type": "text", "content": text}]}]


def everything(app: AppTest) -> str:
    """All texts and HTML of a page."""
    return "\n".join([*read(app), *html_of(app)])


@pytest.mark.slow
def test_a_call_shows_what_was_said_and_why_it_cost_what(open_page: OpenPage, ledger: Ledger) -> None:
    spoken = call(cost=3_500_000, input=said("How are *you*?"), output=said("Fine, thanks.", "assistant"))
    ledger.write([spoken, call(input=said("Another"))])
    app = open_page(CALLS, call=str(spoken.id))
    texts = list(read(app))
    assert r"How are \*you\*?" in texts
    assert "Fine, thanks." in texts
    (costs,) = [body for body in html_of(app) if ">Cost</td>" in body]
    assert "$0.003500 (exact)" in costs
    listed = next(body for body in html_of(app) if "ll-items" in body)
    assert listed.index("How are *you*?") < listed.index("Another"), "the latest first"
    assert 'aria-current="true"' in listed


def test_a_call_says_where_it_was_served_and_what_that_added_to_its_price(open_page: OpenPage, ledger: Ledger) -> None:
    made = call(
        provider="google", response_model="claude-sonnet-4-5-20250929", region="us-east5", tokens=(10_000, 1_000)
    )
    ledger.write([replace(made, cost=Pricer().price(made))])
    text = everything(open_page(CALLS, call=str(made.id))).replace("\\", "")
    assert "$0.0495 (exact)" in text  # (10,000 x 3 + 1,000 x 15 dollars a million) + 10 %
    assert ">Region</td><td>us-east5<" in text
    assert "tier standard, region us-east5. Dollars per million:" in text
    assert "Included in them: +10% in us-east5." in text


@pytest.mark.slow
def test_names_from_outside_are_text_wherever_they_stand(open_page: OpenPage, ledger: Ledger) -> None:
    evil = '<img src=x onerror="alert(1)">'
    everywhere = dict.fromkeys(("user_id", "feature", "response_model", "session_id", "trace_id", "group"), evil)
    ledger.write([
        call(**everywhere, properties={evil: evil}, input=said(evil), cost=1),
        call(error_type="server", error_message=evil, **FAILED),
    ])  # fmt: skip
    things = {
        CALLS: {}, TRACES: {"trace": evil}, "admin/conversations.py": {"conversation": evil}, ERRORS: {},
        "admin/user.py": {"user": evil}, "admin/model.py": {"model": evil}, "admin/features.py": {"feature": evil},
        "admin/teams.py": {"team": evil}, LATENCY: {},
    }  # fmt: skip
    for page, parameters in things.items():
        for body in html_of(open_page(page, **parameters, where=["user:not:x"])):
            assert "<img" not in body, page


def test_a_list_says_what_was_searched_and_leads_on(open_page: OpenPage, ledger: Ledger) -> None:
    ledger.write([call(input=said("hello"))])
    app = open_page(CALLS, q="refnud", where=["model:is:gpt-5"])
    text = everything(app).replace("\\", "")
    assert "No call has “refnud”" in text
    assert "Model is gpt-5" in text
    ways = [dict(parse_qsl(urlsplit(href).query)) for href in hrefs_of(app)]
    assert {"q": "refnud"} in ways, "without the filters"
    assert any(way.get("span") == "90 days" for way in ways)


@pytest.mark.slow
def test_what_is_not_there_any_more_has_a_page_with_a_way_on(open_page: OpenPage, ledger: Ledger) -> None:
    ledger.write([call(trace_id="t", session_id="s", group="g", feature="f")])
    gone = {
        (CALLS, "call", "12"): "calls", (TRACES, "trace", "no"): "traces",
        ("admin/conversations.py", "conversation", "no"): "conversations", ("admin/user.py", "user", "no"): "users",
        ("admin/model.py", "model", "no"): "model-cost", ("admin/teams.py", "team", "no"): "teams",
        ("admin/features.py", "feature", "no"): "features", (ERRORS, "error", "server:00"): "errors",
    }  # fmt: skip
    for (page, name, value), way in gone.items():
        app = open_page(page, **{name: value})
        assert not app.error
        assert "There is no" in everything(app) or "No errors like that" in everything(app), page
        assert any(urlsplit(href).path == way for href in hrefs_of(app)), page


def test_an_interaction_is_drawn_step_by_step(open_page: OpenPage, ledger: Ledger) -> None:
    at = datetime(2026, 11, 2, 12, tzinfo=UTC)
    begin = int(at.timestamp() * 1_000_000)
    plan, answer = (
        call(at=at + timedelta(seconds=after), trace_id="t", duration=seconds * 1_000_000, cost=nano, span_id=span,
             tokens=tokens, feature=feature)
        for after, seconds, nano, span, tokens, feature in (
            (1, 2, 30_000_000, 11, (8_295, 278), "plan"), (4, 6, 77_700_000, 12, (10_222, 809), "write"),
        )
    )  # fmt: skip
    ledger.write([
        Span(id=10, trace_id="t", name="research question", started_at=begin, duration=10_000_000),
        Span(id=11, trace_id="t", parent_id=10, name="plan", started_at=begin + 1_000_000, duration=2_500_000),
        Span(id=12, trace_id="t", parent_id=10, name="write answer", started_at=begin + 4_000_000, duration=6_000_000),
        Span(id=13, trace_id="t", parent_id=10, name="search", started_at=begin + 3_600_000, duration=300_000),
        plan, answer,
    ])  # fmt: skip
    drawn = steps(trace(ledger, "t"))
    assert [(step.name, step.depth, step.after, step.duration) for step in drawn] == [
        ("research question", 0, 0.0, 10.0), ("plan", 1, 1.0, 2.5), ("search", 1, 3.6, 0.3), ("write answer", 1, 4.0, 6.0),
    ]  # fmt: skip
    assert [step.call and step.call.id for step in drawn] == [None, plan.id, None, answer.id]
    app = open_page(TRACES, trace="t", call=str(answer.id), span="Dates", days=["2026-11-02", "2026-11-02"])
    (waterfall,) = [table for table in tables_of(app) if "Step" in table[0]]
    assert [(row["Step"], row["Took"], row["Tokens"], row["Cost"]) for row in waterfall] == [
        ("research question", "10.0 s", "18,517 → 1,087", "$0.1077"),
        ("plan", "2.50 s", "8,295 → 278", "$0.0300"),
        ("search", "0.30 s", "", ""),
        ("write answer", "6.00 s", "10,222 → 809", "$0.0777"),
    ]
    (chosen,) = [body for body in html_of(app) if "ll-fall" in body]
    assert "left:40.00%;width:60.00%" in chosen, "from the fourth second to the tenth"
    assert chosen.index("ll-chosen") > chosen.index("search")


@pytest.mark.slow
def test_what_was_thought_of_an_interaction_stands_in_list_and_reader(open_page: OpenPage, ledger: Ledger) -> None:
    ledger.write(
        [call(trace_id="t", input=said("Why?")), Feedback(trace_id="t", user_id="kim", score=-1, comment="wrong", at=1)]
    )
    app = open_page(TRACES)
    assert [(row["Asked"], row["Judged"]) for row in tables_of(app)[0]] == [("Why?", "bad")]
    assert "kim: wrong" in everything(open_page(TRACES, trace="t"))


@pytest.mark.slow
def test_failures_are_grouped_by_their_messages(open_page: OpenPage, ledger: Ledger) -> None:
    day = datetime.now(UTC).replace(hour=0, minute=1)
    ledger.write([
        call(),
        call(error_type="rate_limit", error_message="Limit 30000, request req_8f3a21bc: wait 2.5s", user_id="ann", attempts=3, **FAILED),
        call(error_type="rate_limit", error_message="Limit 30000, request req_77ff00aa: wait 11s", user_id="bob", at=day, **FAILED),
        call(error_type="server", error_message="Internal error", **FAILED),
    ])  # fmt: skip
    app = open_page(ERRORS)
    (groups,) = [table for table in tables_of(app) if "Message" in table[0]]
    assert [(row["Message"], row["Kind"], row["Side"], row["Users"], row["Errors"]) for row in groups] == [
        ("Limit <n>, request <id>: wait <n>s", "rate_limit", "rate limit", "2", "2"),
        ("Internal error", "server", "provider", "1", "1"),
    ]
    href = next(href for href in hrefs_of(app) if "error=rate_limit" in href)
    app = open_page(ERRORS, **dict(parse_qsl(urlsplit(href).query)))
    tiles = tiles_of(app)
    assert (tiles["Errors"], tiles["Users hit"], tiles["Tried again"]) == ("2", "2", "1")
    examples = tables_of(app)[-1]
    assert [row["User"] for row in examples] == ["ann", "bob"]


@pytest.mark.slow
def test_the_parts_of_the_errors_add_up_to_all_of_them(open_page: OpenPage, ledger: Ledger) -> None:
    kinds = ["rate_limit", "timeout", "timeout", "server", "connection", "overloaded", "authentication", "unknown"]
    ledger.write([
        call(attempts=2), call(attempts=2, status="cancelled"),
        *(call(error_type=kind, feature="a" if kind == "timeout" else "b", **FAILED) for kind in kinds),
    ])  # fmt: skip
    app = open_page(ERRORS)
    tiles = tiles_of(app)
    assert (tiles["Errors"], tiles["Timeouts"], tiles["Whose side"]) == ("8", "25\u202f%", "1 · 5 · 1 · 1")
    assert tiles["Hidden by a retry"] == "1", "answered at the second attempt; the stopped one was not"
    (matrix,) = [table for table in tables_of(app) if "Feature" in table[0] and "All" in table[0]]
    assert {row["Feature"]: (row["timeout"], row["All"]) for row in matrix} == {"a": ("2", "2"), "b": ("0", "6")}
    by_model = tables_of(app)[-1]
    assert by_model[-1]["Error rate"] == "80.0\u202f%"


@pytest.mark.slow
def test_response_times_are_those_of_answers_unless_a_status_is_asked_for(open_page: OpenPage, ledger: Ledger) -> None:
    ledger.write([
        *(call(duration=10_000_000, time_to_first_token=None) for _ in range(90)),
        *(call(duration=40_000, status="error", error_type="rate_limit", time_to_first_token=None) for _ in range(30)),
        *(call(duration=1_000_000, status="cancelled", time_to_first_token=None) for _ in range(10)),
    ])  # fmt: skip
    app = open_page(LATENCY)
    assert tiles_of(app)["Time, average"] == "10.0 s"
    assert "Times of 90 answers; failures and stops are not counted" in everything(app)
    app = open_page(LATENCY, where=["status:is:error,cancelled"])
    assert not app.error
    assert tiles_of(app)["Time, average"] == "0.28 s"  # (30 x 0.04 + 10 x 1) / 40
    assert "Times of 40 calls with status error or cancelled" in everything(app)


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (
            {"type": "blob", "modality": "image", "mime_type": "image/png", "size": 12_345, "sha256": "ab"},
            "Image, image/png, 12.3kB",
        ),
        ({"type": "uri", "modality": "image", "uri": "https://x.test/a.png"}, "Image, uri https://x.test/a.png"),
        ({"type": "embeddings", "count": 3}, "Embeddings, count 3"),
    ],
)
def test_what_is_not_kept_of_a_message_is_described(part: dict[str, Any], text: str) -> None:
    assert described(part) == text
