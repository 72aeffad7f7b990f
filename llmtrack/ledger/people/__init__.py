"""Who is who: people and their user ids, teams, tokens, and the log of who changed what."""

from __future__ import annotations

from llmtrack.ledger.people.aliases import AliasRecord, aliases, check_merge, merge, undo_merge
from llmtrack.ledger.people.audit_log import AuditEntry, AuditFilter, actions, audit_log, record
from llmtrack.ledger.people.directory import PersonRecord, attributes, find, named, people, user_id_conflicts
from llmtrack.ledger.people.invitations import (
    InvitationRecord,
    invitations,
    invite,
    is_invited,
    withdraw_invitation,
)
from llmtrack.ledger.people.sign_in import end_sessions, set_disabled, set_role, sign_in
from llmtrack.ledger.people.teams import (
    TeamRecord,
    add_team,
    allow_web_search,
    may_search_the_web,
    models_of,
    remove_team,
    set_member,
    set_models,
    teams,
)
from llmtrack.ledger.people.tokens import TokenRecord, add_token, revoke_token, token_by_digest, tokens, touch_token

__all__ = [
    "AliasRecord",
    "AuditEntry",
    "AuditFilter",
    "InvitationRecord",
    "PersonRecord",
    "TeamRecord",
    "TokenRecord",
    "actions",
    "add_team",
    "add_token",
    "aliases",
    "allow_web_search",
    "attributes",
    "audit_log",
    "check_merge",
    "end_sessions",
    "find",
    "invitations",
    "invite",
    "is_invited",
    "may_search_the_web",
    "merge",
    "models_of",
    "named",
    "people",
    "record",
    "remove_team",
    "revoke_token",
    "set_disabled",
    "set_member",
    "set_models",
    "set_role",
    "sign_in",
    "teams",
    "token_by_digest",
    "tokens",
    "touch_token",
    "undo_merge",
    "user_id_conflicts",
    "withdraw_invitation",
]
