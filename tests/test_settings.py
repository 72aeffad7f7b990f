"""Settings: where they come from, and what a user reads when one is wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from llmtrack.settings import SettingsError, get_settings


@pytest.fixture(autouse=True)
def empty_house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A directory without a secrets file and an environment without our variables."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("LLMTRACK_", "OPENAI_", "ANTHROPIC_")):
            monkeypatch.delenv(name)
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def secrets(text: str) -> None:
    Path(".streamlit").mkdir(exist_ok=True)
    Path(".streamlit/secrets.toml").write_text(text, encoding="utf-8")


def complaint() -> str:
    with pytest.raises(SettingsError) as caught:
        get_settings()
    return str(caught.value)


def test_nothing_set_gives_a_working_installation():
    settings = get_settings()
    assert settings.database_url == "sqlite:///llmtrack.db"
    assert settings.user_id == "local"
    assert settings.billing_anchor_day == 1
    assert settings.capture_content == "on"
    assert settings.openai_api_key is None
    assert settings.providers == {}
    assert settings.demo is True


def test_settings_are_read_once():
    assert get_settings() is get_settings()


def test_variables_are_read_from_the_environment(monkeypatch):
    monkeypatch.setenv("LLMTRACK_DATABASE_URL", "postgresql://db/llm")
    monkeypatch.setenv("LLMTRACK_CAPTURE_CONTENT", "false")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-one")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:9/")
    settings = get_settings()
    assert settings.database_url == "postgresql://db/llm"
    assert settings.capture_content == "off"
    assert settings.openai_api_key is not None
    assert settings.openai_api_key.get_secret_value() == "sk-one"
    assert settings.anthropic_base_url == "http://127.0.0.1:9"


def test_an_empty_variable_counts_as_not_set(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "")
    monkeypatch.setenv("LLMTRACK_BILLING_ANCHOR_DAY", "")
    assert get_settings().openai_api_key is None
    assert get_settings().billing_anchor_day == 1


def test_the_secrets_file_is_read_and_the_environment_wins(monkeypatch):
    secrets(
        'OPENAI_API_KEY = "sk-file"\nANTHROPIC_API_KEY = "sk-ant-file"\nLLMTRACK_USER_ID = "alice"\n'
        'timezone = "Europe/Berlin"\n[auth]\ncookie_secret = "not ours"\n'
        '[providers.ollama]\nbase_url = "http://localhost:11434/v1/"\nmodels = ["llama3.2"]\n'
    )
    monkeypatch.setenv("OPENAI_API_KEY", "sk-env")
    settings = get_settings()
    assert settings.openai_api_key is not None
    assert settings.openai_api_key.get_secret_value() == "sk-env"
    assert settings.anthropic_api_key is not None
    assert settings.anthropic_api_key.get_secret_value() == "sk-ant-file"
    assert (settings.user_id, settings.timezone) == ("alice", "Europe/Berlin")
    assert settings.providers["ollama"].base_url == "http://localhost:11434/v1"
    assert settings.providers["ollama"].models == ("llama3.2",)
    assert settings.providers["ollama"].key() is None


def test_a_provider_can_be_declared_by_variables_and_name_the_one_its_key_is_in(monkeypatch):
    monkeypatch.setenv("LLMTRACK_PROVIDERS__OPENROUTER__BASE_URL", "https://openrouter.ai/api/v1")
    monkeypatch.setenv("LLMTRACK_PROVIDERS__OPENROUTER__API_KEY_ENV", "OPENROUTER_API_KEY")
    monkeypatch.setenv("LLMTRACK_PROVIDERS__OPENROUTER__MODELS", "openai/gpt-4o, qwen/qwen3")
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-or")
    assert get_settings().providers["openrouter"].models == ("openai/gpt-4o", "qwen/qwen3")
    key = get_settings().providers["openrouter"].key()
    assert key is not None
    assert key.get_secret_value() == "sk-or"


def test_keys_and_the_database_password_never_show(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    monkeypatch.setenv("LLMTRACK_DATABASE_URL", "postgresql://me:hunter2@db/llm")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://admin:hunter3@x/v1?api_key=hunter4")
    told = '{"x": {"base_url": "http://admin:hunter5@x/v1", "api_key": "sk-x", "headers": {"a": "b-key"}}}'
    monkeypatch.setenv("LLMTRACK_PROVIDERS", told)
    shown = repr(get_settings()) + str(get_settings())
    for secret in ("sk-very-secret", "hunter2", "hunter3", "hunter4", "hunter5", "sk-x", "b-key"):
        assert secret not in shown


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("LLMTRACK_BILLING_ANCHOR_DAY", "40", "is '40', but must be a day of the month from 1 to 31"),
        ("LLMTRACK_BILLING_ANCHOR_DAY", "first", "is 'first', but must be a day of the month from 1 to 31"),
        ("LLMTRACK_TIMEZONE", "Mars/Base", "is 'Mars/Base', but must be an IANA time zone, such as Europe/Berlin"),
        ("LLMTRACK_TIMEZONE", "../etc", "is '../etc', but must be an IANA time zone, such as Europe/Berlin"),
        ("LLMTRACK_CAPTURE_CONTENT", "maybe", 'is \'maybe\', but must be "on" or "off"'),
        ("LLMTRACK_DEMO", "perhaps", "is 'perhaps', but must be true or false"),
        ("OPENAI_BASE_URL", "localhost:80", "is 'localhost:80', but must be an address starting with http://"),
        ("OPENAI_BASE_URL", "ftp://me:hunter2@x", "is 'ftp://x', but must be an address starting with http://"),
        ("LLMTRACK_PROVIDERS", "ollama", "cannot be read: it must be JSON"),
    ],
)
def test_a_bad_value_gives_one_sentence_with_variable_value_and_way_out(variable, value, sentence, monkeypatch):
    monkeypatch.setenv(variable, value)
    words = complaint()
    assert words.startswith(f"{variable} {sentence}")
    assert "\n" not in words


def test_a_provider_without_an_address_or_with_a_taken_name_is_refused(monkeypatch):
    monkeypatch.setenv("LLMTRACK_PROVIDERS__OLLAMA__MODELS", '["llama3"]')
    assert complaint().startswith("[providers.ollama] base_url is missing: add an address")
    monkeypatch.setenv("LLMTRACK_PROVIDERS", '{"openai": {"base_url": "http://x"}, "ollama": {"base_url": "http://x"}}')
    assert "which has its own setting: OPENAI_BASE_URL and OPENAI_API_KEY" in complaint()


def test_a_misspelt_field_of_a_provider_is_named():
    secrets('[providers.ollama]\nbase_url = "http://localhost:11434/v1"\napikey = "sk-secret"\n')
    words = complaint()
    assert words.startswith("[providers.ollama] apikey is not a setting of a provider; there are base_url, api_key,")
    assert "sk-secret" not in words


def test_a_broken_secrets_file_says_where():
    secrets('OPENAI_API_KEY = "sk-secret\n')
    words = complaint()
    assert words.startswith(f"{Path('.streamlit/secrets.toml')} is not valid TOML:")
    assert "line 1" in words
    assert "sk-secret" not in words
