"""Pages where people sign in: who finds which, what an admin does about people, and tokens."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from llmtrack.ledger import Ledger, people
from llmtrack.ledger.records import Identity
from llmtrack.settings import get_settings
from tests.pages.conftest import MAIN, SECONDS, call, headline_of, html_of, read, table_with, tables_of

ADMIN = sorted(path.relative_to(MAIN.parent).as_posix() for path in (MAIN.parent / "admin").rglob("*.py"))
OWN = ["chat.py", "usage.py", "connect.py", "tokens.py"]
SIGNED_IN_AT = int(time.time()) - 5
NOT_FOUND = "There is no such page, or it is not for you."
SIGN_IN = {
    "LLMTRACK_SIGN_IN": "oidc",
    "LLMTRACK_OIDC_ISSUER": "https://id.example.com",
    "LLMTRACK_OIDC_CLIENT_ID": "llmtrack",
    "LLMTRACK_OIDC_CLIENT_SECRET": "hidden-client-secret",
    "LLMTRACK_COOKIE_SECRET": "hidden-cookie-secret-of-32-letters",
    "LLMTRACK_ADMINS": "root@x",
}


@pytest.fixture(autouse=True)
def sign_in_is_on(page_settings: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SIGN_IN.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()


def claims(name: str, **more: Any) -> dict[str, Any]:
    """What Streamlit knows of somebody who signed in."""
    plain = {"is_logged_in": True, "iss": "https://id.example.com", "sub": name, "iat": SIGNED_IN_AT}
    return {**plain, "email": f"{name}@x", "email_verified": True, "name": name.capitalize(), **more}


def start(name: str | None, script: Path = MAIN, page: str | None = None, **address: str) -> AppTest:
    """The app as this person opens it."""
    app = AppTest.from_file(script, default_timeout=SECONDS)
    app.user = claims(name) if name else {"is_logged_in": False}
    for key, value in address.items():
        app.query_params[key] = value
    app.run()
    if page is not None:
        app.switch_page(page).run()
    assert not app.exception, [one.value for one in app.exception]
    return app


def press(app: AppTest, label: str) -> AppTest:
    """Press the button that says so."""
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception, [one.value for one in app.exception]
    return app


@pytest.fixture
def lead(ledger: Ledger) -> str:
    """Somebody who leads the blue team; red is another's."""
    start("lena")
    (lena,) = people.people(ledger)
    blue = people.add_team(ledger, "blue", by="root@x")
    people.add_team(ledger, "red", by="root@x")
    people.set_member(ledger, blue, lena.id, "lead", by="root@x")
    return "lena"


def test_nobody_finds_the_sign_in_page_and_nothing_else() -> None:
    app = start(None)
    assert [button.label for button in app.button] == ["Sign in"]
    assert list(read(app)) == ["llmtrack", "Sign in to use llmtrack\\."]
    for page in [*OWN, "team.py", *ADMIN]:
        with pytest.raises(ValueError, match=r"Unable|page"):
            app.switch_page(page)


@pytest.mark.slow
@pytest.mark.parametrize("who", ["alice", "lena", "root"])
def test_everybody_finds_the_pages_that_are_theirs_and_no_others(lead: str, who: str) -> None:
    app = start(who)
    for page in [*OWN, "team.py", *ADMIN]:
        if page in OWN or (page == "team.py" and who == lead) or (page in ADMIN and who == "root"):
            app.switch_page(page).run()
            assert [one.value for one in [*app.error, *app.exception]] == []
            continue
        with pytest.raises(ValueError, match=r"Unable|page"):
            app.switch_page(page)
        # Even if the router let them through, the page itself does not.
        direct = start(who, MAIN.parent / page)
        assert list(read(direct)) == [NOT_FOUND], page


@pytest.mark.slow
def test_a_forged_session_and_address_show_nobody_elses_numbers(ledger: Ledger, lead: str) -> None:
    ledger.write(
        [
            call(user_id="alice@x", cost=1_000_000_000, group="blue"),
            call(user_id="bob@x", cost=7_000_000_000, group="red"),
        ]
    )
    app = start("alice", page="usage.py", user="bob@x", where="user=bob@x")
    assert "1 message" in headline_of(app)
    assert "$7" not in "\n".join([*read(app), *html_of(app)]).replace("\\", "")
    app = start(lead, page="team.py", team="red", group="red")
    texts = "\n".join([*read(app), *html_of(app)]).replace("\\", "")
    assert "blue cost $1.00." in texts
    assert "$7" not in texts
    assert "bob@x" not in texts


@pytest.mark.slow
def test_usage_of_every_id_of_theirs_is_their_own(ledger: Ledger) -> None:
    start("alice")
    app = AppTest.from_file(MAIN, default_timeout=SECONDS)
    app.user = claims("alice", email="alice@new", iat=SIGNED_IN_AT + 1)
    ledger.write([call(user_id="alice@x"), call(user_id="alice@new"), call(user_id="bob@x")])
    app.run().switch_page("usage.py").run()
    assert headline_of(app)[1] == "2 messages"


