"""One try to send one message, on whatever kind of channel; whatever happens is an outcome."""

import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from asgiref.sync import sync_to_async
from django.conf import settings
from django.utils import timezone

from sandboxes.core.crypto import CryptoError
from sandboxes.models import Channel, Notification
from sandboxes.notifications import addresses, claims, results, wording
from sandboxes.notifications.claims import Claim
from sandboxes.notifications.outcomes import Outcome, passing
from sandboxes.notifications.outgoing import Outgoing, Target
from sandboxes.notifications.senders import apprise, email, pagerduty, slack, webhook

Send = Callable[[Target, Outgoing], Awaitable[Outcome]]
SENDERS: Final[Mapping[str, Send]] = {
    "email": email.send, "slack": slack.send, "pagerduty": pagerduty.send, "webhook": webhook.send,
    "apprise": apprise.send,
}  # fmt: skip
MOST_AT_ONCE: Final = 500  # messages, until other work of the process has its turn
log = logging.getLogger(__name__)


async def serve(channel_id: int) -> int:
    """Sends what is due on a channel, one after another, until nothing is or one does not arrive; how many arrived."""
    for number in range(MOST_AT_ONCE):
        claim = await sync_to_async(claims.claim)(channel_id, timezone.now())
        if claim is None:
            return number
        outcome, ms = await attempt(claim)
        await sync_to_async(results.note)(claim, outcome, ms, timezone.now())
        if not outcome.arrived and not outcome.final:
            return number  # the next one would wait for the same
    return MOST_AT_ONCE


async def attempt(claim: Claim) -> tuple[Outcome, int]:
    """The outcome and its milliseconds."""
    told = [one.notification for one in claim.deliveries]
    return await try_once(claim.channel, outgoing(claim.message_id, told, as_digest=claim.digest is not None))


async def try_once(channel: Channel, out: Outgoing) -> tuple[Outcome, int]:
    """Opens the channel and sends; a fault of ours is one that may pass, and logged."""
    began = time.monotonic()
    try:
        outcome = await SENDERS[channel.kind](opened(channel), out)
    except CryptoError as error:
        outcome = passing(f"the channel's secrets can't be opened: {error}")
    except Exception as error:  # whatever one message does, the others of the channel go on
        log.exception("a message on %s could not be sent", channel.name)
        outcome = passing(f"internal error: {type(error).__name__}")
    return outcome, round((time.monotonic() - began) * 1000)


def opened(channel: Channel) -> Target:
    """With its secrets, which are masked in this process from now on. Raises CryptoError."""
    addresses.learn(channel.url, channel.secret)
    return Target(channel.kind, channel.url, channel.secret, channel.allow_private)


def outgoing(id_: str, told: list[Notification], *, as_digest: bool = False) -> Outgoing:
    """One notification, or many as the lines of a digest."""
    first = told[0]
    messages = [wording.message_of(one.type, one.severity, one.data) for one in told]
    message = wording.digest_of(messages, settings.PUBLIC_URL) if as_digest else messages[0]
    subject = f"digest {id_}" if as_digest else first.subject
    return Outgoing(id_, first.type, first.severity, subject, first.created_at, first.data, message)
