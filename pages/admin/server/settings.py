"""How this server lets people in, as it was started; changed in the environment or the secrets file, not here."""

import streamlit as st

from llmtrack.settings import SECRETS_FILE, Settings, get_settings
from pages.components import card, empty_states, tables
from pages.components.tables import Column
from pages.components.viewer import require_admin

MODES = {
    "local": "Local: one user on this machine, who is an admin. Nobody signs in, and nobody else can reach the server.",
    "oidc": "OpenID Connect: people sign in with an identity provider.",
    "header": "Trusted header: a proxy signs people in, and says who they are with every request.",
}
COLUMNS = (Column("name", "Setting", pinned=True, width="medium"), Column("value", "Value", width="large"))
SHOWN = {
    "local": ("user_id",),
    "oidc": (
        "oidc_issuer", "oidc_client_id", "oidc_redirect_uri", "oidc_scope", "oidc_prompt", "user_id_claim",
        "name_claim", "groups_claim", "session_hours",
    ),
    "header": ("header_user", "header_groups", "header_secret_name"),
}  # fmt: skip
PEOPLE = ("allowed_domains", "allowed_users", "allowed_groups", "admins", "admin_groups")
SECRETS = {"oidc": ("oidc_client_secret", "cookie_secret"), "header": ("header_secret",)}


def rows(settings: Settings) -> list[dict[str, str]]:
    """The settings that matter in this mode. Of secrets it is said that they are set, and nothing more."""
    shown = [*SHOWN[settings.sign_in], *(() if settings.sign_in == "local" else PEOPLE)]
    values = {name: getattr(settings, name) for name in shown}
    lines = [{"name": f"LLMTRACK_{name.upper()}", "value": text(value)} for name, value in values.items()]
    for name in SECRETS.get(settings.sign_in, ()):
        lines.append({"name": f"LLMTRACK_{name.upper()}", "value": "set" if getattr(settings, name) else "missing"})
    return lines


def text(value: object) -> str:
    """A setting's value as people read it."""
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "nobody named"
    return "not set" if value is None else str(value)


require_admin()
settings = get_settings()
with card.head("Settings"):
    pass
with card.card("Sign-in", "as this server was started"):
    st.markdown(MODES[settings.sign_in])
    tables.table(rows(settings), COLUMNS, alt_text="Settings of sign-in")
    empty_states.note(
        f"The mode is `LLMTRACK_SIGN_IN`, now `{settings.sign_in}`. Settings come from the environment or from "
        f"`{SECRETS_FILE.as_posix()}` and hold from the next start on; docs/sign-in.md shows each provider's."
    )
    if settings.sign_in != "local" and not (
        settings.allowed_domains or settings.allowed_users or settings.allowed_groups
    ):
        st.warning(
            "Everybody whom the identity provider knows may come in: name domains, users or groups to change that.",
            icon=":material/group_add:",
        )
