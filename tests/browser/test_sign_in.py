"""Signing in with a real identity provider, in a real browser."""

from __future__ import annotations

import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from llmtrack.ledger import Ledger, open_ledger, people
from llmtrack.ledger.chats import Chats
from tests.browser.app_server import AppServer, free_port, running_app
from tests.browser.fixtures import SECONDS
from tests.oidc import CLIENT_SECRET, PASSWORD, identity_provider
from tests.pages.conftest import call
from tests.serving.visitor import claims_of, cookies_of

COOKIE = "_streamlit_user"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """The app with OIDC, and the provider it sends people to."""
    directory = tmp_path_factory.mktemp("sign-in")
    port = free_port()
    redirect_uri = f"http://127.0.0.1:{port}/oauth2callback"
    with identity_provider(free_port(), redirect_uri) as issuer:
        settings = {
            "LLMTRACK_SIGN_IN": "oidc",
            "LLMTRACK_OIDC_ISSUER": issuer,
            "LLMTRACK_OIDC_CLIENT_ID": "llmtrack",
            "LLMTRACK_OIDC_CLIENT_SECRET": CLIENT_SECRET,
            "LLMTRACK_OIDC_REDIRECT_URI": redirect_uri,
            "LLMTRACK_OIDC_SCOPE": "openid email profile groups",
            "LLMTRACK_OIDC_PROMPT": "login",
            "LLMTRACK_COOKIE_SECRET": "c" * 48,
            "LLMTRACK_ALLOWED_DOMAINS": "firm.test",
            "LLMTRACK_ADMIN_GROUPS": "admins",
            "LLMTRACK_PRELOAD": "false",
            "LLMTRACK_DEMO_RATE": "100000",
        }
        with running_app(directory, settings, port=port) as running:
            yield running


@pytest.fixture
def ledger(server: AppServer) -> Ledger:
    """The ledger of the running app."""
    return open_ledger(server.database_url)


@pytest.fixture
def visit(browser: Browser, server: AppServer) -> Iterator[Visit]:
    visit = Visit(browser, server)
    yield visit
    visit.end()


class Visit:
    """People at browsers of their own."""

    def __init__(self, browser: Browser, server: AppServer) -> None:
        self._browser = browser
        self.url = server.url
        self._contexts: list[BrowserContext] = []
        self.complaints: list[str] = []
        """What the browser's console said about the app's pages."""

    def open(self, address: str = "/", context: BrowserContext | None = None) -> Page:
        """The app in a browser of its own, unless one is given."""
        if context is None:
            context = self._browser.new_context(locale="en-GB", timezone_id="UTC")
            # The provider's form asks for a font from elsewhere; tests talk to this machine only.
            context.route(re.compile(r"^https?://(?!127\.0\.0\.1)"), lambda route: route.abort())
            self._contexts.append(context)
        tab = context.new_page()
        tab.set_default_timeout(SECONDS * 1000)
        tab.on("console", lambda message: self._complain(tab, message))
        tab.goto(f"{self.url}{address}")
        return tab

    def sign_in(self, name: str) -> Page:
        """The app, opened and entered under this name."""
        tab = self.open()
        enter(tab, name)
        return tab

    def _complain(self, tab: Page, message: ConsoleMessage) -> None:
        typed_address = "does not seem to exist" in message.text  # what Streamlit says of a page one may not see
        if message.type == "error" and tab.url.startswith(self.url) and not typed_address:
            self.complaints.append(f"{message.text} ({message.location})")

    def end(self) -> None:
        for context in self._contexts:
            context.close()
        assert self.complaints == []


def enter(tab: Page, name: str) -> None:
    """Press "Sign in" and fill in the provider's form."""
    tab.get_by_role("button", name="Sign in").click()
    tab.locator("input[name=login]").fill(name)
    tab.locator("input[name=password]").fill(PASSWORD)
    tab.get_by_role("button", name="Sign-in").click()
    tab.wait_for_url(re.compile(r"/$"))


def message_box(tab: Page):  # type: ignore[no-untyped-def]
    return tab.get_by_role("textbox", name=re.compile("^Message"))


def sees_the_sign_in_page(tab: Page) -> None:
    expect(tab.get_by_role("button", name="Sign in")).to_be_visible()
    expect(message_box(tab)).to_have_count(0)
    expect(tab.get_by_role("link", name="Usage")).to_have_count(0)


