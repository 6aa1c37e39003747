"""Mail through the server that EMAIL_URL names, in plain text and HTML."""

import asyncio
import smtplib
from email.utils import parseaddr
from typing import Final
from urllib.parse import unquote

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from sandboxes.notifications.outcomes import Outcome, arrived, passing, refused
from sandboxes.notifications.outgoing import Outgoing, Target
from sandboxes.notifications.senders.http import DEADLINE_SECONDS
from sandboxes.notifications.wording import html, plain

SCHEME: Final = "mailto:"


async def send(target: Target, out: Outgoing) -> Outcome:
    """One mail to all recipients. In a thread of its own; one that hangs is given up after the deadline."""
    if not settings.EMAIL_HOST:
        return refused("no mail server is set: EMAIL_URL")
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            return await sync_to_async(_send, thread_sensitive=False)(target, out)
    except TimeoutError:
        return passing(f"no answer within {DEADLINE_SECONDS:.0f} s")


def recipients(url: str) -> list[str]:
    """The addresses of `mailto:a@example.com,b@example.com`."""
    return [unquote(one).strip() for one in url.removeprefix(SCHEME).split(",") if one.strip()]


def mail_of(target: Target, out: Outgoing) -> EmailMultiAlternatives:
    """Its Message-ID is the notification's, so that mail programs know one that comes twice; a thread is a subject."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    thread = f"<{out.subject.replace(' ', '-').replace('>', '')}.alerts@{domain}>"
    headers = {"Message-ID": f"<{out.id}@{domain}>", "References": thread, "Auto-Submitted": "auto-generated"}
    subject = " ".join(out.message.title.split())[:200]
    mail = EmailMultiAlternatives(
        subject, plain(out.message), settings.DEFAULT_FROM_EMAIL, recipients(target.url), headers=headers
    )
    mail.attach_alternative(html(out.message), "text/html")
    return mail


def _send(target: Target, out: Outgoing) -> Outcome:
    mail = mail_of(target, out)
    try:
        mail.connection = get_connection(timeout=int(DEADLINE_SECONDS))
        mail.send()
    except smtplib.SMTPRecipientsRefused as error:
        return _answered(*next(iter(error.recipients.values()), (0, b"")))
    except smtplib.SMTPResponseException as error:
        return _answered(error.smtp_code, error.smtp_error)
    except (smtplib.SMTPException, OSError) as error:
        return passing(f"{settings.EMAIL_HOST}: {error or type(error).__name__}")
    return arrived(f"taken by {settings.EMAIL_HOST}")


def _answered(code: int, text: bytes | str) -> Outcome:
    """4xx may pass, 5xx will not (RFC 5321, 4.2.1)."""
    told = f"{code} {text.decode('utf-8', 'replace') if isinstance(text, bytes) else text}"
    return refused(told, told) if code >= 500 else passing(told, told)
