"""Rates made ready for arithmetic: whole numbers over one denominator, so a cost is exact until its one rounding."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from math import lcm

from llmtrack.pricing.classes import TOOL, per
from llmtrack.pricing.reasons import Reason
from llmtrack.pricing.usage import Usage

NANO = 1_000_000_000
MOST = 1_000_000_000
"""A count above this is kept as reported, but not believed: sums of such costs could leave 64 bits."""

Parts = tuple[
    int | None, int | None, int | None, int | None, int | None, int | None, int | None, int | None, int | None
]
"""Nano-dollars for input, cache read, cache write, output, reasoning, audio, image, request and tool."""

# Server-side tools that cost nothing apart from their tokens; another without a price makes a cost an estimate.
_FREE_TOOLS = frozenset({"web_fetch", "tool_search", "mcp", "function", "computer", "computer_use", "bash", "memory"})
# Parts of input or output with a rate of their own that some answers do not count, and the field that counts them.
_APART = {
    "output_image": "output_image_tokens",
    "output_audio": "output_audio_tokens",
    "audio_hour": "audio_seconds",
}


def to_nano(dollars: Decimal) -> int:
    """Dollars as whole nano-dollars, rounded half-even."""
    numerator, denominator = dollars.as_integer_ratio()
    return _half_even(numerator * NANO, denominator)


def _half_even(numerator: int, denominator: int) -> int:
    whole, rest = divmod(numerator, denominator)
    twice = 2 * rest
    if twice > denominator or (twice == denominator and whole & 1):
        return whole + 1
    return whole


class Rates:
    """What each class of usage costs, in dollars, compiled once and applied to many calls."""

    __slots__ = (
        "_apart",
        "_by_token",
        "_complete",
        "_den",
        "_half_day",
        "_least_seconds",
        "_nano",
        "_needs_input",
        "_needs_output",
        "dollars",
    )

    def __init__(self, dollars: Mapping[str, Decimal], *, complete: bool = False, least_seconds: int = 0) -> None:
        """`dollars` by class, per the units of `llmtrack.pricing.classes`.

        `complete`: these are all the rates there are, so that cached tokens without a rate are ordinary input.
        `least_seconds`: audio shorter than that is billed as that long.
        """
        self.dollars = dict(dollars)
        self._complete = complete
        self._least_seconds = least_seconds
        exact = {name: Fraction(rate) * NANO / (per(name) or 1) for name, rate in dollars.items()}
        self._den = lcm(1, *(rate.denominator for rate in exact.values()))
        self._nano = {name: int(rate * self._den) for name, rate in exact.items()}
        nano = self._nano
        self._needs_input = any(
            nano.get(name) for name in ("input", "cache_read", "cache_write", "cache_write_1h", "input_image")
        )
        self._needs_output = any(nano.get(name) for name in ("output", "reasoning", "output_image"))
        # Taken as twice the rate of 30-minute writes where no list has it. No document of OpenAI's was at hand to
        # confirm that, so a cost with it is an estimate (`Reason.RATE_DERIVED`).
        self._half_day = nano.get("cache_write_12h", 2 * nano.get("cache_write", 0))
        self._apart = tuple((name, _APART[name]) for name in _APART.keys() & nano.keys() if nano.keys() - {name})
        self._by_token = bool(nano) and not nano.keys() & {"audio_hour", "characters", "request"}

    def apply(self, usage: Usage, most: int = MOST) -> tuple[Parts, Reason | None] | Reason:
        """The parts of the cost of `usage`, each rounded half-even once, and why they are not exact; or why none.

        Input that was read from a cache, written to one, or is audio or an image with a rate of its own, is billed
        as that and not as input again; the rest is billed as input. Output likewise. Counts over `most` are refused.
        """
        nano = self._nano
        input_tokens, output_tokens = usage.input_tokens, usage.output_tokens
        if (input_tokens is None and self._needs_input) or (output_tokens is None and self._needs_output):
            return Reason.USAGE_MISSING
        plain_in, plain_out = input_tokens or 0, output_tokens or 0
        if plain_in > most or plain_out > most:
            return Reason.TOO_MANY
        in_rate, out_rate = nano.get("input", 0), nano.get("output", 0)
        doubt: Reason | None = None
        read_cost = write_cost = reasoning_cost = audio_cost = image_cost = None
        if usage.input_audio_tokens or usage.output_audio_tokens:
            audio = self._audio(usage)
            if isinstance(audio, Reason):
                return audio
            audio_cost, audio_in, audio_out = audio
            plain_in -= audio_in
            plain_out -= audio_out
        if usage.cache_read_tokens is not None or usage.cache_write_tokens is not None or _kept_long(usage):
            cache = self._cache(usage, audio_cost is not None, self._cached_images(usage))
            if isinstance(cache, Reason):
                return cache
            read_cost, write_cost, cached, doubt = cache
            plain_in -= cached
        if usage.input_image_tokens or usage.output_image_tokens:
            image = self._image(usage)
            if isinstance(image, Reason):
                return image
            image_cost, image_in, image_out = image
            plain_in -= image_in
            plain_out -= image_out
        if usage.reasoning_tokens is not None and usage.reasoning_tokens > (output_tokens or 0):
            doubt = Reason.COUNTS_CONTRADICT
        if "reasoning" in nano and usage.reasoning_tokens is not None:
            reasoning_cost = usage.reasoning_tokens * nano["reasoning"]
            plain_out -= usage.reasoning_tokens
        if plain_in < 0 or plain_out < 0 or _negative(usage):
            return Reason.INVALID_USAGE
        if self._by_token and ((plain_in and "input" not in nano) or (plain_out and "output" not in nano)):
            return Reason.NO_CLASS_PRICE

        units = self._units(usage, most)
        if isinstance(units, Reason):
            return units
        other_input, request_cost, tool_cost, tool_doubt = units
        input_cost = None if input_tokens is None and other_input is None else plain_in * in_rate + (other_input or 0)
        output_cost = None if output_tokens is None else plain_out * out_rate
        costs = (
            input_cost, read_cost, write_cost, output_cost, reasoning_cost, audio_cost, image_cost,
            request_cost, tool_cost,
        )  # fmt: skip
        den = self._den
        parts = tuple([None if cost is None else _half_even(cost, den) for cost in costs])
        return parts, tool_doubt or doubt or self._uncounted(usage)  # type: ignore[return-value]  # nine, as Parts has

    def _uncounted(self, usage: Usage) -> Reason | None:
        """Whether sound or pictures that have a rate of their own may be among what was counted as text.

        A request of text only has none in its input; what comes out is not known beforehand.
        """
        if usage.uncounted and not self._nano.keys().isdisjoint(usage.uncounted):
            return Reason.CLASS_NOT_COUNTED
        for name, field in self._apart:
            if getattr(usage, field) is None:
                whole = usage.output_tokens if name.startswith("output") else usage.input_tokens
                if whole and (name.startswith("output") or not usage.text_only):
                    return Reason.CLASS_NOT_COUNTED
        return None

    def _cached_images(self, usage: Usage) -> int:
        """How many tokens of images were read from the cache, where they have a rate of their own.

        Where the answer does not say, those that cannot be anything else: more was cached than there was text.
        """
        if not usage.input_image_tokens or "input_image" not in self._nano:
            return 0
        if usage.cache_read_image_tokens is not None:
            return usage.cache_read_image_tokens
        rest = (usage.input_tokens or 0) - usage.input_image_tokens - (usage.input_audio_tokens or 0)
        read = (usage.cache_read_tokens or 0) - (usage.cache_read_audio_tokens or 0)
        return min(max(0, read - rest), usage.input_image_tokens)

    def _cache(
        self, usage: Usage, heard: bool, seen: int
    ) -> tuple[int | None, int | None, int, Reason | None] | Reason:
        """Nano-dollars (over the denominator) for cache reads and writes, the input they account for, and a doubt.

        Without a rate of their own they are input: a model that charges more for writing has one. One-hour writes
        always cost more than others, so a model with a rate for the others only has no price for them. `heard`: audio
        that was read from the cache is charged as audio; so are the `seen` tokens of images.
        """
        nano, in_rate = self._nano, self._nano.get("input", 0)
        assumed = bool(in_rate) and not self._complete
        doubt: Reason | None = None
        read_cost = write_cost = None
        read, write, long = usage.cache_read_tokens, usage.cache_write_tokens, usage.cache_write_1h_tokens or 0
        if read is not None:
            if read and assumed and "cache_read" not in nano:
                doubt = Reason.CLASS_ASSUMED
            if heard and read and usage.cache_read_audio_tokens is None and usage.input_audio_tokens:
                doubt = Reason.CLASS_ASSUMED  # how much of the audio was cached, nobody says
            if read and usage.input_image_tokens and "input_image" in nano and usage.cache_read_image_tokens is None:
                doubt = Reason.CLASS_ASSUMED  # nor how much of the images
            if heard:
                read -= usage.cache_read_audio_tokens or 0
            read -= seen
            read_cost = read * nano.get("cache_read", in_rate)
        half_day = usage.cache_write_12h_tokens or 0
        if write is None and (long or half_day):
            write = long + half_day
        if write is not None:
            if write and assumed and "cache_write" not in nano:
                doubt = Reason.CLASS_ASSUMED
            if (long and assumed and "cache_write_1h" not in nano) or (half_day and assumed and not self._half_day):
                return Reason.NO_CLASS_PRICE
            if half_day and assumed and "cache_write_12h" not in nano:
                doubt = Reason.RATE_DERIVED
            rate = nano.get("cache_write", in_rate)
            write_cost = (write - long - half_day) * rate + long * nano.get("cache_write_1h", rate)
            write_cost += half_day * (self._half_day or rate)
        if (read or 0) < 0 or min(long, half_day) < 0 or long + half_day > (write or 0):
            return Reason.INVALID_USAGE
        return read_cost, write_cost, (read or 0) + (write or 0), doubt

    def _audio(self, usage: Usage) -> tuple[int, int, int] | Reason:
        """Nano-dollars (over the denominator) for audio, and the input and output tokens they account for.

        Audio costs many times what text does, so a model without a rate for it has no price for such a call.
        """
        nano = self._nano
        heard, spoken = usage.input_audio_tokens or 0, usage.output_audio_tokens or 0
        cached = usage.cache_read_audio_tokens or 0
        if (heard and "input_audio" not in nano) or (spoken and "output_audio" not in nano):
            return Reason.NO_CLASS_PRICE
        if not 0 <= cached <= heard or spoken < 0:
            return Reason.INVALID_USAGE
        cached_rate = nano.get("cache_read_audio", nano.get("input_audio", 0))
        cost = (heard - cached) * nano.get("input_audio", 0) + cached * cached_rate
        return cost + spoken * nano.get("output_audio", 0), heard, spoken

    def _image(self, usage: Usage) -> tuple[int | None, int, int] | Reason:
        """The same for images; without a rate of their own they are billed as the other tokens are."""
        nano = self._nano
        seen = (usage.input_image_tokens or 0) if "input_image" in nano else 0
        drawn = (usage.output_image_tokens or 0) if "output_image" in nano else 0
        if not seen and not drawn:
            return None, 0, 0
        cached = self._cached_images(usage)
        if not 0 <= cached <= seen:
            return Reason.INVALID_USAGE
        rate = nano.get("input_image", 0)
        cost = (seen - cached) * rate + cached * nano.get("cache_read_image", rate)
        return cost + drawn * nano.get("output_image", 0), seen, drawn

    def _units(self, usage: Usage, most: int) -> tuple[int | None, int | None, int | None, Reason | None] | Reason:
        """What is not billed by the token: input by time or character, the request itself, and tools."""
        nano = self._nano
        other_input: int | None = None
        for name, count in (("audio_hour", usage.audio_seconds), ("characters", usage.characters)):
            if name not in nano or (count is None and "input" in nano):
                continue
            if count is None:
                return Reason.USAGE_MISSING
            if not 0 <= count <= most:
                return Reason.TOO_MANY if count > 0 else Reason.INVALID_USAGE
            if name == "audio_hour" and 0 < count < self._least_seconds:
                count = self._least_seconds
            # Seconds may be a fraction; the product is brought back to a whole number over the denominator.
            other_input = (other_input or 0) + round(count * nano[name])
        tool_cost: int | None = None
        doubt: Reason | None = None
        if usage.web_searches:
            if "web_search" not in nano:
                return Reason.NO_CLASS_PRICE
            tool_cost = usage.web_searches * nano["web_search"]
            if usage.web_searches > most:
                return Reason.TOO_MANY
        for tool, runs in usage.tools.items():
            rate = nano.get(TOOL + tool)
            if rate is None:
                doubt = doubt if tool in _FREE_TOOLS or not runs else Reason.TOOL_NOT_PRICED
            elif runs > most:
                return Reason.TOO_MANY
            else:
                tool_cost = (tool_cost or 0) + runs * rate
        return other_input, nano.get("request"), tool_cost, doubt


def _kept_long(usage: Usage) -> bool:
    return bool(usage.cache_write_1h_tokens or usage.cache_write_12h_tokens)


def _negative(usage: Usage) -> bool:
    return (
        (usage.input_tokens or 0) < 0
        or (usage.output_tokens or 0) < 0
        or (usage.cache_read_tokens or 0) < 0
        or (usage.cache_write_tokens or 0) < 0
        or (usage.reasoning_tokens or 0) < 0
        or (usage.web_searches or 0) < 0
    )
