"""How a conversation wants its answers: instructions, temperature, length, effort; and choosing all of it at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from llmtrack.chat.answers import Parameters
from pages.components import fresh_keys

if TYPE_CHECKING:
    from llmtrack.chat.conversations import Conversation
    from llmtrack.chat.models import Model

DEFAULT = "as the model likes"
NEW = "new"
"""What stands for the conversation while it has no number yet."""
_NAMES = ("system", "free", "heat", "most", "wanted_effort")


def owner(conversation: Conversation | None) -> str:
    """Whose parameters they are: a conversation's, or those of the one about to begin.

    After a preset or a new beginning the controls are others, with other keys (`fresh_keys`).
    """
    return fresh_keys.key_of(_base(conversation.id if conversation else None))


def _base(conversation_id: int | None) -> str:
    return str(conversation_id or NEW)


def draw(model: Model, conversation: Conversation | None) -> Parameters:
    """The controls: only what the model knows is asked for."""
    whose = owner(conversation)
    stored = conversation.parameters if conversation else Parameters()
    for key, value in _values(whose, stored).items():
        st.session_state.setdefault(key, value)
    system = st.text_area(
        "System prompt",
        key=f"system_{whose}",
        placeholder="You are a patient teacher …",
        help="Instructions that go before the conversation, with every message.",
        persist_state="session",
    )
    temperature = stored.temperature
    if model.capabilities.temperature:
        free = st.toggle(f"Temperature {DEFAULT}", key=f"free_{whose}", persist_state="session")
        temperature = None if free else _temperature(whose)
    effort = stored.effort
    if model.capabilities.efforts:
        effort = _effort(whose, model, stored)
    most = st.number_input(
        "Longest answer, in tokens",
        min_value=1,
        value=None,
        key=f"most_{whose}",
        placeholder=DEFAULT,
        persist_state="session",
    )
    return Parameters((system or "").strip() or None, temperature, int(most) if most else None, effort)


def chosen(model: Model, conversation: Conversation | None) -> Parameters:
    """The values of the controls, read before they are drawn; where they have not been drawn yet, the stored ones."""
    whose, state = owner(conversation), st.session_state
    stored = conversation.parameters if conversation else Parameters()
    values = {key: state.get(key, value) for key, value in _values(whose, stored).items()}
    system, most = values[f"system_{whose}"], values[f"most_{whose}"]
    temperature = stored.temperature
    if model.capabilities.temperature:
        temperature = None if values[f"free_{whose}"] else float(values[f"heat_{whose}"])
    effort = stored.effort
    if model.capabilities.efforts:
        effort = state.get(f"effort_{whose}_{model.key}", _wanted_effort(whose, model, stored))
    return Parameters((system or "").strip() or None, temperature, int(most) if most else None, effort)


def put(conversation_id: int | None, parameters: Parameters) -> None:
    """Set the controls of a conversation, or of the one about to begin. Before they are drawn, as in a callback."""
    whose = _renewed(conversation_id)
    st.session_state.update(_values(whose, parameters))
    st.session_state[f"wanted_effort_{whose}"] = parameters.effort


def begin_anew() -> None:
    """The next new conversation starts without the parameters of the one before it."""
    _renewed(None)


def summary(parameters: Parameters) -> str:
    """Parameters in a few words: ``temperature 1.5 · at most 100 tokens · “Answer in verse.”``."""
    system = " ".join((parameters.system or "").split())
    parts = (
        None if parameters.temperature is None else f"temperature {parameters.temperature:g}",
        parameters.effort and f"effort {parameters.effort}",
        parameters.max_tokens and f"at most {parameters.max_tokens:,} tokens",
        system and f"“{system if len(system) <= 60 else system[:59] + '…'}”",
    )
    return " · ".join(part for part in parts if part)


def _values(whose: str, parameters: Parameters) -> Mapping[str, Any]:
    """What the controls hold for these parameters; the effort's differ by model."""
    temperature = parameters.temperature
    return {
        f"system_{whose}": parameters.system or "",
        f"free_{whose}": temperature is None,
        f"heat_{whose}": 1.0 if temperature is None else float(temperature),
        f"most_{whose}": parameters.max_tokens,
    }


def _temperature(whose: str) -> float:
    return float(st.slider("Temperature", 0.0, 2.0, step=0.1, key=f"heat_{whose}", persist_state="session"))


def _effort(whose: str, model: Model, stored: Parameters) -> str | None:
    key = f"effort_{whose}_{model.key}"
    st.session_state.setdefault(key, _wanted_effort(whose, model, stored))
    return st.selectbox(
        "Reasoning effort",
        model.capabilities.efforts,
        index=None,
        key=key,
        placeholder=DEFAULT,
        persist_state="session",
    )


def _wanted_effort(whose: str, model: Model, stored: Parameters) -> str | None:
    wanted = st.session_state.get(f"wanted_effort_{whose}", stored.effort)
    return wanted if wanted in model.capabilities.efforts else None


def _renewed(conversation_id: int | None) -> str:
    """Whose the parameters are from now on; nothing is left of what the controls held."""
    base = _base(conversation_id)
    whose = fresh_keys.key_of(base)
    names = tuple(f"{name}_{whose}" for name in _NAMES)
    for key in [str(state_key) for state_key in st.session_state]:
        if key in names or key.startswith(f"effort_{whose}_"):
            del st.session_state[key]
    return fresh_keys.renew(base)