def test_a_tab_that_changes_hands_forgets_what_the_first_person_left() -> None:
    app = start("alice")
    app.session_state["left_behind"] = "a draft"
    app.user = claims("bob")
    app.run()
    assert "left_behind" not in app.session_state


@pytest.mark.slow
def test_an_admin_changes_a_role_and_shuts_somebody_out(ledger: Ledger) -> None:
    start("alice")
    app = start("root", page="admin/server/people.py")
    (alice,) = [person for person in people.people(ledger) if person.user_id == "alice@x"]
    at = [person.user_id for person in people.people(ledger)].index("alice@x")
    app.session_state["people_table"] = {"selection": {"rows": [], "columns": [], "cells": [(at, "user")]}}
    app.run()
    next(box for box in app.selectbox if box.key == f"role_{alice.id}").select("admin").run()
    press(app, "Save role")
    assert "The role of alice@x is changed." in "\n".join(read(app)).replace("\\", "")
    assert people.named(ledger, alice.id).role == "admin"
    app.session_state["people_table"] = {"selection": {"rows": [], "columns": [], "cells": [(at, "user")]}}
    app.run()
    press(app, "Shut out")
    assert people.named(ledger, alice.id).disabled_at is not None
    assert "shut this account out" in "\n".join(read(start("alice")))
    page = start("root", page="admin/server/audit.py")
    shown = [[row[key] for key in ("Who", "What", "On", "Before", "After")] for row in tables_of(page)[0]]
    assert shown[:3] == [
        ["alice@x", "sign in refused", "alice@x", "", ""],
        ["root@x", "disable", "alice@x", "", ""],
        ["root@x", "role", "alice@x", "", "admin"],
    ]


def pick(app: AppTest, table: str, row: int, column: str) -> AppTest:
    """Click a row of a table."""
    app.session_state[table] = {"selection": {"rows": [], "columns": [], "cells": [(row, column)]}}
    return app.run()