def test_a_user_signs_in_sees_their_own_and_signs_out(visit: Visit, ledger: Ledger) -> None:
    tab = visit.open()
    sees_the_sign_in_page(tab)
    enter(tab, "alice")
    expect(message_box(tab)).to_be_visible()
    expect(tab.get_by_test_id("stSidebar").get_by_text("Alice").first).to_be_visible()
    expect(tab.get_by_role("link", name="Overview")).to_have_count(0)
    (alice,) = [person for person in people.people(ledger) if person.user_id == "alice@firm.test"]
    assert (alice.subject, alice.groups, alice.role) == ("alice", ("blue",), None)

    cookies = tab.context.cookies()
    tab.get_by_role("button", name="Sign out").click()
    sign_out_at_provider(tab)
    sees_the_sign_in_page(tab)

    # The old cookie, replayed, opens nothing: the session is over on the server, too.
    tab.context.add_cookies(cookies)  # type: ignore[arg-type]  # what the one gives, the other takes
    sees_the_sign_in_page(visit.open(context=tab.context))
    actions = [entry.action for entry in people.audit_log(ledger, people.AuditFilter(who="alice@firm.test"))]
    assert actions == ["sign out", "sign in"]


def sign_out_at_provider(tab: Page) -> None:
    """The provider asks whether to end its own session as well."""
    tab.get_by_role("button", name=re.compile("Yes, sign me out")).click()
    tab.wait_for_url(re.compile(r"/$"))


def test_an_admin_by_group_sees_the_admin_pages_and_a_user_who_types_the_address_does_not(visit: Visit) -> None:
    admin = visit.sign_in("root")
    admin.get_by_role("link", name="Admin", exact=True).click()
    expect(admin.get_by_role("link", name="Overview")).to_be_visible()
    user = visit.sign_in("bob")
    expect(message_box(user)).to_be_visible()
    for address in ("/overview", "/people"):
        page = visit.open(address, context=user.context)
        expect(page.get_by_text("Page not found")).to_be_visible()
        expect(page.get_by_role("heading", name=address[1:].capitalize())).to_have_count(0)
        page.close()


@pytest.fixture(scope="module")
def blue(server: AppServer) -> int:
    """A team with a call of its own, beside another's."""
    ledger = open_ledger(server.database_url)
    said = [{"role": "user", "parts": [{"type": "text", "content": "the words of alice"}]}]
    ledger.write([call(user_id="alice@firm.test", group="blue", cost=3_210_000_000, input=said)])
    ledger.write([call(user_id="bob@firm.test", group="red", cost=7_890_000_000, input=said)])
    return people.add_team(ledger, "blue", by="root")


def test_a_lead_signs_in_and_sees_their_teams_numbers_and_nobodys_texts(
    visit: Visit, ledger: Ledger, blue: int
) -> None:
    tab = visit.sign_in("lena")
    expect(message_box(tab)).to_be_visible()
    (lena,) = [person for person in people.people(ledger) if person.subject == "lena"]
    people.set_member(ledger, blue, lena.id, "lead", by="root")
    tab.get_by_role("link", name="Usage").click()  # from the next click on
    tab.get_by_role("link", name="Team").click()
    expect(tab.get_by_text("blue cost $3.21")).to_be_visible()
    expect(tab.get_by_text("7.89")).to_have_count(0)
    for address in ("/calls", "/traces", "/users"):
        page = visit.open(address, context=tab.context)
        expect(page.get_by_text("Page not found")).to_be_visible()
        expect(page.get_by_text("the words of alice")).to_have_count(0)
        page.close()


def test_a_session_past_its_time_has_to_be_begun_anew(visit: Visit, server: AppServer) -> None:
    tab = visit.open()
    long_ago = claims_of("ivan", "http://127.0.0.1:1", iat=int(time.time()) - 13 * 3600)
    for name, value in cookies_of(server.url, "c" * 48, long_ago).items():
        tab.context.add_cookies([{"name": name, "value": value, "url": server.url, "httpOnly": True}])
    again = visit.open(context=tab.context)
    expect(again.get_by_text("You signed in more than 12 hours ago: sign in again.")).to_be_visible()
    sees_the_sign_in_page(again)
    enter(again, "ivan")
    expect(message_box(again)).to_be_visible()


def test_two_tabs_of_one_browser_can_be_two_people_one_after_the_other(visit: Visit, ledger: Ledger) -> None:
    first = visit.sign_in("judy")
    expect(message_box(first)).to_be_visible()
    first.context.clear_cookies()
    second = visit.open(context=first.context)
    enter(second, "kurt")
    expect(second.get_by_test_id("stSidebar").get_by_text("Kurt").first).to_be_visible()
    message_box(first).fill("Hello from Judy")  # a tab stays whose it was until it is loaded anew
    message_box(first).press("Enter")
    expect(first.get_by_test_id("stSidebar").get_by_text("Judy").first).to_be_visible()
    expect(first.get_by_text("Hello from Judy").first).to_be_visible()
    titles = {
        name: [heading.title for heading in Chats(ledger, f"{name}@firm.test").headings()] for name in ("judy", "kurt")
    }
    assert titles == {"judy": ["Hello from Judy"], "kurt": []}
    first.reload()
    expect(first.get_by_test_id("stSidebar").get_by_text("Kurt").first).to_be_visible()
    expect(first.get_by_text("Hello from Judy")).to_have_count(0)
    second.get_by_role("button", name="Sign out").click()
    sign_out_at_provider(second)
    first.get_by_role("link", name="Usage").click()
    expect(first.get_by_text("This session was ended: sign in again.")).to_be_visible()


