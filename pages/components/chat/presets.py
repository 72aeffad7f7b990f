"""Presets on the chat page: a model with its parameters under a name, applied with a click."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from llmtrack.chat.error_messages import ChatError
from pages.components import formatting
from pages.components.chat import dialogs, model_picker, parameters

if TYPE_CHECKING:
    from llmtrack.chat.answers import Parameters
    from llmtrack.chat.models import Catalog, Model
    from llmtrack.chat.preferences import Preferences, Preset

CHOICE = "preset_choice"
APPLIED = "preset_applied"
"""The preset last applied: the name that is offered for saving."""
OPENED = "presets_opened"
"""How often the dialog was opened."""
NOTICE = "preset_said"
RENAMED = "preset_renamed"
"""The preset whose name is being changed."""
REMOVED = "preset_removed"
REPLACE, RENAME, REMOVE = (
    ":material/published_with_changes: Replace by what is set now",
    ":material/edit: Rename",
    ":material/delete: Delete",
)


def want() -> None:
    """Open the dialog, and close the settings it was asked for in."""
    dialogs.want(dialogs.PRESETS)
    st.session_state[OPENED] = st.session_state.get(OPENED, 0) + 1


def draw_choice(catalog: Catalog, preferences: Preferences, conversation_id: int | None) -> None:
    """The presets to choose from, and the way to save one."""
    names = [preset.name for preset in preferences.presets]

    def chosen() -> None:
        if name := st.session_state[CHOICE]:
            apply(catalog, preferences, name, conversation_id)
            st.session_state[CHOICE] = None

    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", wrap=False):
        with st.container(width="stretch"):
            placeholder = "Apply a preset" if names else "none yet"
            st.selectbox(
                "Preset",
                names,
                index=None,
                format_func=formatting.visible,
                key=CHOICE,
                placeholder=placeholder,
                on_change=chosen,
            )
        st.button(
            "Save…",
            key="manage_presets",
            help="Save the model and its settings as a preset; rename, replace or delete presets",
            on_click=want,
        )
    if notice := st.session_state.pop(NOTICE, None):
        st.toast(notice, icon=":material/bookmark:")


def apply(catalog: Catalog, preferences: Preferences, name: str, conversation_id: int | None) -> None:
    """Choose the preset's model and set its parameters; where that cannot be, say why. For a callback."""
    try:
        preset = preferences.preset(name)
        if preset.model is not None:
            model_picker.choose(catalog.find(preset.model))
    except ChatError as error:
        st.session_state[model_picker.REFUSED] = str(error)
        return
    parameters.put(conversation_id, preset.parameters)
    st.session_state[APPLIED] = preset.name
    st.session_state[NOTICE] = f"“{formatting.plain(preset.name)}” is applied."


@st.dialog("Presets", width="medium", icon=":material/bookmark:", on_dismiss=dialogs.close)
def manage(
    catalog: Catalog, preferences: Preferences, model: Model, current: Parameters, conversation_id: int | None
) -> None:
    """Save what is set now under a name; apply, rename, replace and delete what was saved."""
    with st.form("save_preset", border=False):
        st.caption(f"Set now: {describe(model.name, current)}")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            name = st.text_input("Name of the preset", st.session_state.get(APPLIED, ""), max_chars=60)
            saved = st.form_submit_button("Save", type="primary")
    if saved:
        _attempt(lambda: _save(preferences, name, model, current))
    for preset in preferences.presets:
        if preset.name == st.session_state.get(RENAMED):
            _draw_renaming(preferences, preset)
        else:
            _draw_preset(catalog, preferences, preset, model, current, conversation_id)
    if removed := st.session_state.get(REMOVED):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"“{formatting.plain(removed.name)}” was deleted.", width="content")
            st.button("Undo", key="undo_preset", icon=":material/undo:", on_click=_restore, args=(preferences,))


def _draw_preset(
    catalog: Catalog,
    preferences: Preferences,
    preset: Preset,
    model: Model,
    current: Parameters,
    conversation_id: int | None,
) -> None:
    menu = f"preset_menu_{preset.name}"

    def act() -> None:
        action = st.session_state[menu]
        if action == REPLACE:
            preferences.save_preset(preset.name, model, current)
        elif action == RENAME:
            st.session_state[RENAMED] = preset.name
        elif action == REMOVE:
            preferences.remove_preset(preset.name)
            st.session_state[REMOVED] = preset
            if st.session_state.get(APPLIED) == preset.name:
                del st.session_state[APPLIED]

    with st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
        with st.container(width="stretch", gap=None):
            st.markdown(f"**{formatting.plain(preset.name)}**")
            name = (preset.model or "").partition("/")[2] or "whatever model is chosen"
            st.caption(describe(name, preset.parameters))
        applied = st.button(
            "Apply",
            key=f"apply_{preset.name}",
            on_click=apply,
            args=(catalog, preferences, preset.name, conversation_id),
        )
        st.menu_button(
            "More",
            [REPLACE, RENAME, REMOVE],
            key=menu,
            type="tertiary",
            help=f"What can be done with {formatting.plain(preset.name)}",
            on_click=act,
        )
    if applied:
        dialogs.close()
        st.rerun()


def _draw_renaming(preferences: Preferences, preset: Preset) -> None:
    with st.form("rename_preset", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        new = st.text_input("New name", preset.name, max_chars=60)
        if not st.form_submit_button("Rename"):
            return
    _attempt(lambda: _rename(preferences, preset.name, new))


def _save(preferences: Preferences, name: str, model: Model, current: Parameters) -> None:
    st.session_state[APPLIED] = preferences.save_preset(name, model, current)


def _rename(preferences: Preferences, name: str, new: str) -> None:
    saved = preferences.rename_preset(name, new)
    st.session_state.pop(RENAMED, None)
    if st.session_state.get(APPLIED) == name:
        st.session_state[APPLIED] = saved


def _restore(preferences: Preferences) -> None:
    preferences.restore_preset(st.session_state.pop(REMOVED))


def _attempt(work: Callable[[], None]) -> None:
    """Do it and draw the dialog again; what cannot be done is said in it."""
    try:
        work()
    except ChatError as error:
        st.error(formatting.visible(str(error)), icon=":material/error:")
    else:
        st.rerun()


def describe(model: str, chosen_parameters: Parameters) -> str:
    """A model with parameters in a line."""
    return formatting.plain(" · ".join(part for part in (model, parameters.summary(chosen_parameters)) if part))
