"""What the next message costs, told before it is typed, and held against what it did cost."""

from __future__ import annotations

from decimal import Decimal

import pytest

import llmtrack
from llmtrack.chat import cost_estimate
from llmtrack.chat.answers.prompt import File, Parameters
from llmtrack.chat.conversations.history import Conversations
from llmtrack.chat.conversations.tree import Conversation
from llmtrack.chat.models import Model, get_catalog, prices
from llmtrack.ledger import open_ledger
from llmtrack.ledger.chats.usage import Figures
from llmtrack.pricing import Pricer
from tests.provider.server import Provider

pytestmark = pytest.mark.compares_with("genai-prices")

NOTHING = Conversation(1, "", (), None, Parameters())


def model(key: str) -> Model:
    return get_catalog().find(key)


@pytest.mark.parametrize(
    ("key", "per_million"),
    [
        ("anthropic/claude-3-opus-20240229", ("15", "75")),
        ("anthropic/claude-3-sonnet-20240229", ("3", "15")),
        ("anthropic/claude-3-haiku-20240307", ("0.25", "1.25")),
        ("openai/gpt-4o", ("2.5", "10")),
        ("demo/demo-gpt", ("1", "2")),
    ],
)
def test_the_price_of_a_model_is_the_published_one(key: str, per_million: tuple[str, str]):
    price = prices.price_of(model(key), Pricer())
    assert price is not None
    assert (price.input, price.output) == (Decimal(per_million[0]), Decimal(per_million[1]))


def test_an_unknown_price_is_unknown_and_not_nought():
    stranger = model("openai/some-new-thing")
    assert prices.price_of(stranger, Pricer()) is None
    told = cost_estimate.quote(None, stranger, Pricer(), draft="Hello")
    assert (told.before, told.expected, told.high) == (None, None, None)
    assert told.input_tokens > 0
    assert told.hints == ()


def test_nothing_typed_in_an_empty_conversation_costs_next_to_nothing():
    told = cost_estimate.quote(NOTHING, model("openai/gpt-4o"), Pricer())
    assert told.before == Decimal("0.0000075"), "three tokens around a request at $2.50 a million"
    assert (told.history_tokens, told.file_tokens, told.draft_tokens) == (0, 0, 0)
    assert told.history_share == 0


def test_the_draft_the_system_prompt_and_files_are_counted():
    gpt = model("openai/gpt-4o")
    plain = cost_estimate.quote(NOTHING, gpt, Pricer(), draft="word " * 100)
    assert 95 <= plain.draft_tokens <= 130
    image = cost_estimate.quote(NOTHING, gpt, Pricer(), files=[File("a.png", "image/png", b"x")])
    assert image.file_tokens == 765
    assert image.before is not None
    assert image.before > Decimal("0.0019")
    pdf = cost_estimate.quote(NOTHING, gpt, Pricer(), files=[File("a.pdf", "application/pdf", b"/Type /Page\n" * 3)])
    assert pdf.file_tokens == 6_000
    system = cost_estimate.quote(NOTHING, gpt, Pricer(), parameters=Parameters(system="Be kind."))
    assert system.input_tokens > 3


def test_a_history_the_model_has_counted_is_known_and_not_guessed(provider: Provider):
    mine = Conversations(open_ledger(), "alice")
    gpt = model("openai/gpt-4o@tokens=200")
    turn = mine.send("Hello", gpt)
    assert turn.reply.done.wait(30)
    llmtrack.flush()
    chat = mine.open(turn.conversation_id)
    assert chat is not None
    figures = mine.figures(chat.messages)
    told = cost_estimate.quote(chat, gpt, Pricer(), draft="And?", figures=figures)
    answer = figures[turn.answers[0]]
    assert told.counted
    assert told.history_tokens == (answer.input_tokens or 0) + (answer.output_tokens or 0) - 3
    assert told.output_tokens == answer.output_tokens == 200
    other = cost_estimate.quote(chat, model("openai/gpt-4o"), Pricer(), draft="And?", figures=figures)
    assert not other.counted, "another model counts differently"
    assert other.low is not None
    assert other.low < (other.expected or 0) < (other.high or 0)


