"""Who is who: people and their user ids, teams, tokens, and the log of who changed what."""

from __future__ import annotations

from llmtrack.ledger.people.audit_log import AuditEntry, AuditFilter, actions, audit_log, record
from llmtrack.ledger.people.directory import PersonRecord, find, named, people, user_id_conflicts
from llmtrack.ledger.people.sign_in import end_sessions, set_disabled, set_role, sign_in
from llmtrack.ledger.people.teams import TeamRecord, add_team, remove_team, set_member, teams
from llmtrack.ledger.people.tokens import TokenRecord, add_token, revoke_token, token_by_digest, tokens, touch_token

__all__ = [
    "AuditEntry",
    "AuditFilter",
    "PersonRecord",
    "TeamRecord",
    "TokenRecord",
    "actions",
    "add_team",
    "add_token",
    "audit_log",
    "end_sessions",
    "find",
    "named",
    "people",
    "record",
    "remove_team",
    "revoke_token",
    "set_disabled",
    "set_member",
    "set_role",
    "sign_in",
    "teams",
    "token_by_digest",
    "tokens",
    "touch_token",
    "user_id_conflicts",
]