@pytest.mark.slow
def test_an_admin_invites_somebody_by_address_and_takes_it_back(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMTRACK_ALLOWED_USERS", "root@x")
    get_settings.cache_clear()
    assert "not among the people" in "\n".join(read(start("guest")))
    app = start("root", page="admin/server/people.py")
    app.text_input(key="invite_address").input("Guest@x")
    app.selectbox(key="invite_role").select("admin")
    press(app, "Invite")
    assert "Guest@x may come in" in app.success[0].value.replace("\\", "")
    pick(app, "invitations_table", 0, "address")
    press(app, "Take back the invitation of guest@x")
    assert "not among the people" in "\n".join(read(start("guest")))
    people.invite(ledger, "guest@x", by="root@x")
    assert [button.label for button in start("guest", page="usage.py").button] == ["New chat", "Sign out"]


@pytest.mark.slow
def test_an_admin_sees_what_a_merge_would_change_does_it_and_undoes_it(ledger: Ledger) -> None:
    start("alice")
    ledger.write([call(user_id="old@x", cost=2_000_000_000), call(user_id="alice@x", cost=1_000_000_000)])
    app = start("root", page="admin/server/people.py")
    app.text_input(key="merge_alias").input("old@x")
    app.selectbox(key="merge_into").select("alice@x")
    press(app, "Preview…")
    preview = table_with(app, "User id")
    assert [(row["User id"], row["Calls"]) for row in preview] == [
        ("old@x", "1"), ("alice@x", "1"), ("alice@x, after", "2"),
    ]  # fmt: skip
    press(app, "Merge")
    assert "2 messages" in headline_of(start("alice", page="usage.py"))
    app.run()
    pick(app, "aliases_table", 0, "alias")
    press(app, "Undo the merge of old@x")
    assert "1 message" in headline_of(start("alice", page="usage.py"))


@pytest.mark.slow
def test_a_merge_that_cannot_be_says_why_before_it_is_offered(ledger: Ledger) -> None:
    start("alice")
    app = start("root", page="admin/server/people.py")
    app.text_input(key="merge_alias").input("nobody")
    app.selectbox(key="merge_into").select("alice@x")
    press(app, "Preview…")
    assert "Nothing was recorded under the user id 'nobody'" in app.error[0].value.replace("\\", "")
    assert "Merge" not in [button.label for button in app.button]


@pytest.mark.slow
def test_an_admin_sees_what_is_known_about_a_person_and_erases_them_by_their_typed_name(ledger: Ledger) -> None:
    start("alice")
    ledger.write([call(user_id="alice@x"), Identity("alice@x", {"plan": "pro"}, 1)])
    app = start("root", page="admin/server/people.py")
    at = [person.user_id for person in people.people(ledger)].index("alice@x")
    pick(app, "people_table", at, "user")
    assert app.text[0].value == "alice@x\nhttps://id.example.com · alice\nplan = pro"
    press(app, "Erase…")
    app.text_input(key="typed_name").set_value("alice")
    press(app, "Erase")
    assert len(people.people(ledger)) == 2, "the name was not typed"
    pick(app, "people_table", at, "user")
    press(app, "Erase…")
    app.text_input(key="typed_name").set_value("alice@x")
    press(app, "Erase")
    assert [person.user_id for person in people.people(ledger)] == ["root@x"]


@pytest.mark.slow
def test_an_admin_is_told_of_a_user_id_that_two_people_claim(ledger: Ledger) -> None:
    start("alice")
    other = AppTest.from_file(MAIN, default_timeout=SECONDS)
    other.user = claims("other", email="alice@x")
    other.run()
    warning = start("root", page="admin/server/people.py").warning[0].value.replace("\\", "")
    assert "**alice@x**, which is another person's user id, and got **alice@x (2)**" in warning


@pytest.mark.slow
def test_the_settings_page_shows_the_mode_and_no_secret() -> None:
    app = start("root", page="admin/server/settings.py")
    shown = {row["Setting"]: row["Value"] for row in tables_of(app)[0]}
    assert shown["LLMTRACK_OIDC_ISSUER"] == "https://id.example.com"
    assert shown["LLMTRACK_ADMINS"] == "root@x"
    assert shown["LLMTRACK_COOKIE_SECRET"] == shown["LLMTRACK_OIDC_CLIENT_SECRET"] == "set"
    assert "hidden" not in str(shown) + "\n".join(read(app))
    assert "Everybody whom the identity provider knows may come in" in app.warning[0].value


@pytest.mark.slow
def test_a_user_makes_a_token_sees_it_once_and_revokes_it(ledger: Ledger) -> None:
    app = start("alice", page="tokens.py")
    assert "Read everybody's usage" not in app.multiselect[0].options
    app.text_input(key="token_name").input("nightly")
    app.multiselect(key="token_scopes").select("usage:read")
    press(app, "Make it")
    (token,) = people.tokens(ledger)
    (shown,) = [block.value for block in app.code]
    assert shown.startswith(token.prefix)
    assert (token.name, token.owner, token.scopes) == ("nightly", "alice@x", ("usage:read",))
    app.run()
    assert list(app.code) == []
    assert "No tokens yet" in "\n".join(read(start("bob", page="tokens.py")))
    app.session_state["tokens_table"] = {"selection": {"rows": [], "columns": [], "cells": [(0, "name")]}}
    app.run()
    press(app, f"Revoke {token.prefix}…")
    assert people.tokens(ledger)[0].revoked_at is not None


@pytest.mark.slow
def test_a_chat_is_booked_under_the_team_its_person_chose(ledger: Ledger, lead: str) -> None:
    (lena,) = people.people(ledger)
    red = next(team for team in people.teams(ledger) if team.name == "red")
    people.set_member(ledger, red.id, lena.id, "member", by="root@x")
    app = start(lead)
    next(box for box in app.selectbox if box.key == "chosen_team").select("red").run()
    app.chat_input[0].set_value("Hello").run()
    import llmtrack

    llmtrack.flush(10)
    with ledger.reading() as connection:
        sql = "SELECT user_id, group_name FROM generations"
        assert [tuple(row) for row in connection.exec_driver_sql(sql)] == [("lena@x", "red")]


@pytest.mark.slow
def test_an_admin_says_which_teams_may_search_the_web(ledger: Ledger) -> None:
    start("root")
    for name in ("blue", "red"):
        people.add_team(ledger, name, by="root@x")
    app = start("root", page="admin/server/people.py")
    choice = next(group for group in app.button_group if group.label == "May search the web in the chat")
    blue = next(team for team in people.teams(ledger) if team.name == "blue")
    choice.set_value([blue]).run()
    assert not app.exception
    assert "red may no longer search the web in the chat\\." in [one.value for one in app.success]
    assert [(team.name, team.web_search) for team in people.teams(ledger)] == [("blue", True), ("red", False)]
    assert not people.may_search_the_web(ledger, "red")
    assert people.may_search_the_web(ledger, None)


@pytest.mark.slow
def test_a_token_and_a_team_are_held_to_models(ledger: Ledger) -> None:
    team = people.add_team(ledger, "blue", by="root@x")
    app = start("root", page="tokens.py")
    app.text_input(key="token_name").input("agent")
    app.multiselect(key="token_scopes").select("gateway")
    app.text_input(key="token_feature").input("coding")
    app.text_input(key="token_models").input("gpt-4o-mini, claude-*")
    press(app, "Make it")
    (token,) = people.tokens(ledger)
    assert (token.feature, token.models) == ("coding", ("gpt-4o-mini", "claude-*"))
    app = start("root", page="admin/server/people.py")
    app.text_input(key=f"models_{team}").set_value("claude-*").run()
    press(app, "Save models")
    assert people.teams(ledger)[0].models == ("claude-*",)
    app.text_input(key=f"models_{team}").set_value("").run()
    press(app, "Save models")
    assert people.teams(ledger)[0].models is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("who", "entries"), [("bob", ["Usage", "Connect", "Tokens"]), ("root", ["Usage", "Connect", "Tokens", "Admin"])]
)
def test_the_menu_below_ones_conversations_lists_ones_own_pages(ledger: Ledger, who: str, entries: list[str]) -> None:
    (menu,) = [part for part in html_of(start(who)) if 'aria-label="Pages"' in part]
    assert re.findall(r"<span>(.*?)</span>", menu) == entries
