"""Every setting, typed, from the environment or `.streamlit/secrets.toml`; the environment wins.

A setting called `name` is the variable `LLMTRACK_NAME`, in the environment or at the top of the secrets file.
The providers' keys and addresses go by the names their own SDKs use (`OPENAI_API_KEY`, `ANTHROPIC_BASE_URL`, …);
OpenAI-compatible servers are tables `[providers.NAME]` there, or `LLMTRACK_PROVIDERS__NAME__BASE_URL` and so on.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableSetting

from llmtrack.api_settings import ApiSettings, split_origins
from llmtrack.gateway_settings import GatewaySettings
from llmtrack.masking import mask
from llmtrack.sign_in_settings import SignInSettings
from llmtrack.warning_settings import WarningSettings, WebhookSettings

SECRETS_FILE = Path(".streamlit") / "secrets.toml"
PREFIX = "LLMTRACK_"
SAMPLE_USER = "alice"
"""Whose numbers the usage page shows in the sample."""

# Settings known by the names the providers' own SDKs read.
_SDK_NAMES = {
    "openai_api_key": "OPENAI_API_KEY",
    "openai_base_url": "OPENAI_BASE_URL",
    "anthropic_api_key": "ANTHROPIC_API_KEY",
    "anthropic_base_url": "ANTHROPIC_BASE_URL",
}
_RESERVED = {
    "openai": "OPENAI_BASE_URL and OPENAI_API_KEY",
    "anthropic": "ANTHROPIC_BASE_URL and ANTHROPIC_API_KEY",
    "demo": "LLMTRACK_DEMO",
}


class SettingsError(ValueError):
    """A setting has a value that cannot be used; says which, what it is and what it may be."""


def variable_of(name: str) -> str:
    """The environment variable of a setting: ``variable_of("database_url")`` is ``LLMTRACK_DATABASE_URL``."""
    return _SDK_NAMES.get(name, PREFIX + name.upper())


def _http_url(value: str | None) -> str | None:
    if value is None:
        return None
    if not re.match(r"https?://[^/\s]+", value):
        raise ValueError("an address starting with http:// or https://, such as http://localhost:11434/v1")
    return value.rstrip("/")


class ProviderSettings(BaseModel):
    """A server that speaks OpenAI's (or Anthropic's) protocol, declared by name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_url: str = Field(repr=False, description="an address starting with http:// or https://")
    """Where the server is, as its SDK wants it: for OpenAI's protocol with `/v1`."""
    api_key: SecretStr | None = Field(default=None, description="a key")
    """None where the server wants none (Ollama, vLLM)."""
    api_key_env: str | None = Field(default=None, description="the name of a variable")
    """Name of the environment variable the key is in, instead of `api_key`."""
    models: tuple[str, ...] = Field(default=(), description='a list of model names, such as ["llama3.2", "qwen3"]')
    """Offered beside those the server lists itself."""
    dialect: Literal["openai", "anthropic"] = Field(default="openai", description='"openai" or "anthropic"')
    """Whose protocol the server speaks."""
    headers: Mapping[str, SecretStr] = Field(default_factory=dict, description="a table of header names and values")
    """Sent with every request."""

    @field_validator("base_url")
    @classmethod
    def _check_url(cls, value: str) -> str | None:
        return _http_url(value)

    @field_validator("models", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        """A variable is one string: names parted by commas, or a JSON list."""
        if not isinstance(value, str):
            return value
        return [name for part in value.strip("[] ").split(",") if (name := part.strip("\"' "))]

    @field_validator("headers", mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        """An environment variable is one string that holds a JSON object."""
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            return value  # no table, which the check of its type reports

    def key(self) -> SecretStr | None:
        """The key to send, or None where there is none (yet)."""
        if self.api_key is not None:
            return self.api_key
        value = os.environ.get(self.api_key_env, "") if self.api_key_env else ""
        return SecretStr(value) if value else None


class Settings(ApiSettings, GatewaySettings, WarningSettings, SignInSettings):
    """All settings, checked. Frozen: make another with `model_copy(update=…)` to try something."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", env_ignore_empty=True, extra="ignore", frozen=True
    )

    # Where things are kept. The URL may carry a password, so it is left out of `repr`.
    database_url: str = Field(default="sqlite:///llmtrack.db", repr=False, description="a database URL")
    """The ledger: `sqlite:///file.db`, relative to where the program is started, or `postgresql://user@host/name`."""
    read_url: str | None = Field(default=None, repr=False, description="a database URL")
    """A streaming replica of the PostgreSQL server, which pages and questions read. Where it cannot be reached,
    they read the ledger's own."""
    sql_url: str | None = Field(default=None, repr=False, description="a database URL")
    """On PostgreSQL, the connection of the SQL page: the ledger's server or a replica of it, by a role that may read
    the views and nothing else (docs/sql.md). Without it the page is off."""
    sql_seconds: float = Field(default=10.0, ge=1, le=600, description="seconds from 1 to 600")
    """How long a statement of the SQL page may take."""
    journal_dir: Path | None = Field(default=None, description="a directory that can be written")
    """Where calls wait for the ledger. Without it: `FILE.journal` beside an SQLite file, else in the user's state
    directory."""
    capture_content: Literal["on", "off"] = Field(default="on", description='"on" or "off"')
    """Whether prompts and answers are kept beside the numbers. Conversations of the chat page are kept either way."""

    durability: Literal["process", "power"] = Field(default="process", description='"process" or "power"')
    """What a recorded call survives: the end of its process, however sudden; or a power cut 200 ms later as well."""

    # How long things are kept. What is left out is kept for ever; totals always are.
    keep_text_days: int | None = Field(default=None, ge=1, le=36_500, description="a number of days, at least 1")
    """What was said: prompts, answers, error messages, comments. For ever, if it is not set; so are the next two."""
    keep_property_days: int | None = Field(default=None, ge=1, le=36_500, description="a number of days, at least 1")
    """Properties given to calls, which questions can be filtered by as long as they are there."""
    keep_row_days: int | None = Field(default=None, ge=1, le=36_500, description="a number of days, at least 1")
    """Single calls; their totals stay. The app removes what is older than these three once a day, `llmtrack retention`
    when it is run."""

    # The local user, and the billing cycle.
    user_id: str = Field(default="local", min_length=1, max_length=200, description="a name of 1 to 200 characters")
    """The one local user, while nobody signs in; in the sample `alice`, unless it is set."""
    timezone: str = Field(default="UTC", description="an IANA time zone, such as Europe/Berlin")
    """Where days, months and billing cycles begin at midnight, on pages and in answers."""
    billing_anchor_day: int = Field(default=1, ge=1, le=31, description="a day of the month from 1 to 31")
    """The day on which a billing cycle begins; in a shorter month, its last day."""
    billing_markup_percent: Decimal = Field(
        default=Decimal(0), ge=0, le=1000, decimal_places=4, description="a percentage from 0 to 1000"
    )
    """Added to list prices on the usage page and on statements; what is recorded, and what limits count, stays in list
    dollars."""
    billing_currency: str = Field(default="USD", pattern="^[A-Z]{3}$", description="three capital letters, such as EUR")
    """The currency in which statements show their total beside US dollars, at the rate an admin entered for the month
    (`llmtrack statements rate`)."""
    statement_font: Path | None = Field(default=None, description="a TrueType font file (.ttf)")
    """For names on statements that the built-in letters (Latin) cannot write; without it these show as U+6797."""

    # Limits.
    hold_hours: float = Field(default=24.0, gt=0, le=24 * 366, description="hours, more than 0")
    """How long the calls of a machine that is gone count against limits; then they are booked at what they held.
    `llmtrack limits release` does so at once."""

    # Who answers. Addresses may carry a password, too.
    openai_api_key: SecretStr | None = Field(default=None, description="a key")
    """With it, the chat page offers OpenAI's models. Never stored and never logged."""
    openai_base_url: str | None = Field(
        default=None, repr=False, description="an address starting with http:// or https://"
    )
    """Another address than OpenAI's own, for the chat page and the SDK alike."""
    anthropic_api_key: SecretStr | None = Field(default=None, description="a key")
    """With it, the chat page offers Anthropic's models. Never stored and never logged."""
    anthropic_base_url: str | None = Field(
        default=None, repr=False, description="an address starting with http:// or https://"
    )
    """Another address than Anthropic's own, for the chat page and the SDK alike."""
    providers: Mapping[str, ProviderSettings] = Field(
        default_factory=dict, description="tables [providers.NAME] with a base_url each"
    )
    """Further servers, each under a name of its own: see below."""
    model_lists: bool = Field(default=True, description="true or false")
    """Ask each provider with a key, in the background, which models it has."""
    price_refresh: bool = Field(default=False, description="true or false")
    """Fetch newer prices from the genai-prices project, instead of those installed with it."""

    # The server.
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="addresses such as https://llm.example.com, parted by commas"
    )
    """Where people open the app, if a proxy in front of it rewrites the Host header."""

    # The simulated provider.
    demo: bool = Field(default=True, description="true or false")
    """Offer the simulated models, which need no key."""
    demo_rate: float = Field(default=60.0, gt=0, le=1_000_000, description="tokens a second, more than 0")
    """How fast the simulated models answer."""
    demo_silence: float = Field(default=30.0, ge=0, le=3600, description="seconds from 0 to 3600")
    """How long `demo-silent` waits before it answers."""
    sample: bool = Field(default=False, description="true or false")
    """Run on the sample database instead of the real one, marked so on every page."""
    sample_database_url: str = Field(default="sqlite:///llmtrack-sample.db", repr=False, description="a database URL")
    """The sample database, which `llmtrack sample` fills."""

    # The chat page.
    message_max_characters: int = Field(default=100_000, ge=1, description="a number of characters, at least 1")
    """How long a message may be that somebody types."""
    attachment_max_mb: float = Field(default=10.0, gt=0, le=100, description="megabytes, more than 0 and at most 100")
    """How large each file may be that goes with a message."""
    attachments_max: int = Field(default=10, ge=0, le=100, description="a number from 0 to 100")
    """How many files a message may carry; 0 takes none."""
    folder_files_max: int = Field(default=20, ge=0, le=1000, description="a number from 0 to 1000")
    """How many files a folder of conversations may hold; 0 takes none."""
    folder_max_mb: float = Field(default=20.0, gt=0, le=1000, description="megabytes, more than 0 and at most 1000")
    """How large the files of a folder may be together; each may be as large as one that goes with a message."""
    folder_max_tokens: int = Field(default=100_000, ge=0, description="a number of tokens; 0 sends none")
    """How many tokens of a folder's files go with each message; never more than half of what the model can read. What
    does not fit is named on the page."""
    answer_max_tokens: int = Field(default=8192, ge=1, description="a number of tokens, at least 1")
    """For providers that want a limit with every request (Anthropic), where the conversation sets none."""
    answer_timeout: float = Field(default=600.0, gt=0, description="seconds, more than 0")
    """How long a provider may stay silent before the chat gives up."""
    preload: bool = Field(default=True, description="true or false")
    """Import what is heavy in the background after the first page is shown."""

    @field_validator("openai_base_url", "anthropic_base_url")
    @classmethod
    def _check_url(cls, value: str | None) -> str | None:
        return _http_url(value)

    @field_validator("timezone")
    @classmethod
    def _check_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):  # ValueError and OSError: "../x", a directory's name
            raise ValueError("an IANA time zone, such as Europe/Berlin") from None
        return value

    @field_validator("capture_content", mode="before")
    @classmethod
    def _switch(cls, value: Any) -> Any:
        words = {"true": "on", "1": "on", "yes": "on", "false": "off", "0": "off", "no": "off"}
        return words.get(str(value).lower(), str(value).lower())

    @field_validator("allowed_origins", mode="before")
    @classmethod
    def _split_origins(cls, value: Any) -> Any:
        """A variable is one string: addresses parted by commas."""
        return split_origins(value)

    @field_validator("providers")
    @classmethod
    def _check_names(cls, value: Mapping[str, ProviderSettings]) -> Mapping[str, ProviderSettings]:
        for name in value:
            if name in _RESERVED:
                raise ValueError(f"tables with other names than {name!r}, which has its own setting: {_RESERVED[name]}")
            if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,39}", name):
                raise ValueError(f"tables named in small letters, digits, - and _, unlike {name!r}")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment first, then the secrets file."""
        return init_settings, env_settings, _SdkEnvironment(settings_cls), _SecretsFile(settings_cls)

    @property
    def effective_database_url(self) -> str:
        """The database to open: the sample one if `sample` is set."""
        return self.sample_database_url if self.sample else self.database_url

    @property
    def effective_user_id(self) -> str:
        """The local user; on the sample database one of its users, unless the setting names one."""
        return SAMPLE_USER if self.sample and "user_id" not in self.model_fields_set else self.user_id


class _SdkEnvironment(PydanticBaseSettingsSource):
    """`OPENAI_API_KEY` and its kin from the environment."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return os.environ.get(_SDK_NAMES.get(field_name, "")) or None, field_name, False

    def __call__(self) -> dict[str, Any]:
        return {name: value for name, variable in _SDK_NAMES.items() if (value := os.environ.get(variable))}