def test_somebody_outside_the_allow_list_stays_outside(visit: Visit, ledger: Ledger) -> None:
    for name in ("guest", "bea-unverified"):
        tab = visit.sign_in(name)
        expect(tab.get_by_text("not among the people who may use this server")).to_be_visible()
        expect(message_box(tab)).to_have_count(0)
    assert not {person.subject for person in people.people(ledger)} & {"guest", "bea-unverified"}


def test_who_is_shut_out_is_out_at_the_next_rerun(visit: Visit, ledger: Ledger) -> None:
    tab = visit.sign_in("carl")
    expect(message_box(tab)).to_be_visible()
    (carl,) = [person for person in people.people(ledger) if person.subject == "carl"]
    people.set_disabled(ledger, carl.id, True, by="root")
    tab.get_by_role("link", name="Usage").click()
    expect(tab.get_by_text("An administrator has shut this account out")).to_be_visible()
    expect(tab.get_by_role("link", name="Usage")).to_have_count(0)


def test_a_tampered_and_a_planted_cookie_are_nobodys(visit: Visit) -> None:
    tab = visit.sign_in("dora")
    expect(message_box(tab)).to_be_visible()
    (cookie,) = [one for one in tab.context.cookies() if one["name"] == COOKIE]
    value = cookie["value"]
    middle = len(value) // 2
    for planted in (value[:middle] + ("A" if value[middle] != "A" else "B") + value[middle + 1 :], "planted"):
        other = visit.open()
        other.context.add_cookies([{**cookie, "value": planted}])  # type: ignore[typeddict-item]
        again = visit.open(context=other.context)
        sees_the_sign_in_page(again)
        enter(again, "dora")  # and signing in replaces it
        expect(message_box(again)).to_be_visible()
        (new,) = [one for one in again.context.cookies() if one["name"] == COOKIE]
        assert new["value"] not in (planted, value)
        assert (new["httpOnly"], new["sameSite"]) == (True, "Lax")


def test_a_callback_that_nobody_asked_for_or_is_used_twice_signs_nobody_in(visit: Visit) -> None:
    tab = visit.open("/oauth2callback?code=stolen&state=guessed")
    sees_the_sign_in_page(tab)
    callbacks: list[str] = []
    tab.on("request", lambda request: callbacks.append(request.url) if "oauth2callback" in request.url else None)
    enter(tab, "emma")
    expect(message_box(tab)).to_be_visible()
    other = visit.open()
    other.goto(callbacks[0])
    sees_the_sign_in_page(visit.open(context=other.context))


def test_before_sign_in_files_uploads_and_numbers_of_the_server_are_refused(server: AppServer) -> None:
    def status(path: str, method: str = "GET") -> int:
        try:
            with urllib.request.urlopen(urllib.request.Request(server.url + path, method=method)) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    assert [status(path) for path in ("/", "/healthz", "/_stcore/health", "/_stcore/host-config")] == [200] * 4
    refused = ("/media/x.csv", "/_stcore/metrics", "/_stcore/agent/openapi.json", "/_stcore/upload_file/a/b")
    assert [status(path) for path in refused] == [401] * 4
    assert status("/_stcore/upload_file/a/b", "PUT") == 401


def test_two_people_in_two_browsers_are_two_people_and_secrets_stay_out_of_log_and_ledger(
    visit: Visit, server: AppServer
) -> None:
    one, two = visit.sign_in("fay"), visit.sign_in("hal")
    expect(one.get_by_test_id("stSidebar").get_by_text("Fay").first).to_be_visible()
    expect(two.get_by_test_id("stSidebar").get_by_text("Hal").first).to_be_visible()
    message_box(one).fill("Hello from Fay")
    message_box(one).press("Enter")
    expect(one.get_by_text("Hello from Fay").first).to_be_visible()
    two.reload()
    expect(message_box(two)).to_be_visible()
    expect(two.get_by_text("Hello from Fay")).to_have_count(0)
    files = [path for path in server.directory.rglob("*") if path.is_file()]
    written = b"".join([*(path.read_bytes() for path in files), "".join(server.log).encode(), two.content().encode()])
    assert [secret for secret in (CLIENT_SECRET, "c" * 48) if secret.encode() in written] == []
