"""The models, users and features of the sample data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Model:
    """A model and its usual pace."""

    provider: str
    name: str
    served: str
    first_token: float
    """Seconds to the first token, in the middle."""
    pace: float
    """Tokens a second after that."""
    reasons: bool = False


GPT_4O = Model("openai", "gpt-4o", "gpt-4o-2024-08-06", 0.55, 75)
GPT_4O_MINI = Model("openai", "gpt-4o-mini", "gpt-4o-mini-2024-07-18", 0.4, 95)
GPT_5 = Model("openai", "gpt-5", "gpt-5-2025-08-07", 3.5, 70, reasons=True)
GPT_5_MINI = Model("openai", "gpt-5-mini", "gpt-5-mini-2025-08-07", 1.4, 120, reasons=True)
EMBEDDING = Model("openai", "text-embedding-3-small", "text-embedding-3-small", 0.12, 1e9)
OPUS = Model("anthropic", "claude-opus-4-5", "claude-opus-4-5-20251101", 1.6, 55)
SONNET = Model("anthropic", "claude-sonnet-4-5", "claude-sonnet-4-5-20250929", 0.9, 70)
HAIKU = Model("anthropic", "claude-haiku-4-5", "claude-haiku-4-5-20251001", 0.45, 140)
IN_HOUSE = Model("ollama", "in-house-8b", "in-house-8b", 0.25, 40)
MODELS = (GPT_4O, GPT_4O_MINI, GPT_5, GPT_5_MINI, EMBEDDING, OPUS, SONNET, HAIKU, IN_HOUSE)


@dataclass(frozen=True, slots=True)
class Feature:
    """A part of a product that calls models."""

    name: str
    models: tuple[tuple[Model, float], ...]
    """With how often each is chosen."""
    input_tokens: int
    output_tokens: int
    """In the middle; the spread is wide."""
    streamed: bool = False
    cached: float = 0
    """The share of the input that a cache usually holds."""
    steps: tuple[int, int] = (1, 1)
    """The fewest and the most calls made to answer one request."""
    retrieves: bool = False
    """Looks something up by its embedding first."""
    turns: int = 1
    """Messages a conversation has at most."""
    hours: tuple[int, ...] = (8, 9, 9, 10, 10, 11, 11, 12, 13, 14, 14, 15, 15, 16, 16, 17, 18, 20, 21)
    """UTC hours in which it is used, the busy ones more often."""
    weekend: float = 0.25
    """How much of a working day's traffic a weekend day has."""


CHAT = Feature(
    "chat",
    ((GPT_4O, 4), (GPT_4O_MINI, 2), (SONNET, 3), (GPT_5, 1)),
    900,
    260,
    streamed=True,
    turns=7,
)
SUPPORT = Feature("support", ((HAIKU, 1),), 3_800, 180, streamed=True, cached=0.7, retrieves=True, weekend=0.7)
CODE_REVIEW = Feature("code-review", ((SONNET, 3), (OPUS, 1), (GPT_5, 1)), 9_000, 900, cached=0.4, weekend=0.1)
RESEARCH = Feature(
    "research", ((SONNET, 2), (OPUS, 1), (GPT_5, 1)), 14_000, 700, cached=0.5, steps=(3, 6), weekend=0.15
)
SUMMARY = Feature("summary", ((GPT_5_MINI, 3), (GPT_4O_MINI, 2)), 2_400, 220, hours=(2, 2, 3), weekend=1)
TRIAGE = Feature("triage", ((IN_HOUSE, 1),), 700, 40, hours=tuple(range(24)), weekend=0.8)
FEATURES = {feature.name: feature for feature in (CHAT, SUPPORT, CODE_REVIEW, RESEARCH, SUMMARY, TRIAGE)}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who uses it: how often on a working day, and for what."""

    name: str
    group: str
    plan: str
    requests: float
    features: tuple[Feature, ...]


PEOPLE = (
    Person("alice", "platform", "pro", 6, (CHAT, CODE_REVIEW)),
    Person("bob", "platform", "pro", 5, (CODE_REVIEW, CHAT)),
    Person("mallory", "platform", "pro", 4, (CODE_REVIEW,)),
    Person("niaj", "platform", "free", 2, (CHAT, CODE_REVIEW)),
    Person("carol", "sales", "free", 3, (CHAT, SUMMARY)),
    Person("dave", "sales", "free", 2, (CHAT,)),
    Person("erin", "sales", "pro", 4, (CHAT, SUMMARY)),
    Person("frank", "sales", "free", 1, (CHAT,)),
    Person("zoe", "sales", "free", 5, (CHAT,)),
    Person("grace", "research", "enterprise", 5, (RESEARCH, CHAT)),
    Person("heidi", "research", "enterprise", 3, (RESEARCH, CHAT)),
    Person("judy", "research", "enterprise", 2, (RESEARCH, CODE_REVIEW)),
    Person("ivan", "research", "pro", 5, (CHAT, RESEARCH)),
    Person("kim", "research", "free", 1, (CHAT,)),
    Person("support-bot", "support", "enterprise", 38, (SUPPORT, SUPPORT, TRIAGE)),
    Person("nightly-job", "support", "enterprise", 16, (SUMMARY,)),
    Person("olga", "support", "free", 3, (CHAT, SUPPORT)),
    Person("peggy", "support", "free", 2, (CHAT, SUPPORT)),
    Person("rupert", "support", "pro", 2, (CHAT, SUMMARY)),
    Person("sybil", "support", "free", 1, (CHAT,)),
)
BY_NAME = {person.name: person for person in PEOPLE}
