"""Posting to a webhook, signed after Standard Webhooks (https://www.standardwebhooks.com)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx2

from llmtrack.own_version import own_version
from llmtrack.warning_settings import WebhookSettings

SECONDS = 15.0
"""How long one attempt may take in all, however slowly the receiver answers."""
GONE = 410


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one attempt."""

    done: bool
    problem: str = ""
    """Why it failed, in words that may be shown: without the address, which may be a secret."""
    final: bool = False
    """Whether trying again makes no sense: the receiver said that it is gone for good."""
    retry_after: float = 0.0
    """Seconds that the receiver asked to wait."""


def sign(webhook: WebhookSettings, message_id: str, body: str, now: datetime) -> dict[str, str]:
    """The headers of a message. Raises `ValueError` where its secret cannot be had."""
    headers = {
        "content-type": "application/json",
        "user-agent": f"llmtrack/{own_version()}",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
    }
    secret = webhook.signing_secret()
    if secret is not None:
        from standardwebhooks import Webhook

        headers["webhook-signature"] = Webhook(secret).sign(message_id, now, body)
    return headers


def post(webhook: WebhookSettings, message_id: str, body: str) -> Attempt:
    """Posts a message once. Blocks for 15 seconds at most and raises nothing. Never follows a redirect."""
    try:
        headers = sign(webhook, message_id, body, datetime.now(UTC))
        return asyncio.run(_post(webhook.url.get_secret_value(), headers, body))
    except ValueError as error:
        return Attempt(False, f"{error}")
    except (httpx2.TimeoutException, TimeoutError):
        return Attempt(False, "no answer in time")
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        return Attempt(False, f"could not be reached ({type(error).__name__})")


async def _post(url: str, headers: dict[str, str], body: str) -> Attempt:
    async with asyncio.timeout(SECONDS):
        async with (
            httpx2.AsyncClient(follow_redirects=False, timeout=httpx2.Timeout(SECONDS, connect=5.0)) as client,
            client.stream("POST", url, content=body.encode(), headers=headers) as response,
        ):  # whatever it answers besides its status is not read
            status = response.status_code
            after = response.headers.get("retry-after", "")
    if 200 <= status < 300:
        return Attempt(True)
    if 300 <= status < 400:
        return Attempt(False, f"answered {status}, a redirect, which is not followed")
    return Attempt(False, f"answered {status}", status == GONE, min(float(after), 86_400.0) if after.isdigit() else 0.0)
