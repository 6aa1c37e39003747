"""Slack's incoming webhooks, and what takes the same: blocks, and a plain text for notifications and old clients."""

from typing import Any, Final

import msgspec

from sandboxes.notifications.outcomes import Outcome
from sandboxes.notifications.outgoing import Outgoing, Target
from sandboxes.notifications.senders import http
from sandboxes.notifications.wording import Message, plain

MOST_TEXT: Final = 2_900  # Slack takes 3,000 in a section
MOST_FACTS: Final = 10  # fields in a section
MOST_PARTS: Final = 40  # of at most 50 blocks


async def send(target: Target, out: Outgoing) -> Outcome:
    """Slack answers `ok`; what else it says (`no_service`, `invalid_token`) is in the outcome."""
    body = {"text": quoted(plain(out.message))[:MOST_TEXT], "blocks": blocks_of(out.message)}
    return await http.post(target.url, msgspec.json.encode(body), {}, private=target.allow_private)


def blocks_of(message: Message) -> list[dict[str, Any]]:
    """Title, lines, facts, examples, and what it gathers; the link as the last."""
    head = "\n".join([f"*{quoted(message.title)}*", *(quoted(line) for line in message.lines)])
    blocks = [_section(head)]
    if facts := message.facts[:MOST_FACTS]:
        fields = [_text(f"*{quoted(name)}*\n{quoted(value)}", 1_900) for name, value in facts]
        blocks.append({"type": "section", "fields": fields})
    if message.examples:
        blocks.append(_section(", ".join(f"`{quoted(one)}`" for one in message.examples)))
    blocks += [_section(f"• {_linked(part.link, part.title)}") for part in message.parts[:MOST_PARTS]]
    if message.link:
        blocks.append(_section(_linked(message.link, "Open in Sandwarden")))
    return blocks


def quoted(text: str) -> str:
    """Slack's own three escapes: nothing in the text is a link or mentions anybody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _linked(link: str, text: str) -> str:
    return f"<{link.replace('>', '%3E').replace('|', '%7C')}|{quoted(text)}>" if link else quoted(text)


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _text(text, MOST_TEXT)}


def _text(text: str, most: int) -> dict[str, str]:
    return {"type": "mrkdwn", "text": text[:most]}
