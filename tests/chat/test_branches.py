"""The tree of a conversation's messages, whatever was edited and asked again in it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmtrack.chat.conversations.tree import Message, branch, conversation_of, latest_below, next_id
from llmtrack.ledger.chats.store import Heading, Line


def message(id: int, parent: int | None) -> Message:
    return Message(id, parent, "user", f"text {id}")


@st.composite
def trees(draw: st.DrawFn) -> list[Message]:
    """Messages of which each hangs on an earlier one, or on none."""
    size = draw(st.integers(1, 30))
    return [message(id, draw(st.sampled_from([None, *range(1, id)]))) for id in range(1, size + 1)]


@pytest.mark.slow
@given(trees(), st.integers(0, 40))
def test_a_branch_leads_from_a_first_message_to_its_head_link_by_link(messages: list[Message], head: int):
    found = branch(messages, head)
    if head < 1 or head > len(messages):
        assert found == ()
        return
    assert found[-1].id == head
    assert found[0].parent_id is None
    assert all(child.parent_id == parent.id for parent, child in pairwise(found))


@given(trees(), st.data())
def test_walking_to_a_message_shows_it_with_the_newest_that_follows(messages: list[Message], data: st.DataObject):
    chosen = data.draw(st.sampled_from(messages)).id
    end = latest_below(messages, chosen)
    assert chosen in [one.id for one in branch(messages, end)]
    assert not [one for one in messages if one.parent_id == end], "it goes to the end"


def test_a_circle_made_by_a_damaged_row_ends_and_does_not_hang():
    assert [one.id for one in branch([message(1, 2), message(2, 1)], 2)] == [1, 2]
    assert branch([], 5) == ()
    assert branch([message(1, None)], None) == ()


def test_ids_made_one_after_the_other_sort_so():
    made = [next_id(0)]
    for _ in range(1000):
        made.append(next_id(made[-1]))
    assert made == sorted(set(made))


def test_what_older_versions_did_not_keep_is_unknown():
    heading = Heading(1, None, False, False, 1, 1, 0, head=2)
    chat = conversation_of(heading, [Line(1, None, "user", []), Line(2, 1, "assistant", [], status="ok")])
    assert chat.title == ""
    answer = chat.messages[1]
    assert (answer.model, answer.seconds, answer.quoted, answer.text) == (None, None, None, "")
    assert answer.versions == (2,)
