"""The incidents planted in the sample data, such as a cost spike and an outage; the pages have to show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from llmtrack.sample.cast import GPT_4O, GPT_4O_MINI, GPT_5_MINI, HAIKU, IN_HOUSE, OPUS, SONNET, Model


@dataclass(frozen=True, slots=True)
class Burst:
    """Calls out of the ordinary: on one UTC day, within some hours of it."""

    days_ago: int
    first_hour: int
    hours: int
    calls: int
    model: Model
    feature: str
    user: str | None = None
    """None: spread over the users of the feature."""

    def day(self, until: date) -> date:
        """The day it happened, in data that ends on `until`."""
        return until - timedelta(days=self.days_ago)


COST_SPIKE = Burst(days_ago=23, first_hour=9, hours=8, calls=90, model=OPUS, feature="research", user="grace")
"""One user sends 120,000 tokens a time to a dear model: the day costs several times what its neighbours do."""
COST_SPIKE_INPUT_TOKENS = 120_000

LIMIT = Burst(days_ago=22, first_hour=8, hours=1, calls=12, model=OPUS, feature="research", user="grace")
"""The next morning a limit stops the same user: refused before anything was sent, no tokens, no cost."""

LATENCY_SPIKE = Burst(days_ago=41, first_hour=13, hours=4, calls=120, model=SONNET, feature="chat")
"""For four hours one model takes eight times as long as it should."""
LATENCY_FACTOR = 8

OUTAGE = Burst(days_ago=12, first_hour=9, hours=2, calls=80, model=HAIKU, feature="support")
"""For two hours a provider is overloaded: all of these calls fail."""

WRONG_KEY = Burst(days_ago=5, first_hour=7, hours=1, calls=9, model=GPT_4O, feature="code-review", user="mallory")
"""Somebody's key is wrong until they notice."""

UNPRICED_MODEL = IN_HOUSE
"""A model that no price list knows: its calls are counted, its cost is unknown."""

RETIRED_MODEL, ADOPTED_MODEL, ADOPTED_DAYS_AGO = GPT_4O, GPT_5_MINI, 30
"""Chats move from the one model to the other."""

LEFT_USER, LEFT_DAYS_AGO = "ivan", 35
"""Somebody who has not been seen since."""

LEAVERS = {LEFT_USER: LEFT_DAYS_AGO, "frank": 48, "sybil": 17}
"""Users whose last calls failed, `LAST_FAILURES` of them on the evening of their last day, and how long ago it was."""
LAST_FAILURES = 3

REVENUE = {"free": 0, "pro": 20, "enterprise": 45}
"""Dollars a month that a user of each plan brings in: the attribute ``revenue``."""

LOSS_USER = "grace"
"""Who costs more than they bring in, in any month that holds the cost spike."""

SLOW_SECONDS, SLOW_PENALTY = 15, 0.35
"""An answer that takes so long is liked less often, by so much."""

DISLIKED_MODEL, DISLIKED, LIKED = GPT_4O_MINI, 0.6, 0.88
"""How often answers of one model, and of all others, are liked."""

HEAVIEST_USER = "grace"
"""Whoever costs most in any month that holds the cost spike."""

JOINED_USER, JOINED_DAYS_AGO = "zoe", 10
"""Somebody who came only lately."""