class _SecretsFile(PydanticBaseSettingsSource):
    """`.streamlit/secrets.toml`: the same names as in the environment, in any case, and tables `[providers.NAME]`."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return self().get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        try:
            secrets = tomllib.loads(SECRETS_FILE.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            # The parser's message says where, and never quotes the line, which may hold a key.
            raise SettingsError(f"{SECRETS_FILE} is not valid TOML: {error}. Correct that line.") from None
        except OSError as error:
            raise SettingsError(f"{SECRETS_FILE} cannot be read: {error.strerror}. Check its permissions.") from None
        named = {key.lower().removeprefix(PREFIX.lower()): value for key, value in secrets.items()}
        return {name: value for name, value in named.items() if name in self.settings_cls.model_fields}


_TABLES: Mapping[str, type[BaseModel]] = {"providers": ProviderSettings, "webhooks": WebhookSettings}


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process, read once (`get_settings.cache_clear()` reads again).

    Raises `SettingsError` with one sentence that names the variable, its value and what it may be.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError(_in_words(error)) from None
    except UnreadableSetting as error:  # a table given as a variable that is not JSON
        name = re.search(r'field "(\w+)"', str(error))
        variable = variable_of(name[1]) if name else "A setting"
        raise SettingsError(f"{variable} cannot be read: it must be JSON, or left out.") from None


def _in_words(error: ValidationError) -> str:
    """The first thing wrong: the variable, its value (unless secret) and the way out."""
    first = error.errors(include_url=False, include_context=False)[0]
    name, *inside = (str(part) for part in first["loc"]) if first["loc"] else ("settings",)
    field: FieldInfo | None = Settings.model_fields.get(name)
    variable = variable_of(name)
    if name in _TABLES and len(inside) > 1:
        variable = f"[{name}.{inside[0]}] {inside[1]}"
        field = _TABLES[name].model_fields.get(inside[1])
        if first["type"] == "missing":
            return f"{variable} is missing: add {field.description if field else 'it'}."
        if field is None:
            names = ", ".join(_TABLES[name].model_fields)
            return f"{variable} is not a setting of a {name[:-1]}; there are {names}."
    reason = first["msg"].removeprefix("Value error, ")
    expected = reason if first["type"] == "value_error" else (field.description if field else None) or reason
    secret = (
        name in {"database_url", "sample_database_url", "read_url", "sql_url", "webhooks"}
        or re.search("key|secret|password", variable.lower())
        or "headers" in inside
    )
    value = "" if secret or isinstance(first["input"], Mapping) else f" is {mask(str(first['input']))[:80]!r}, but"
    return f"{variable}{value} must be {expected}; set it in the environment or in {SECRETS_FILE.as_posix()}."
