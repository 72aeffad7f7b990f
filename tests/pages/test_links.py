"""The addresses of things, and the filters in them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from llmtrack.ledger.query import Filter
from pages.components import links
from pages.components.conditions import both, decode, encode, only, sentence

SCRIPT = Path(__file__).parents[2] / "llmtrack" / "serving" / "links.js"


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (Filter("model", ("gpt-5", "gpt-5-mini")), "model:is:gpt-5,gpt-5-mini"),
        (Filter("user", ("a,b:c d/é%", None), negated=True), "user:not:a%2Cb%3Ac d/%C3%A9%25,"),
        (Filter("property.a:b", ("1",), operator="above"), "property.a%3Ab:above:1"),
        (Filter("feature", ("sum",), True, "contains"), "feature:without:sum"),
        (Filter("feature", (None,)), "feature:is:"),
    ],
)
def test_a_filter_in_an_address_is_read_back_as_it_was(condition: Filter, text: str) -> None:
    assert encode(condition) == text
    assert decode(text) == condition


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model", "'model' is no filter"),
        ("model:like:x", "'model:like:x' is no filter"),
        ("modle:is:x", "There is no dimension 'modle'; did you mean model"),
        ("model:above:3", "'model' holds names"),
    ],
)
def test_what_is_no_filter_is_named(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        decode(text)


def test_filters_read_as_sentences() -> None:
    conditions = [Filter("group", ("a", None)), Filter("group", ("a", None), negated=True)]
    assert sentence(conditions) == "Team is a or not given, Team is not a or not given"
    assert only(conditions, "group", "b") == (Filter("group", ("b",)),)
    assert both({"user": "x"}, conditions[:1], conditions[:1]) == (Filter("user", ("x",)), conditions[0])


def addresses() -> None:
    import streamlit as st

    from llmtrack.ledger.query import Filter
    from pages.components import links

    links.keep("30 days", where=[Filter("model", ("gpt-5",)), Filter("user", ("ann",))])
    st.json(
        {
            "user": links.user("bob & co"),
            "nobody": links.user(None),
            "model": links.model("gpt-5"),
            "call": links.call(12),
            "trace": links.trace("t/1"),
            "no trace": links.trace(None),
            "calls": links.calls(Filter("status", ("error",)), order="-cost"),
            "day": links.over("calls", "2026-11-06", "2026-11-06", [Filter("user", ("ann",))]),
            "narrowed": links.narrowed("overview", "user", "bob"),
            "anchor": links.anchor("<b>", links.address("users"), title='"'),
        }
    )


def test_an_address_keeps_the_filters_but_for_those_it_replaces() -> None:
    app = AppTest.from_function(addresses).run()
    assert not app.exception
    made = json.loads(app.json[0].value)
    model, ann = "where=model%3Ais%3Agpt-5", "where=user%3Ais%3Aann"
    assert made == {
        "user": f"user?user=bob+%26+co&span=30+days&{model}",
        "nobody": f"calls?span=30+days&{model}&where=user%3Ais%3A",
        "model": f"model?model=gpt-5&span=30+days&{ann}",
        "call": f"calls?call=12&span=30+days&{model}&{ann}",
        "trace": f"traces?trace=t%2F1&span=30+days&{model}&{ann}",
        "no trace": None,
        "calls": f"calls?order=-cost&span=30+days&{model}&{ann}&where=status%3Ais%3Aerror",
        "day": f"calls?span=Dates&days=2026-11-06&days=2026-11-06&{model}&{ann}",
        "narrowed": f"overview?span=30+days&{model}&where=user%3Ais%3Abob",
        "anchor": f'<a data-in href="users?span=30+days&amp;{model}&amp;{ann}" title="&quot;">&lt;b&gt;</a>',
    }


def test_the_script_keeps_the_same_parameters_on_the_same_pages() -> None:
    script = SCRIPT.read_text(encoding="utf-8")
    for name, expected in (("KEPT", links.KEPT), ("FILTERED", links.FILTERED)):
        (listed,) = re.findall(rf"const {name} = \[(.*?)\]", script, re.DOTALL)
        assert tuple(re.findall(r'"([\w-]+)"', listed)) == expected