def test_a_quote_is_kept_with_its_answer_and_held_against_the_bill():
    mine = Conversations(open_ledger(), "alice")
    demo = model("demo/demo-gpt")
    first = mine.send("Hello", demo)
    assert first.reply.done.wait(30)
    llmtrack.flush()
    chat = mine.open(first.conversation_id)
    assert chat is not None
    told = cost_estimate.quote(chat, demo, Pricer(), draft="Hello again", figures=mine.figures(chat.messages))
    assert told.simulated
    turn = mine.send("Hello again", demo, conversation_id=chat.id, quoted=told.expected)
    assert turn.reply.done.wait(30)
    llmtrack.flush()
    chat = mine.open(chat.id)
    assert chat is not None
    assert chat.messages[-1].quoted == told.expected
    cost = mine.figures(chat.messages)[turn.answers[0]].cost
    off = cost_estimate.deviation(told.expected, cost)
    assert off is not None
    assert abs(off) < 0.2


def test_how_far_off_a_quote_was_is_unknown_where_either_side_is():
    assert cost_estimate.deviation(Decimal("0.011"), Decimal("0.010")) == pytest.approx(0.1)
    assert cost_estimate.deviation(None, Decimal(1)) is None
    assert cost_estimate.deviation(Decimal(1), None) is None
    assert cost_estimate.deviation(Decimal(1), Decimal(0)) is None


def long_chat(provider: Provider, key: str, files: tuple[File, ...] = ()) -> tuple[Conversation, dict[int, Figures]]:
    mine = Conversations(open_ledger(), "alice")
    turn = mine.send("word " * 15_000, model(key), files=files)
    assert turn.reply.done.wait(30)
    chat = mine.open(turn.conversation_id)
    assert chat is not None
    return chat, {}


def test_a_long_history_on_a_dear_model_gets_cheaper_ways_with_what_they_save(provider: Provider):
    chat, figures = long_chat(provider, "openai/gpt-5.5")
    dear = model("openai/gpt-5.5")
    told = cost_estimate.quote(chat, dear, Pricer(), draft="And?", figures=figures, catalog=get_catalog())
    assert told.history_share is not None
    assert told.history_share > 0.9
    by_kind = {hint.kind: hint for hint in told.hints}
    assert set(by_kind) == {"start_afresh", "other_model"}
    afresh = by_kind["start_afresh"]
    fresh = cost_estimate.quote(NOTHING, dear, Pricer(), draft="And?")
    assert told.expected is not None
    assert fresh.expected is not None
    assert abs(told.expected - afresh.saves - fresh.expected) < Decimal("0.0001")
    other = model(by_kind["other_model"].model or "")
    cheaper = cost_estimate.quote(chat, other, Pricer(), draft="And?", figures=figures)
    assert cheaper.expected is not None
    assert told.expected - by_kind["other_model"].saves == cheaper.expected
    assert cheaper.expected <= told.expected * Decimal("0.4")


def test_earlier_files_are_named_when_they_make_the_cost(provider: Provider):
    paper = File("paper.pdf", "application/pdf", b"x" * 1_000_000)
    mine = Conversations(open_ledger(), "alice")
    turn = mine.send("Read this", model("openai/gpt-4o"), files=[paper])
    assert turn.reply.done.wait(30)
    chat = mine.open(turn.conversation_id)
    assert chat is not None
    told = cost_estimate.quote(chat, model("openai/gpt-4o"), Pricer(), draft="And?")
    kinds = {hint.kind for hint in told.hints}
    assert "drop_files" in kinds
    assert "start_afresh" not in kinds, "the files are most of the history: the rest may stay"
    mine.configure(chat.id, model("openai/gpt-4o"), Parameters(), resend_files=False)
    chat = mine.open(chat.id)
    assert cost_estimate.quote(chat, model("openai/gpt-4o"), Pricer(), draft="And?").file_tokens == 0


def test_more_than_a_model_can_read_is_said_beforehand():
    old = model("openai/gpt-3.5-turbo")
    assert cost_estimate.quote(NOTHING, old, Pricer(), draft="word " * 20_000).too_long
    assert not cost_estimate.quote(NOTHING, old, Pricer(), draft="word " * 2_000).too_long


def test_small_amounts_are_not_worth_a_hint():
    told = cost_estimate.quote(NOTHING, model("openai/gpt-4o-mini"), Pricer(), draft="Hi", catalog=get_catalog())
    assert told.hints == ()


def test_the_pricer_is_made_once_for_each_version_of_the_price_book():
    ledger = open_ledger()
    assert prices.pricer_for(ledger) is prices.pricer_for(ledger)
