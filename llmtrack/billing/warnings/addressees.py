"""Who hears of a warning: the person it is about, the leads of a team, admins, and every webhook."""

from __future__ import annotations

import json

from llmtrack.billing.warnings.mail import sender_of
from llmtrack.billing.warnings.messages import make_mail, make_payload
from llmtrack.ledger import Ledger
from llmtrack.ledger.limit_warnings import Message, WarningRecord
from llmtrack.ledger.people import PersonRecord, attributes, people
from llmtrack.settings import Settings
from llmtrack.warning_settings import is_mail_address

MOST_MAILS = 50
"""Addresses that one warning goes to at most."""


def messages_about(ledger: Ledger, record: WarningRecord, settings: Settings) -> list[Message]:
    """The messages about a warning: one for each webhook and each mail address. Of sample data there are none."""
    if settings.sample:
        return []
    base = settings.app_url
    payload = make_payload(record, f"{base}/limits?limit={record.limit_id}" if base else None)
    messages = [Message("webhook", name, json.dumps(payload, ensure_ascii=False)) for name in settings.webhooks]
    if sender_of(settings) is not None:
        mail = json.dumps(make_mail(record, f"{base}/usage" if base else None), ensure_ascii=False)
        messages += [Message("mail", address, mail) for address in mail_addresses(ledger, record, settings)]
    return messages


def mail_addresses(ledger: Ledger, record: WarningRecord, settings: Settings) -> list[str]:
    """Whom a warning is mailed to, each once."""
    persons = people(ledger)
    addresses = [*_of_subject(ledger, record, persons)]
    addresses += [name for name in settings.admins if is_mail_address(name)]
    for person in persons:
        admin = person.role == "admin" or bool(set(person.groups) & set(settings.admin_groups))
        if admin and person.disabled_at is None:
            addresses += _addresses(person)[:1]
    unique = {address.lower(): address for address in [*addresses, *settings.warning_mail_to]}
    return list(unique.values())[:MOST_MAILS]


def _of_subject(ledger: Ledger, record: WarningRecord, persons: list[PersonRecord]) -> list[str]:
    scope, subject = record.about.get("scope"), record.subject
    if scope == "team":
        return [address for person in persons if subject in person.leads for address in _addresses(person)[:1]]
    if scope != "user":
        return []
    given = attributes(ledger, [subject]).get(subject, {}).get("email")
    own = [person for person in persons if subject in (person.user_id, *person.user_ids)]
    candidates = [str(given or ""), *(address for person in own for address in _addresses(person)), subject]
    return list(filter(is_mail_address, candidates))[:1]


def _addresses(person: PersonRecord) -> list[str]:
    return [name for name in (person.user_id, *person.user_ids) if is_mail_address(name)]
