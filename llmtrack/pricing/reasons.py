"""Why a cost is missing or not exact: short codes for the ledger, and the same in words for people."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """The code kept beside ``cost_status``. New ones may be added; one that was stored is never renamed."""

    NO_PRICE = "no_price"
    NO_MODEL = "no_model"
    NEWER_MODEL = "newer_model"
    NO_TIER_PRICE = "no_tier_price"
    NO_CLASS_PRICE = "no_class_price"
    USAGE_MISSING = "usage_missing"
    INVALID_USAGE = "invalid_usage"
    TOO_MANY = "too_many"
    INTERNAL_ERROR = "internal_error"
    NO_USAGE = "no_usage"
    PENDING = "pending"
    USAGE_ESTIMATED = "usage_estimated"
    MODEL_ASSUMED = "model_assumed"
    OTHER_LIST = "other_list"
    REGION_ASSUMED = "region_assumed"
    LATER_PRICE = "later_price"
    CLASS_ASSUMED = "class_assumed"
    TOOL_NOT_PRICED = "tool_not_priced"
    COUNTS_CONTRADICT = "counts_contradict"
    COUNT_NOT_PRICED = "count_not_priced"
    CLASS_NOT_COUNTED = "class_not_counted"
    RATE_DERIVED = "rate_derived"
    SEARCH_NOT_COUNTED = "search_not_counted"
    STOPPED_EARLY = "stopped_early"
    HELD = "held"


_WORDS = {
    Reason.NO_PRICE: "no price is known for this model at this provider; give it one in the price book",
    Reason.NO_MODEL: "neither the answer nor the request named a model",
    Reason.NEWER_MODEL: "the price list knows a model with a similar name, but not this one; "
    "it may cost something else, so give it a price in the price book",
    Reason.NO_TIER_PRICE: "no price is known for the service tier that was served; "
    "give that tier a price in the price book",
    Reason.NO_CLASS_PRICE: "the call used audio, one-hour cache writes, web searches or the like, "
    "for which this model has no rate and the ordinary one would be wrong; give that class a price in the price book",
    Reason.USAGE_MISSING: "the answer did not say how much was used, so what it cost is unknown",
    Reason.INVALID_USAGE: "the counts contradict each other: the parts are more than the whole, or one is negative",
    Reason.TOO_MANY: "a count over 1,000,000,000 is kept as reported, but not believed",
    Reason.INTERNAL_ERROR: "pricing failed; the log of the process says why",
    Reason.NO_USAGE: "no usage reported: nothing was billed as far as anybody said",
    Reason.PENDING: "the answer is not finished yet",
    Reason.USAGE_ESTIMATED: "some token counts are an estimate, because the provider reported none",
    Reason.MODEL_ASSUMED: "the answer named no model; the requested one is assumed",
    Reason.OTHER_LIST: "this provider's own list does not have the model; the price of the model's maker is assumed",
    Reason.REGION_ASSUMED: "what this model costs in the region that served it is assumed; "
    "give it a price in the price book",
    Reason.LATER_PRICE: "no price held when the call was made; one given later was applied to it",
    Reason.CLASS_ASSUMED: "cached tokens without a rate or an exact count are taken as ordinary input",
    Reason.TOOL_NOT_PRICED: "a server-side tool ran for which no price is known; its cost is not included",
    Reason.COUNTS_CONTRADICT: "the counts that the provider reported contradict each other",
    Reason.COUNT_NOT_PRICED: "the provider reported a count that no price here takes up; it may cost something, too",
    Reason.CLASS_NOT_COUNTED: "sound or pictures have a price of their own at this model, and nobody counted them",
    Reason.RATE_DERIVED: "tokens cached for 12 hours are taken at twice the rate of those cached for 30 minutes, "
    "because the price list does not have theirs",
    Reason.SEARCH_NOT_COUNTED: "a web search on this model is billed as 8,000 tokens of input, "
    "which the reported usage does not show",
    Reason.HELD: "its process ended before it was recorded; what it held of a limit is taken for its cost",
    Reason.STOPPED_EARLY: "the answer was stopped before its end, so the counts are not the final ones",
}

NOTHING_BILLED = frozenset({Reason.NO_USAGE, Reason.PENDING})
"""Codes of an ``unpriced`` cost that is no missing price: nothing was billed as far as anybody said."""


def in_words(code: str | None) -> str:
    """The sentence for a stored code; the code itself where it is not known (written by a newer version)."""
    if code is None:
        return ""
    try:
        return _WORDS[Reason(code)]
    except ValueError:
        return code
