"""Favourites and presets are there the next time, and nobody else's business."""

from __future__ import annotations

import pytest

from llmtrack.chat.catalog import get_catalog
from llmtrack.chat.preferences import Preferences, Preset, favourites_first
from llmtrack.chat.prompt import Parameters
from llmtrack.chat.wording import ChatError
from llmtrack.ledger import Ledger, open_ledger


@pytest.fixture
def ledger(ledger_url: str) -> Ledger:
    return open_ledger(ledger_url)


def test_favourites_are_kept_and_come_first(ledger: Ledger):
    catalog = get_catalog()
    mine = Preferences(ledger, "alice")
    assert mine.favourites == ()
    mine.star(catalog.find("openai/gpt-4o"))
    mine.star(catalog.find("demo/demo-claude"))
    mine.star(catalog.find("openai/gpt-4o"))
    again = Preferences(ledger, "alice")
    assert again.favourites == ("demo/demo-claude", "openai/gpt-4o")
    ordered = favourites_first(catalog, (*again.favourites, "gone/model"))
    assert [model.key for model in ordered[:2]] == ["demo/demo-claude", "openai/gpt-4o"]
    assert len(ordered) == len(catalog.models)
    again.star(catalog.find("openai/gpt-4o"), False)
    assert Preferences(ledger, "alice").favourites == ("demo/demo-claude",)
    assert Preferences(ledger, "bob").favourites == ()


def test_new_conversations_begin_with_the_model_chosen_for_that(ledger: Ledger):
    catalog = get_catalog()
    Preferences(ledger, "alice").begin_with(catalog.find("demo/demo-claude"))
    assert catalog.default(Preferences(ledger, "alice").first_model).key == "demo/demo-claude"
    assert catalog.default(Preferences(ledger, "bob").first_model).key == "demo/demo-gpt"


def test_presets_are_saved_replaced_and_removed(ledger: Ledger):
    mine = Preferences(ledger, "alice")
    poet = Parameters(system="Answer in verse.", temperature=1.5)
    mine.save_preset("  Poet ", get_catalog().find("openai/gpt-4o"), poet)
    mine.save_preset("Brief", None, Parameters(max_tokens=100))
    assert Preferences(ledger, "alice").presets == (
        Preset("Brief", None, Parameters(max_tokens=100)),
        Preset("Poet", "openai/gpt-4o", poet),
    )
    mine.save_preset("Brief", None, Parameters(max_tokens=50))
    mine.remove_preset("Poet")
    mine.remove_preset("Nobody")
    assert Preferences(ledger, "alice").presets == (Preset("Brief", None, Parameters(max_tokens=50)),)


def test_a_preset_that_makes_no_sense_is_refused(ledger: Ledger):
    mine = Preferences(ledger, "alice")
    with pytest.raises(ChatError, match="The preset has no name"):
        mine.save_preset(" ", None, Parameters())
    with pytest.raises(ChatError, match="A temperature of 9 is outside"):
        mine.save_preset("Hot", None, Parameters(temperature=9))


def test_erasing_a_user_erases_their_choices(ledger: Ledger):
    from llmtrack.ledger import preferences
    from llmtrack.ledger.erasures import erase

    Preferences(ledger, "alice").star(get_catalog().find("openai/gpt-4o"))
    erased = erase(ledger, "alice", by="admin")
    assert preferences.read(ledger, erased.name) == {}
    assert preferences.read(ledger, "alice") == {}
