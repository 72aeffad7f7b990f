"""The pages of numbers as one place to walk through: filters that stay, Back that leads back, questions in four clicks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from llmtrack.ledger import open_ledger
from llmtrack.sample import facts, make_sample
from tests.browser.app_server import AppServer, running_app
from tests.browser.pictures import settled

QUESTIONS = Path(__file__).parents[2] / "docs" / "questions.md"
MOST_CLICKS = 4
DEAREST = re.compile("Open the 9[0-9] calls")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """The app on sample data that ends now."""
    directory = tmp_path_factory.mktemp("walk")
    ledger = open_ledger(f"sqlite:///{directory / 'llmtrack-sample.db'}")
    make_sample(ledger, datetime.now(UTC))
    ledger.close()
    with running_app(directory, {"LLMTRACK_SAMPLE": "1", "LLMTRACK_USER_ID": "grace"}) as server:
        yield server


def at(page: Page) -> dict[str, list[str]]:
    """The parameters of the page's address."""
    return parse_qs(urlsplit(page.url).query)


def arrived(page: Page, path: str) -> None:
    page.wait_for_url(lambda url: urlsplit(url).path == f"/{path}")
    settled(page)


def answer(page: Page) -> Locator:
    """What the model said in the call that is read."""
    return page.get_by_role("tabpanel").get_by_text("Assistant")


def test_from_the_overview_to_the_text_of_the_dearest_call_and_back_with_the_filters_kept(
    page: Page, sample: AppServer
) -> None:
    page.goto(f"{sample.url}/overview?where=feature:is:{facts.COST_SPIKE.feature}")
    settled(page)
    start, length = page.url, page.evaluate("history.length")
    page.get_by_role("link", name=DEAREST).click()
    arrived(page, "calls")
    assert {"feature:is:research", "user:is:grace"} <= set(at(page)["where"])
    the_list = page.url
    page.locator(".ll-table tbody tr").first.click()
    expect(answer(page)).to_be_visible()
    assert page.evaluate("history.length") == length + 2, "one entry for each step"
    call = page.url
    page.keyboard.press("j")
    page.wait_for_url(lambda url: url != call and "call=" in url)
    page.go_back()
    page.wait_for_url(call)
    page.go_back()
    page.wait_for_url(the_list)
    settled(page)
    expect(page.locator(".ll-table tbody tr").first).to_contain_text("$0.")
    page.go_back()
    page.wait_for_url(start)
    settled(page)
    expect(page.locator(".ll-chip")).to_have_text([re.compile("Feature is research")])


def test_the_same_way_by_keyboard_alone(page: Page, sample: AppServer) -> None:
    def tab_to(wanted: Locator) -> None:
        handle = wanted.element_handle()
        for _ in range(150):
            if page.evaluate("wanted => document.activeElement === wanted", handle):
                return
            page.keyboard.press("Tab")
        pytest.fail("Tab does not lead there")

    page.goto(f"{sample.url}/overview")
    settled(page)
    tab_to(page.get_by_role("link", name=DEAREST))
    page.keyboard.press("Enter")
    arrived(page, "calls")
    tab_to(page.locator(".ll-table tbody tr a").first)
    page.keyboard.press("Enter")
    expect(answer(page)).to_be_visible()


