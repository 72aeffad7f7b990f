"""Noting what was reached, and sending the messages about it until they arrive or are given up.

A message is kept in the ledger in the same transaction as the warning it is about, so that neither is there without
the other. Whoever sends one takes it for two minutes; should that process die, another one tries again, with the same
id, by which a receiver can tell. Several processes do this beside each other.
"""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Callable

from llmtrack.billing.warnings import addressees, mail, messages, webhooks
from llmtrack.billing.warnings.webhooks import Attempt
from llmtrack.ledger import Ledger
from llmtrack.ledger.limit_warnings import (
    DeliveryRecord,
    Message,
    claim,
    enqueue_test,
    find_crossings,
    finish,
    next_due,
)
from llmtrack.settings import Settings

PAUSES = (5, 60, 300, 1_800, 7_200, 18_000, 36_000)
"""Seconds between attempts: after 18 hours a message is given up."""
ATTEMPTS = len(PAUSES) + 1
MOST_AT_ONCE = 100
_log = logging.getLogger(__name__)


def note_crossings(ledger: Ledger, settings: Settings, *, now: int | None = None) -> int:
    """Notes what was reached since the last look, with messages to whom it concerns; returns how much was told here."""
    now = _micros() if now is None else now
    count = 0
    for crossing in find_crossings(ledger, now):
        about = addressees.messages_about(ledger, crossing, settings) if crossing.announced else []
        count += claim(ledger, crossing, about) and crossing.announced
    return count


def deliver_due(
    ledger: Ledger,
    settings: Settings,
    *,
    clock: Callable[[], int] | None = None,
    stop: Callable[[], bool] | None = None,
) -> int:
    """Sends what is due; returns how many messages arrived. Blocks for some seconds where a receiver is slow."""
    arrived = 0
    for _ in range(MOST_AT_ONCE):
        now = (clock or _micros)()
        delivery = None if stop is not None and stop() else next_due(ledger, now)
        if delivery is None:
            break
        attempt = _try(delivery, settings)
        _note(ledger, delivery, attempt, (clock or _micros)())
        arrived += attempt is not None and attempt.done
    return arrived


def send_test(ledger: Ledger, settings: Settings, channel: str, target: str) -> Attempt:
    """Sends a test message now, and keeps it like any other: what fails is tried again."""
    now = _micros()
    if channel == "webhook":
        body = json.dumps(messages.make_test(target, now), ensure_ascii=False)
    else:
        text = "Warnings about limits arrive here.\n"
        body = json.dumps({"subject": "A test from llmtrack", "text": text})
    number = enqueue_test(ledger, Message(channel, target, body), now)
    delivery = DeliveryRecord(number, None, channel, target, body, "pending", 1, now, now, None, None)
    attempt = _try(delivery, settings) or Attempt(False, f"{target} is not in the settings")
    _note(ledger, delivery, attempt, _micros())
    return attempt


def _try(delivery: DeliveryRecord, settings: Settings) -> Attempt | None:
    """One attempt; None where the target is in the settings no more."""
    message_id = f"msg_{delivery.id:x}"
    if delivery.channel == "mail":
        content = json.loads(delivery.body)
        return mail.send(settings, delivery.target, content["subject"], content["text"], message_id)
    webhook = settings.webhooks.get(delivery.target)
    return None if webhook is None else webhooks.post(webhook, message_id, delivery.body)


def _note(ledger: Ledger, delivery: DeliveryRecord, attempt: Attempt | None, now: int) -> None:
    if attempt is None:
        finish(ledger, delivery, "withdrawn", now, error="it is in the settings no more")
    elif attempt.done:
        finish(ledger, delivery, "sent", now)
    elif attempt.final or delivery.attempts >= ATTEMPTS:
        _log.warning("A warning by %s was given up after %d attempts: %s",
                     delivery.channel, delivery.attempts, attempt.problem)  # fmt: skip
        finish(ledger, delivery, "failed", now, error=attempt.problem)
    else:
        pause = max(PAUSES[delivery.attempts - 1] * random.uniform(0.9, 1.1), attempt.retry_after)
        finish(ledger, delivery, "pending", now, error=attempt.problem, next_at=now + int(pause * 1_000_000))


def _micros() -> int:
    return time.time_ns() // 1000
