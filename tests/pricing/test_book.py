"""The price book: which entry holds, what it replaces, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D
from typing import Any

import pytest

from llmtrack.pricing import BookEntry, PriceRefused, Usage, check
from llmtrack.pricing.book import Kind
from tests.pricing.costs import NOVEMBER, M, cost, moment, parts, total

pytestmark = pytest.mark.compares_with("genai-prices")

JANUARY, JUNE, DECEMBER = moment(2026, 1, 1), moment(2026, 6, 1), moment(2026, 12, 1)
USED = Usage(input_tokens=1_000, output_tokens=1_000)


def price(provider: str, model: str, into: str, out: str, id: int = 1, **more: Any) -> BookEntry:
    rates = {"input": D(into), "output": D(out)}
    return BookEntry("price", provider, model, more.pop("since", JANUARY), rates=rates, id=id, **more)


def change(kind: Kind, percent: str, provider: str = "*", model: str = "*", id: int = 1, **more: Any) -> BookEntry:
    return BookEntry(kind, provider, model, more.pop("since", JANUARY), percent=D(percent), id=id, **more)


def dollars(*book: BookEntry, provider: str = "openai", model: str = "gpt-4o-2024-08-06", **how: Any) -> D | None:
    return total(cost(USED, provider, model, book=book, **how))


LIST = 1_000 * D("2.50") / M + 1_000 * D(10) / M  # 0.0125


def test_the_more_specific_pattern_wins_whatever_the_order() -> None:
    anywhere, here, this = (
        price("*", "*", "1", "1", 1),
        price("openai", "gpt-*", "2", "2", 2),
        price("openai", "gpt-4o", "3", "3", 3),
    )
    for book in ((anywhere, here, this), (this, here, anywhere), (here, this, anywhere)):
        assert dollars(*book) == D("0.006")
        assert dollars(*book, model="gpt-5") == D("0.004")
        assert dollars(*book, provider="ollama", model="llama3") == D("0.002")


def test_a_name_stands_for_its_dated_snapshots_and_not_for_its_siblings() -> None:
    own = price("openai", "gpt-4o", "1", "1")
    assert dollars(own, model="gpt-4o-2024-11-20") == D("0.002")
    assert dollars(own, model="gpt-4o-mini") == 1_000 * D("0.15") / M + 1_000 * D("0.60") / M


def test_an_entry_holds_from_its_beginning_to_its_end() -> None:
    own = price("openai", "gpt-4o", "1", "1", since=JUNE, until=DECEMBER)
    assert dollars(own, at=JUNE - 1) == LIST
    assert dollars(own, at=JUNE) == D("0.002")
    assert dollars(own, at=DECEMBER - 1) == D("0.002")
    assert dollars(own, at=DECEMBER) == LIST


def test_a_later_entry_takes_over_from_an_earlier_one() -> None:
    book = price("openai", "gpt-4o", "1", "1", 1), price("openai", "gpt-4o", "2", "2", 2, since=JUNE)
    assert dollars(*book, at=JUNE - 1) == D("0.002")
    assert dollars(*book, at=JUNE) == D("0.004")


def test_an_own_price_of_one_class_leaves_the_others_to_the_list() -> None:
    own = BookEntry("price", "openai", "gpt-4o", JANUARY, rates={"output": D(8)}, id=4)
    priced = cost(USED, "openai", "gpt-4o", book=[own])
    assert parts(priced) == {"input": 1_000 * D("2.50") / M, "output": 1_000 * D(8) / M}
    assert priced.price is not None
    assert (priced.price.source, priced.price.version) == (
        "genai-prices",
        "0.2.3 + book 4".replace("0.2.3", priced.price.version.split()[0]),
    )


def test_a_model_of_which_only_one_side_has_a_price_has_none() -> None:
    own = BookEntry("price", "ollama", "*", JANUARY, rates={"output": D(8)}, id=4)
    assert cost(USED, "ollama", "llama3", book=[own]).reason == "no_class_price"


def test_a_model_of_ones_own_without_a_rate_for_cached_tokens_bills_them_as_input_exactly() -> None:
    usage = Usage(input_tokens=1_000, output_tokens=0, cache_read_tokens=600, cache_write_tokens=100)
    priced = cost(usage, "vllm", "qwen3", book=[price("vllm", "*", "0.20", "0.60")])
    assert (priced.status, total(priced)) == ("exact", 1_000 * D("0.20") / M)


def test_committed_rates_are_for_the_tier_they_name() -> None:
    own = price("anthropic", "*", "4", "20", tier="priority")
    opus = {"provider": "anthropic", "model": "claude-opus-4-5-20251101"}
    assert dollars(own, service_tier="priority", **opus) == D("0.024")
    assert dollars(own, service_tier="standard", **opus) == D("0.030")
    assert dollars(service_tier="priority", **opus) is None


def test_an_own_price_may_have_a_step() -> None:
    book = price("house", "big", "1", "1", 1), price("house", "big", "2", "2", 2, above=1_000)
    assert total(cost(USED, "house", "big", book=book)) == D("0.002")
    longer = Usage(input_tokens=1_001, output_tokens=1_000)
    assert total(cost(longer, "house", "big", book=book)) == 2_001 * D(2) / M


def test_a_discount_spares_own_prices_unless_it_says_all() -> None:
    own = price("openai", "gpt-4o", "1", "1", 1)
    assert dollars(own, change("discount", "50", id=2)) == D("0.002")
    assert dollars(own, change("discount", "50", id=2, applies_to="all")) == D("0.001")


def test_discount_and_markup_are_applied_one_after_the_other_and_not_stacked_with_their_like() -> None:
    book = (
        change("discount", "20", id=1),
        change("discount", "10", provider="openai", id=2),  # more specific: this one
        change("markup", "50", id=3),
    )
    assert dollars(*book) == LIST * D("0.90") * D("1.50")
    priced = cost(USED, "openai", "gpt-4o", book=book)
    assert priced.price is not None
    assert priced.price.adjustment == "-10% (book 2) +50% (book 3)"


def test_a_markup_on_everything_is_added_to_what_the_provider_charged() -> None:
    priced = cost(USED, "openrouter", "any", book=[change("markup", "10", applies_to="all")], reported_cost=D("0.50"))
    assert (priced.status, total(priced)) == ("provider_reported", D("0.55"))
    assert priced.price is not None
    assert priced.price.adjustment == "+10% (book 1)"
    untouched = cost(USED, "openrouter", "any", book=[change("markup", "10")], reported_cost=D("0.50"))
    assert total(untouched) == D("0.50")


def test_a_model_can_be_lent_the_list_price_of_another() -> None:
    lent = BookEntry("same_as", "gateway", "fast", JANUARY, same_as="openai/gpt-4o", id=9)
    priced = cost(USED, "gateway", "fast", book=[lent, change("discount", "10", id=2)])
    assert (priced.status, total(priced)) == ("exact", LIST * D("0.90"))


def test_azure_becomes_exact_once_somebody_says_what_it_costs() -> None:
    lent = BookEntry("same_as", "azure", "gpt-4o", JANUARY, same_as="openai/gpt-4o", id=9)
    assert cost(USED, "azure", "gpt-4o-2024-08-06", book=[lent]).status == "exact"


def test_an_entry_that_ended_before_it_began_is_as_if_it_had_never_been() -> None:
    assert dollars(replace(price("openai", "gpt-4o", "1", "1"), until=JANUARY)) == LIST


def test_an_entry_survives_being_written_down() -> None:
    for entry in (
        price("openai", "gpt-4o*", "0.0025", "1E+1", 5, until=JUNE, tier="flex", above=7, note="deal"),
        change("markup", "12.5", id=6, applies_to="all"),
        BookEntry("same_as", "a", "b", JANUARY, same_as="openai/gpt-4o", id=7),
    ):
        assert BookEntry.from_json(entry.as_json(), entry.id) == entry


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (price("openai", "gpt-4o", "-1", "10"), "input=-1 is negative"),
        (price("openai", "gpt-4o", "NaN", "10"), "input=NaN is no amount"),
        (price("openai", "gpt-4o", "2500", "10"), "1,000 times above the list price of this model (2.5 dollars"),
        (price("openai", "gpt-4o", "0.0000025", "10"), "Is it per token? That would be input=2.5."),
        (price("openai", "gpt-99", "50000", "10"), "above what openai usually charges"),
        (price("ollama", "llama3", "90000", "10"), "above what providers usually charge"),
        (price("openai", "gpt-4o", "1E-10", "10"), "at most nine decimal places"),
        (price("openai", "gpt-4o", "10000000", "10"), "below 10,000,000"),
        (BookEntry("price", "openai", "gpt-4o", JANUARY), "at least one rate"),
        (BookEntry("price", "openai", "gpt-4o", JANUARY, rates={"tokens": D(1)}), "'tokens' is no class of usage"),
        (price("openai", "", "1", "1"), "The model '' must be a name"),
        (price("openai", "gpt-4o", "1", "1", until=JANUARY), "It would end 1 January 2026, before it begins"),
        (price("openai", "gpt-4o", "1", "1", above=-1), "-1 is no number of input tokens"),
        (change("discount", "101"), "A discount of 101% would make costs negative"),
        (change("discount", "0"), "needs a percentage above 0"),
        (change("discount", "-5"), "needs a percentage above 0"),
        (change("markup", "1001"), "A markup of 1001% is over 1000"),
        (replace(change("discount", "5"), rates={"input": D(1)}), "A discount has no rates of its own"),
        (replace(price("a", "b", "1", "1"), percent=D(5)), "has no percentage"),
        (BookEntry("same_as", "a", "b", JANUARY, same_as="gpt-4o"), "must name a listed model as provider/model"),
        (BookEntry("same_as", "a", "b", JANUARY, same_as="openai/gpt-99"), "The price list has no openai/gpt-99"),
        (replace(price("a", "b", "1", "1"), kind="gift"), "'gift' is no kind of entry"),  # type: ignore[arg-type]
    ],
)
def test_a_wrong_entry_is_refused_with_the_value_and_the_way_out(entry: BookEntry, words: str) -> None:
    with pytest.raises(PriceRefused) as refused:
        check(entry, (), at=NOVEMBER)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    "entry",
    [
        price("openai", "gpt-4o", "2", "8"),
        price("ollama", "*", "0", "0"),
        price("openai", "gpt-4o", "2499", "10"),
        change("discount", "100"),
        BookEntry("price", "openai", "*", JANUARY, rates={"web_search": D(12), "tool:code_execution": D(30)}),
        BookEntry("same_as", "azure", "gpt-4o*", JANUARY, same_as="openai/gpt-4o"),
    ],
)
def test_a_plausible_entry_is_taken(entry: BookEntry) -> None:
    check(entry, (), at=NOVEMBER)


@pytest.mark.parametrize(
    ("new", "overlaps"),
    [
        (price("openai", "gpt-4o", "2", "2", since=JANUARY), True),  # from the very same moment
        (price("openai", "GPT-4o", "2", "2", since=JANUARY), True),
        (price("openai", "gpt-4o", "2", "2", since=moment(2026, 3, 1)), True),  # inside the other's time
        (price("openai", "gpt-4o", "2", "2", since=moment(2025, 1, 1)), False),  # until the other begins
        (price("openai", "gpt-4o", "2", "2", since=moment(2025, 1, 1), until=moment(2026, 2, 1)), True),
        (price("openai", "gpt-4o", "2", "2", since=JUNE), False),  # when the other ends
        (price("openai", "gpt-4o", "2", "2", tier="flex"), False),
        (price("openai", "gpt-4*", "2", "2"), False),
        (price("openai", "gpt-4o", "2", "2", above=5), False),
        (BookEntry("price", "openai", "gpt-4o", JANUARY, rates={"cache_read": D(1)}), False),
        (change("discount", "5", provider="openai", model="gpt-4o"), False),
    ],
)
def test_two_entries_may_follow_each_other_and_not_hold_at_once(new: BookEntry, overlaps: bool) -> None:
    there = price("openai", "gpt-4o", "1", "1", 12, until=JUNE)
    if not overlaps:
        check(new, [there], at=NOVEMBER)
        return
    with pytest.raises(PriceRefused) as refused:
        check(new, [there], at=NOVEMBER)
    assert str(refused.value) == (
        "Entry 12 already says the price of input, output for openai/gpt-4o (standard) from 1 January 2026 "
        "to 1 June 2026; withdraw it first, or choose a time at which it does not hold."
    )


def test_a_later_open_entry_follows_an_open_one() -> None:
    there = price("openai", "gpt-4o", "1", "1", 12)
    check(price("openai", "gpt-4o", "2", "2", since=JUNE), [there], at=NOVEMBER)


def test_a_price_of_input_and_output_alone_says_that_cached_tokens_took_the_lists_rate() -> None:
    own = BookEntry("price", "openai", "gpt-4o", moment(2026, 1, 1), rates={"input": D(1), "output": D(2)}, id=5)
    used = Usage(input_tokens=1_000, output_tokens=100, cache_read_tokens=400)
    priced = cost(used, "openai", "gpt-4o", book=[own])
    assert total(priced) == (600 * D(1) + 400 * D("1.25") + 100 * D(2)) / M
    assert priced.price is not None
    assert priced.price.adjustment is not None
    assert priced.price.adjustment.startswith("cache_read, tool:file_search, web_search: the rate of genai-prices ")
    whole = replace(own, rates={**own.rates, "cache_read": D("0.1"), "web_search": D(10), "tool:file_search": D(2)})
    priced = cost(used, "openai", "gpt-4o", book=[whole])
    assert priced.price is not None
    assert priced.price.adjustment is None
