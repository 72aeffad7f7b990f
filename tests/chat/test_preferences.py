"""Favourites and presets are there the next time, and nobody else's business."""

from __future__ import annotations

import pytest

from llmtrack.chat.answers.prompt import Parameters
from llmtrack.chat.error_messages import ChatError
from llmtrack.chat.models.catalog import get_catalog
from llmtrack.chat.preferences import Preferences, Preset, favourites_first
from llmtrack.ledger import Ledger, open_ledger


@pytest.fixture
def ledger(ledger_url: str) -> Ledger:
    return open_ledger(ledger_url)


@pytest.mark.slow
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
    from llmtrack.ledger.maintenance.erasure import erase

    Preferences(ledger, "alice").star(get_catalog().find("openai/gpt-4o"))
    erased = erase(ledger, "alice", by="admin")
    assert preferences.read(ledger, erased.name) == {}
    assert preferences.read(ledger, "alice") == {}


def test_two_tabs_do_not_undo_each_others_choices(ledger: Ledger):
    catalog = get_catalog()
    one, two = Preferences(ledger, "alice"), Preferences(ledger, "alice")
    one.star(catalog.find("demo/demo-claude"))
    two.star(catalog.find("demo/demo-gpt"))
    one.save_preset("Brief", None, Parameters(max_tokens=50))
    two.save_preset("Poet", None, Parameters(temperature=1.5))
    kept = Preferences(ledger, "alice")
    assert kept.favourites == ("demo/demo-claude", "demo/demo-gpt")
    assert [preset.name for preset in kept.presets] == ["Brief", "Poet"]
    assert two.favourites == kept.favourites


def test_a_preset_is_renamed_unless_its_new_name_is_taken(ledger: Ledger):
    mine = Preferences(ledger, "alice")
    mine.save_preset("brief", None, Parameters(max_tokens=50))
    mine.save_preset("Poet", None, Parameters(temperature=1.5))
    assert mine.rename_preset("brief", " Short  one ") == "Short one"
    with pytest.raises(ChatError, match="There is a preset called 'Poet' already"):
        mine.rename_preset("Short one", "Poet")
    with pytest.raises(ChatError, match="There is no preset called 'brief' any more"):
        mine.rename_preset("brief", "Other")
    with pytest.raises(ChatError, match="There is no preset called 'brief' any more"):
        mine.preset("brief")
    gone = mine.preset("Poet")
    mine.remove_preset("Poet")
    mine.restore_preset(gone)
    assert Preferences(ledger, "alice").presets == (gone, Preset("Short one", None, Parameters(max_tokens=50)))


def test_a_model_typed_in_can_be_a_favourite_and_the_first_one(ledger: Ledger):
    from pydantic import SecretStr

    from llmtrack.settings import Settings

    catalog = get_catalog(Settings(openai_api_key=SecretStr("sk-test")))
    typed = catalog.find("openai/gpt-4o-mini-2024")
    mine = Preferences(ledger, "alice")
    mine.star(typed)
    mine.begin_with(typed)
    assert favourites_first(catalog, mine.favourites)[0] == typed
    assert catalog.default(mine.first_model) == typed
    mine.begin_with_the_usual()
    assert catalog.default(Preferences(ledger, "alice").first_model) == catalog.models[0]
