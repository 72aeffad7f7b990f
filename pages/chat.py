"""Talking to models, and seeing what it costs."""

from dataclasses import dataclass
from uuid import uuid4

import streamlit as st

from llmtrack.chat import replies
from llmtrack.chat.catalog import Model, get_catalog
from llmtrack.chat.prompt import Parameters, Prompt, Said
from llmtrack.chat.replies import Reply
from llmtrack.chat.wording import ChatError
from pages.parts import messages, numbers, picker, tail
from pages.parts.messages import Facts
from pages.parts.viewer import viewer

WATCH_SECONDS = 0.5
FIGURES = (
    *numbers.MONEY,
    "input_tokens", "output_tokens", "cache_read_tokens", "estimated", "duration", "time_to_first_token",
)  # fmt: skip


@dataclass(slots=True)
class Turn:
    """A message and the answer to it."""

    text: str
    model: Model
    trace_id: str
    reply: Reply
    facts: Facts | None = None


def send(text: str, model: Model) -> None:
    """Ask `model`; the conversation so far goes with it."""
    history = [
        said
        for turn in turns
        for said in (Said("user", turn.text), Said("assistant", turn.reply.text))
        if turn.reply.text
    ]
    parameters = Parameters(system=st.session_state.get("system") or None)
    trace_id = uuid4().hex
    prompt = Prompt(model, (*history, Said("user", text)), parameters, me.id, session_id, trace_id)
    turns.append(Turn(text, model, trace_id, replies.start(prompt)))


def facts_of(turn: Turn) -> Facts:
    """What the ledger says about an answer that has ended."""
    if turn.facts is None:
        from llmtrack.ledger.metrics import ask

        row = ask(numbers.ledger(), FIGURES, where={"trace": turn.trace_id}).totals
        simulated = turn.model.simulated
        turn.facts = Facts(
            model=turn.model.name,
            simulated=simulated,
            input_tokens=row["input_tokens"],
            output_tokens=row["output_tokens"],
            cached_tokens=row["cache_read_tokens"],
            cost=row["simulated_cost"] if simulated else row["cost"],
            cost_status="simulated" if simulated else ("unpriced" if row["unpriced"] else "exact"),
            seconds=row["duration"],
            first_token=row["time_to_first_token"],
            status=turn.reply.status,
            estimated=bool(row["estimated"]),
        )
    return turn.facts


@st.fragment(run_every=WATCH_SECONDS)
def watch(reply: Reply) -> None:
    """After Stop nothing would draw the page again; this does, once the answer has ended."""
    if reply.done.is_set():
        st.rerun()


me = viewer()
session_id = st.session_state.setdefault("session_id", uuid4().hex)
turns: list[Turn] = st.session_state.setdefault("turns", [])

with st.bottom:
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.container(width=340):
            model = picker.pick_model(get_catalog())
        with st.popover("", icon=":material/tune:", help="Instructions for the model"):
            st.text_area("System prompt", key="system", persist_state="session", placeholder="You are …")
        if turns and st.button("", icon=":material/edit_square:", help="New chat"):
            del st.session_state["turns"], st.session_state["session_id"]
            st.rerun()
    text = st.chat_input("Message", key="message", submit_mode="stop")

if text:
    try:
        send(text, model)
    except ChatError as error:
        st.error(str(error), icon=":material/error:")

if not turns:
    st.title("What would you like to know?", anchor=False)
    st.caption(picker.facts(model, None))

for turn in turns:
    messages.draw_person(turn.text)
    if turn.reply.done.is_set():
        messages.draw_answer(turn.reply.text, turn.reply.reasoning, turn.reply.error, facts_of(turn))
    else:
        watch(turn.reply)
        with st.chat_message("assistant", avatar=messages.MODEL):
            tail.follow(turn.reply)
        st.rerun()