def test_a_filter_is_chosen_typed_kept_and_taken_back(page: Page, sample: AppServer) -> None:
    page.goto(f"{sample.url}/errors")
    settled(page)
    length = page.evaluate("history.length")
    page.locator(".st-key-new_filter button").click()
    value = page.locator(".ll-values a").filter(has_text="gpt-5-mini")
    expect(value).to_contain_text(re.compile(r"[\d,]+ calls"))
    value.click()
    chip = page.locator(".ll-chip")
    expect(chip).to_contain_text("Model is gpt-5-mini-2025-08-07")
    assert page.evaluate("history.length") == length + 1

    page.keyboard.press("Escape")
    chip.get_by_role("link").click()
    expect(chip).to_have_count(0)
    page.locator(".st-key-new_filter button").click()
    page.get_by_placeholder("Type it exactly").fill("gpt-5")
    page.keyboard.press("Enter")
    expect(chip).to_have_text(re.compile("Model is gpt-5 ?✕"))
    settled(page)
    assert at(page)["where"] == ["model:is:gpt-5"], "as it was typed, and no other model"
    assert page.evaluate("history.length") == length + 3

    page.keyboard.press("Escape")
    expect(page.get_by_placeholder("Type it exactly")).to_have_count(0)
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Latency").click()
    arrived(page, "latency")
    expect(chip).to_contain_text("Model is gpt-5")
    assert page.evaluate("history.length") == length + 4
    page.go_back()
    arrived(page, "errors")
    page.go_back()
    expect(chip).to_have_count(0)


def test_a_filter_stays_on_the_way_over_a_page_without_any(page: Page, sample: AppServer) -> None:
    page.goto(f"{sample.url}/latency?where=model%3Ais%3Agpt-5")
    settled(page)
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Chat").click()
    page.wait_for_url(f"{sample.url}/", timeout=20_000)
    settled(page)
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Admin").click()
    arrived(page, "overview")
    page.get_by_test_id("stSidebarNavLink").filter(has_text="Traces").click()
    arrived(page, "traces")
    assert at(page)["where"] == ["model:is:gpt-5"]
    page.go_back()
    page.go_back()
    page.go_back()
    arrived(page, "latency")
    expect(page.locator(".ll-chip")).to_contain_text("Model is gpt-5")


def test_the_time_stands_in_the_address_and_back_undoes_it(page: Page, sample: AppServer) -> None:
    page.goto(f"{sample.url}/errors")
    settled(page)
    length = page.evaluate("history.length")
    page.locator(".st-key-time button").click()
    page.get_by_role("radio", name="90 days").or_(page.get_by_role("button", name="90 days")).first.click()
    expect(page.get_by_text("90 days, UTC")).to_be_visible()
    assert at(page)["span"] == ["90 days"]
    assert page.evaluate("history.length") == length + 1
    page.go_back()
    expect(page.get_by_text("30 days, UTC")).to_be_visible()


def test_a_view_is_saved_and_opened_elsewhere(page: Page, sample: AppServer) -> None:
    page.goto(f"{sample.url}/errors?span=7+days&where=feature:is:chat")
    settled(page)
    page.locator(".st-key-views button").click()
    page.get_by_label("Save this view as").fill("Chat this week")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Chat this week")).to_be_visible()
    page.goto(f"{sample.url}/overview")
    settled(page)
    page.locator(".st-key-views button").click()
    page.get_by_role("link", name="Chat this week").click()
    arrived(page, "errors")
    assert at(page) == {"span": ["7 days"], "where": ["feature:is:chat"]}


