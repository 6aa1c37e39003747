"""Mail to people: invitations, and links that let a forgotten password be chosen anew. None without EMAIL_URL."""

import logging
from smtplib import SMTPException

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import send_mail
from django.utils.translation import gettext as _

log = logging.getLogger(__name__)


def is_set() -> bool:
    """Whether there is a server that takes our mail."""
    return bool(settings.EMAIL_HOST)


def invite(user: User, by: str, address: str) -> bool:
    """True when the invited person has mail; else an admin hands the link over."""
    text = _(
        "%(by)s invited you to Sandwarden. Choose a password within 72 hours; the link works once:\n\n%(address)s\n"
    )
    return _send(user, _("Your invitation to Sandwarden"), text % {"by": by, "address": address})


def reset(user: User, address: str) -> bool:
    """A link for a new password."""
    text = _(
        "Choose a new password for %(name)s within an hour; the link works once:\n\n%(address)s\n\n"
        "If you did not ask for this, do nothing: your password stays as it is.\n"
    )
    return _send(user, _("A new password for Sandwarden"), text % {"name": user.get_username(), "address": address})


def _send(user: User, subject: str, text: str) -> bool:
    if not is_set() or not user.email:
        return False
    try:
        send_mail(subject, text, settings.DEFAULT_FROM_EMAIL, [user.email])
    except (SMTPException, OSError) as error:
        log.warning("mail to %s was not sent: %s: %s", user.get_username(), type(error).__name__, error)
        return False
    return True
