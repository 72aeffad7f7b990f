"""Sending a mail through the server of the settings."""

from __future__ import annotations

import smtplib
import ssl
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from llmtrack.billing.warnings.webhooks import Attempt
from llmtrack.settings import Settings
from llmtrack.warning_settings import is_mail_address

SECONDS = 15.0
"""How long each step of a connection may take."""


def sender_of(settings: Settings) -> str | None:
    """Whom mails are from; None where no mail can be sent."""
    if settings.smtp_host is None:
        return None
    sender = settings.smtp_from or settings.smtp_user or ""
    return sender if is_mail_address(sender) else None


def compose(sender: str, to: str, subject: str, text: str, message_id: str) -> EmailMessage:
    """A mail of plain text. Raises `ValueError` for what would end a header early."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Date"] = format_datetime(datetime.now(UTC))
    # The same at every attempt, so that a mail that arrives twice can be told for one.
    message["Message-ID"] = f"<{message_id}@{sender.rpartition('@')[2]}>" if message_id else make_msgid()
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    return message


def send(settings: Settings, to: str, subject: str, text: str, message_id: str) -> Attempt:
    """Sends a mail once. Blocks, and raises nothing."""
    sender = sender_of(settings)
    if sender is None or settings.smtp_host is None:
        return Attempt(False, "no mail server is set, or no address to send from", final=True)
    try:
        message = compose(sender, to, subject, text, message_id)
        context = ssl.create_default_context()
        if settings.smtp_security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                settings.smtp_host, settings.smtp_port, timeout=SECONDS, context=context
            )
        else:
            server = smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=SECONDS)
        with server:
            if settings.smtp_security == "starttls":
                server.starttls(context=context)
            if settings.smtp_user and settings.smtp_password:
                server.login(settings.smtp_user, settings.smtp_password.get_secret_value())
            server.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        return Attempt(False, f"the mail server refused the address ({codes[0]})", final=codes[0] >= 500)
    except smtplib.SMTPResponseException as error:
        return Attempt(False, f"the mail server answered {error.smtp_code}")
    except (smtplib.SMTPException, ssl.SSLError, OSError) as error:
        return Attempt(False, f"the mail server could not be used ({type(error).__name__})")
    except ValueError:
        return Attempt(False, "the mail could not be written", final=True)
    return Attempt(True)