# For each question what is clicked, from the overview on, and what then answers it.
LINK, MENU, CHOICE, ROW, PICK, CSS, TIME, READY = "link", "menu", "choice", "row", "pick", "css", "time", "ready"
NINETY_DAYS = ":is([role=radio], button):has-text('90 days')"
WALKS: dict[str, tuple[list[tuple[str, str]], list[str]]] = {
    "Is the average cost per user going up or down?": ([], ["Cost per user"]),
    "Is it more usage or dearer generations?": ([], ["What moved the cost", "Tokens per call"]),
    "When did the cost spike, and what triggered it?": ([], ["above a usual", "grace", "research"]),
    "Which requests are the dearest, with their text?": (
        [(LINK, "Open the"), (CSS, ".ll-table tbody tr")], ["Assistant", "$0.7"]
    ),
    "Which features contribute to the cost per user?": ([(MENU, "Features")], ["Cost per user", "research"]),
    "What does one user cost by feature?": ([(ROW, "grace")], ["Features", "research", "Cost per call"]),
    "Is a dear user's cost justified by their usage?": ([(ROW, "grace")], ["everyone", "Calls"]),
    "What does each customer (team) cost?": ([(MENU, "Teams")], ["research", "platform", "Cost per user"]),
    "Which features drive interactions?": ([(CHOICE, "Calls"), (CHOICE, "Feature")], ["Calls per day", "support"]),
    "How many users use each feature?": ([(MENU, "Features")], ["Users", "summary"]),
    "How many generations a day, against users?": ([(CHOICE, "Calls")], ["Calls per day", "Users"]),
    "What is the feedback score over time?": ([], ["Feedback", "judged"]),
    "How large are requests against latency?": ([(MENU, "Latency")], ["Size and time", "Tokens in and out"]),
    "What is the latency by model and by feature?": ([(MENU, "Latency")], ["First token, P95", "code-review"]),
    "What share of the errors are timeouts?": ([(MENU, "Errors")], ["Timeouts", "errors"]),
    "Which errors did a retry hide from the user?": ([(MENU, "Errors")], ["Hidden by a retry"]),
    "Which features are prone to which errors?": ([(MENU, "Errors")], ["Feature and kind", "overloaded"]),
    "What happened in an outage, and to whom?": (
        [(MENU, "Errors"), (ROW, "Overloaded")], ["Users hit", "First seen", "Latest calls"]
    ),
    "How high is the P95 of cost per user, and who is above it?": (
        [(TIME, "90 days"), (MENU, "Users")], ["Above P95", "grace"]
    ),
    "What does a user of each plan (persona, cohort) use and cost?": (
        [(MENU, "Users")], ["Users by what is known of them", "Calls per user", "enterprise"]
    ),
    "How many tokens does a request take, over time, by feature?": (
        [(CHOICE, "Tokens per call"), (CHOICE, "Feature")], ["Tokens per call, per day", "research"]
    ),
    "How many users are active, new and lost?": ([(MENU, "Engagement")], ["Users per week", "returning"]),
    "Do users come back?": ([(MENU, "Engagement")], ["Retention", "First used", "100"]),
    "How many of my people use it?": ([(MENU, "Engagement")], ["known people"]),
    "What are the peak hours and days of the week?": ([(MENU, "Engagement")], ["calls by hour and weekday", "Fri"]),
    "How is usage spread over the users?": ([(MENU, "Engagement")], ["Calls per user", "by number of calls"]),
    "What are the most engaged users doing that the least engaged are not?": (
        [(MENU, "Engagement")], ["Most against least engaged"]
    ),
    "Which features bring people back?": ([(MENU, "Engagement")], ["Stickiness", "code-review"]),
    "Does usage go with plan and revenue?": ([(MENU, "Engagement")], ["By what users are", "enterprise"]),
    "Which of two models, features or versions does better, and how sure is that?": (
        [(MENU, "Compare")], ["Difference", "What it means", "Cost per call"]
    ),
    "How good are the answers by model, feature and plan?": (
        [(MENU, "Feedback")], ["By model", "By feature", "By plan"]
    ),
    "What do the worst and the best answers say, and how large are they?": (
        [(MENU, "Feedback")], ["Bad first", "Comment", "Tokens"]
    ),
    "How likely are users to leave after a bad or failed answer?": (
        [(MENU, "Feedback")], ["What users did next", "after a failed call"]
    ),
    "Does latency go with satisfaction?": ([(MENU, "Feedback")], ["By time to answer", "under 2 s"]),
    "When did latency spike, and what caused it?": (
        [(MENU, "Latency"), (CSS, ".st-key-time button"), (CSS, NINETY_DAYS)],
        ["above a usual", "of the time waited is", "chat"],
    ),
    "What do the dearest 5 % have in common, and is it usage or price?": (
        [(MENU, "Users"), (CSS, ".st-key-time button"), (CSS, NINETY_DAYS), (LINK, "Above P95")],
        ["Above P95: what they share", "it is how dear their calls are", "research"],
    ),
    "What does one plan cost (filter by what a user is)?": (
        [(CSS, ".st-key-new_filter button"), (PICK, "user.plan"), (LINK, "free")], ["user.plan is free", "Cost per user"]
    ),
    "What does an interaction cost, by model?": (
        [(MENU, "Explore"), (LINK, "Cost per interaction by model")], ["Cost / interactions", "A / B", "claude-opus-4-5"]
    ),
    "When did the cost per interaction spike, and what triggered it?": (
        [(MENU, "Explore"), (READY, "Cost per interaction")],
        ["Cost per interaction per day", "above a usual", "grace", "research"],
    ),
    "What does each model cost in all?": (
        [(MENU, "Explore"), (LINK, "Total cost per model")], ["Cost per day", "claude-opus-4-5", "All"]
    ),
    "What does a user cost on average, as a formula A / B?": (
        [(MENU, "Explore"), (LINK, "Average cost per user")], ["Cost / users per week", "A / B"]
    ),
    "What do users bring in, cost and leave (margin)?": (
        [(MENU, "Users")], ["Revenue, cost and margin", "lowest margin first", "Of revenue"]
    ),
    "How much does a user use on average, and is it going up?": ([(MENU, "Users")], ["Calls per user"]),
    "How many generations a week or month, against the growth of users?": (
        [(MENU, "Explore"), (LINK, "Calls against users")], ["Calls per week", "Users per week"]
    ),
    "Does using it go with retention and revenue?": (
        [(MENU, "Engagement")], ["Use and coming back", "Revenue", "Came back"]
    ),
    "Does latency go with retention?": ([(MENU, "Engagement")], ["Waiting and coming back", "Time of an answer"]),
    "What is the error rate, seen by the user and behind the scenes?": (
        [(MENU, "Errors")], ["Error rate", "Hidden by a retry", "answered all the same"]
    ),
    "How do features affect how much users do?": ([(MENU, "Engagement")], ["By feature", "Calls per user"]),
}  # fmt: skip


