"""What goes wrong is told in one sentence with the way out, and nothing that was typed is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit import config

from llmtrack.chat.error_messages import ChatError
from llmtrack.chat.models.catalog import get_catalog
from llmtrack.settings import get_settings
from pages.components.chat.model_picker import named
from tests.pages.conftest import OpenPage, read


@pytest.mark.slow
def test_a_database_that_cannot_be_written_is_named_on_every_page(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a directory")
    monkeypatch.setenv("LLMTRACK_DATABASE_URL", f"sqlite:///{tmp_path / 'file' / 'llmtrack.db'}")
    get_settings.cache_clear()
    for page in (None, "usage.py", "admin/models.py"):
        (error,) = open_page(page).error
        assert "cannot be created, because" in error.value
        assert error.value.endswith(".")


def test_a_setting_that_cannot_be_used_is_named_with_what_it_may_be(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as here:
        here.setenv("LLMTRACK_TIMEZONE", "Mars/Olympus")
        get_settings.cache_clear()
        app = open_page()
    get_settings.cache_clear()
    assert app.title[0].value == "Not ready to serve"
    assert "LLMTRACK_TIMEZONE is 'Mars/Olympus'" in app.error[0].value
    assert not app.chat_input


def test_a_server_others_can_reach_shows_one_page_and_nothing_else(open_page: OpenPage) -> None:
    before = config.get_option("server.address")
    config.set_option("server.address", "0.0.0.0")
    try:
        app = open_page()
        assert app.title[0].value == "Not ready to serve"
        assert "0.0.0.0" in app.error[0].value
        assert not app.chat_input
        with pytest.raises(ValueError, match="usage"):
            app.switch_page("usage.py")
    finally:
        config.set_option("server.address", before)


def test_an_unexpected_error_names_what_to_look_for_in_the_log(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("postgresql://user:secret@host/db")

    monkeypatch.setattr("pages.components.queries.ask", broken)
    app = open_page("usage.py")
    text = app.error[0].value
    assert "secret" not in text
    reference = text.split("**")[1]
    assert reference in caplog.text


@pytest.mark.slow
def test_a_message_that_was_refused_is_in_the_box_again(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMTRACK_ATTACHMENT_MAX_MB", "0.1")  # and a long text goes as an attachment
    get_settings.cache_clear()
    app = open_page()
    app.chat_input[0].set_value("word " * 30_000).run()
    assert "pasted.txt' has 0.1 MB, and 0.1 MB can be sent" in app.error[0].value
    assert app.chat_input[0].proto.value == "word " * 30_000
    assert not app.chat_message


@pytest.mark.slow
def test_a_failed_answer_offers_to_retry_and_keeps_the_message(open_page: OpenPage) -> None:
    app = open_page()
    app.text_input(key="chat_model").set_value("demo/demo-drops").run()
    app.chat_input[0].set_value("Hello").run()
    texts = list(read(app))
    assert "Hello" in texts
    assert any("lost in mid" in one.value for one in app.error)
    assert [button.label for button in app.button if button.key.startswith("retry_")] == ["Retry"]


def test_a_model_can_be_typed_by_its_name_and_an_unknown_one_is_explained() -> None:
    catalog = get_catalog()
    assert named(catalog, "demo-claude", "demo/demo-gpt").key == "demo/demo-claude"
    assert named(catalog, "gpt-7-preview", "openai/gpt-4o").key == "openai/gpt-7-preview"
    with pytest.raises(ChatError, match="'nobody/knows-me' is no model here: write it as provider/name"):
        named(catalog, "nobody/knows-me", "demo/demo-gpt")
    with pytest.raises(ChatError, match="'' is no model here"):
        named(catalog, "", "openai/gpt-4o")
