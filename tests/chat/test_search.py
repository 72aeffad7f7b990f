"""Conversations are found by what people type, in any script, in titles and texts, on both databases."""

from __future__ import annotations

import pytest

from llmtrack.ids import new_id
from llmtrack.ledger import open_ledger
from llmtrack.ledger.chats import Chats, Line
from llmtrack.ledger.database.terms import excerpt


@pytest.fixture
def mine(ledger_url: str) -> Chats:
    return Chats(open_ledger(ledger_url), "alice")


def keep(chats: Chats, text: str, title: str = "untitled") -> int:
    id = new_id()
    line = Line(new_id(), None, "user", [{"type": "text", "content": text}])
    chats.take_over(id, title, {}, 0, 0, [line], line.id)
    return id


TEXTS = {
    "chinese": "今天的问题是日本的天气",
    "thai": "สวัสดีคุณครับ ราคาเท่าไหร่",
    "korean": "저는한국어를 공부합니다",
    "star": "rated ⭐ by all",
    "family": "👩‍👩‍👧‍👦 at the lake",
    "accents": "Le café est fermé à Żółw, Straße",
    "hindi": "नमस्ते दुनिया, यह हिन्दी है",
    "arabic": "السَّلامُ عَلَيْكُم",
    "width": "ＡＢＣ１２３",
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("问题", "chinese"), ("日本", "chinese"), ("天气", "chinese"), ("气", "chinese"), ("问", "chinese"), ("日本 问题", "chinese"),
        ("คุณ", "thai"), ("เท่า", "thai"), ("한국", "korean"), ("국어를", "korean"), ("공부", "korean"),
        ("⭐", "star"), ("⭐ rat", "star"), ("👩‍👩‍👧‍👦", "family"), ("👧", "family"),
        ("cafe", "accents"), ("FERMÉ", "accents"), ("strasse", "accents"), ("żoł", "accents"),
        ("हिन्दी", "hindi"), ("السلام", "arabic"), ("abc", "width"),
    ],
)  # fmt: skip
def test_what_is_typed_is_found_in_the_middle_of_a_run(mine: Chats, typed: str, found: str) -> None:
    ids = {keep(mine, text): name for name, text in TEXTS.items()}
    (hit,) = mine.search(typed)
    assert ids[hit.heading.id] == found
    assert hit.excerpt is not None
    assert hit.excerpt.before.removeprefix("…") + hit.excerpt.match in TEXTS[found]


def test_what_is_not_there_is_not_found(mine: Chats) -> None:
    for text in TEXTS.values():
        keep(mine, text)
    for typed in ("题日", "本日", "天问", "afe", "🌧", "คนณ", "   ", "!?"):
        assert mine.search(typed) == [], typed


def test_titles_are_found_by_the_same_rules(mine: Chats) -> None:
    for title in ("今天的问题", "Le café ⭐"):
        keep(mine, "nothing", title)
    for typed, title in (("问题", "今天的问题"), ("caf ⭐", "Le café ⭐")):
        (hit,) = mine.search(typed)
        assert (hit.heading.title, hit.excerpt) == (title, None)


def test_a_match_is_shown_with_what_stands_around_it() -> None:
    text = "start " * 20 + "the Café is open" + " and" * 40
    found = excerpt(text, "cafe")
    assert found is not None
    assert found.before == "…" + "start " * 6 + "the "
    assert (found.match, found.after[:9], found.after[-1]) == ("Café", " is open ", "…")
    assert excerpt("decafe cafe", "cafe") == excerpt("decafe cafe", "CAFÉ")
    assert excerpt("nothing here", "cafe") is None