def go(page: Page, kind: str, name: str) -> int:
    """One step; returns how many clicks it takes."""
    if kind == MENU:
        page.get_by_test_id("stSidebarNavLink").filter(has_text=name).first.click()
    elif kind == CHOICE:
        page.locator(".ll-choice a").filter(has_text=re.compile(f"^{name}$")).first.click()
    elif kind == READY:
        page.locator(".ll-ready a").filter(has_text=re.compile(f"^{name}$")).click()
    elif kind == ROW:
        page.locator(".ll-table tbody tr").filter(has_text=name).first.click()
    elif kind == CSS:
        page.locator(name).first.click()
    elif kind == TIME:
        page.locator(".st-key-time button").click()
        page.get_by_role("radio", name=name).or_(page.get_by_role("button", name=name)).first.click()
        settled(page)
        return 2
    elif kind == PICK:
        box = page.get_by_role("combobox", name="Filter by")
        box.click()
        page.get_by_role("option", name=name, exact=True).click()
        settled(page)
        return 2
    else:
        page.locator("[data-testid=stMain], [data-testid=stPopoverBody]").get_by_role("link", name=name).first.click()
    settled(page)
    return 1


@pytest.mark.parametrize("question", WALKS)
def test_a_question_is_answered_in_four_clicks_at_most(page: Page, sample: AppServer, question: str) -> None:
    steps, answers = WALKS[question]
    page.goto(f"{sample.url}/overview")
    settled(page)
    assert sum(go(page, kind, name) for kind, name in steps) <= MOST_CLICKS
    for text in answers:
        expect(page.get_by_test_id("stMain").get_by_text(text).first).to_be_attached()


def test_the_ways_to_all_these_answers_are_written_down() -> None:
    written = QUESTIONS.read_text(encoding="utf-8")
    for question, (steps, _) in WALKS.items():
        (line,) = [line for line in written.splitlines() if line.startswith(f"| {question} |")]
        for kind, name in steps:
            assert kind == CSS or name in line, f"{question}: {name}"
