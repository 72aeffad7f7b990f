"""Cutting a growing answer into pieces that stay as they are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pages.components.chat.markdown.blocks import Code, code_of, finished, pieces

LINES = st.lists(
    st.sampled_from(
        [
            "",
            "",
            "text",
            "- item",
            "  more",
            "1. one",
            "```py",
            "```",
            "~~~",
            "$$",
            "| a | b |",
            "`x`",
            "ب",
            "- ب",
            "\\[",
        ]
    ),
    max_size=40,
).map("\n".join)


@given(LINES)
def test_pieces_put_together_are_the_text(text: str) -> None:
    joined = "".join(pieces(text, size=10))
    assert text.startswith(joined)
    assert not text[len(joined) :].strip()


@given(LINES, st.integers(0, 200))
def test_a_finished_piece_is_the_same_in_every_longer_text(text: str, cut: int) -> None:
    early = finished(text[:cut], size=10)
    assert finished(text, size=10)[: len(early)] == early


def test_paragraphs_are_cut_apart_at_blank_lines() -> None:
    assert pieces("first paragraph\n\nsecond", size=5) == ["first paragraph\n\n", "second"]


def test_code_is_never_cut() -> None:
    code = "```python\na = 1\n\n\nb = 2\n```\n\nafter"
    assert pieces(code, size=5) == ["```python\na = 1\n\n\nb = 2\n```\n", "\nafter"]


def test_a_longer_fence_is_not_closed_by_a_shorter_one() -> None:
    assert finished("````\n```\n\ntext\n\nmore", size=5) == []


def test_a_loose_list_stays_in_one_piece_until_something_else_begins() -> None:
    text = "1. one\n\n   of it\n\n2. two\n\nafter"
    assert pieces(text, size=3) == ["1. one\n\n   of it\n\n2. two\n\n", "after"]


def test_a_formula_is_never_cut() -> None:
    assert pieces("$$\na\n\nb\n$$\n\nafter", size=3) == ["$$\na\n\nb\n$$\n\n", "after"]
    assert pieces("\\[\na\n\nb\n\\]\n\nafter", size=3) == ["\\[\na\n\nb\n\\]\n\n", "after"]


def test_the_end_waits_because_the_next_line_may_belong_to_it() -> None:
    assert finished("a long enough paragraph\n\n", size=5) == []


def test_a_paragraph_in_the_other_direction_begins_a_piece() -> None:
    assert pieces("one\n\nمرحبا\n\n- قائمة\n\ntwo") == ["one\n\n", "مرحبا\n\n- قائمة\n\n", "two"]


def test_code_is_known_from_its_fence() -> None:
    assert code_of("```py x\na\n\n b\n```\n") == Code("a\n\n b", "py")
    assert code_of("~~~\na\n```\n") == Code("a\n```", "")
    assert code_of(" ```\n  a\n b") == Code(" a\nb", "")
    assert code_of("```x```\n") is None
    assert code_of("text") is None


def test_what_never_becomes_a_formula_holds_nothing_up() -> None:
    text = "\\[ no end\n\n" + "a line of text\n\n" * 1_000
    assert len(finished(text)) > 10
