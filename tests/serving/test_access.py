"""Who may see what: every person with every kind of thing, and what pages do about it."""

from __future__ import annotations

import itertools
from contextlib import suppress

import pytest

from llmtrack.serving.identity import Kind, NotFound, Subject, Viewer, may_see, require_question

ALICE = Viewer("alice", "Alice", "user", ids=("alice", "alice@old"), person=1, teams=("blue",))
LEAD = Viewer("lena", "Lena", "lead", person=2, teams=("blue", "red"), leads=("blue",))
ADMIN = Viewer("root", "Root", "admin", person=3)
PEOPLE = {"user": ALICE, "lead": LEAD, "admin": ADMIN}

SUBJECTS = {
    "own": lambda me: {"user": me.id},
    "another's": lambda me: {"user": "bob"},
    "nobody's": lambda me: {"user": ""},
    "a team they lead": lambda me: {"team": "blue"},
    "a team they are in": lambda me: {"team": "red"},
    "another team": lambda me: {"team": "green"},
    "own, said to be a team's": lambda me: {"user": me.id, "team": "green"},
    "everybody's": lambda me: {},
}
# Read as: of this kind, these people may see whose.
ALLOWED = {
    Kind.NUMBERS: {
        "user": {"own"},
        "lead": {"own", "a team they lead"},
        "admin": set(SUBJECTS),
    },
    Kind.TEXTS: {"user": {"own"}, "lead": {"own"}, "admin": set(SUBJECTS)},
    Kind.CONVERSATION: {"user": {"own"}, "lead": {"own"}, "admin": {"own"}},
    Kind.TOKENS: {"user": {"own"}, "lead": {"own"}, "admin": set(SUBJECTS)},
    Kind.ADMINISTRATION: {"user": set(), "lead": set(), "admin": set(SUBJECTS)},
}
CELLS = list(itertools.product(PEOPLE, Kind, SUBJECTS))


@pytest.mark.parametrize(("who", "kind", "whose"), CELLS)
def test_every_person_sees_of_every_kind_what_the_table_says(who: str, kind: Kind, whose: str) -> None:
    me = PEOPLE[who]
    assert may_see(me, Subject(kind, **SUBJECTS[whose](me))) is (whose in ALLOWED[kind][who])


@pytest.mark.parametrize(
    ("where", "seen_by"),
    [
        ({"user": "alice"}, {"user", "admin"}),
        ({"user": ["alice", "alice@old"]}, {"user", "admin"}),
        ({"user": ["alice", "bob"]}, {"admin"}),
        ({"user": ["alice", None]}, {"admin"}),
        ({"user": None}, {"admin"}),
        ({"user": []}, {"admin"}),
        ({"user": "alice", "group": "red"}, {"user", "admin"}),
        ({"group": "blue"}, {"lead", "admin"}),
        ({"group": ["blue", "red"]}, {"admin"}),
        ({"group": "blue", "user": "alice"}, {"user", "lead", "admin"}),
        ({"model": "gpt-4o"}, {"admin"}),
        ({}, {"admin"}),
    ],
)
def test_a_question_is_answered_only_where_its_filters_hold_it_to_what_one_may_see(
    where: dict[str, object], seen_by: set[str]
) -> None:
    answered = set()
    for who, me in PEOPLE.items():
        with suppress(NotFound):
            require_question(me, Kind.NUMBERS, where)
            answered.add(who)
    assert answered == seen_by
