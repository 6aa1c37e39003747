"""A message for people: one structure, written as plain text, Markdown and HTML."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from sandboxes.base.masking import mask
from sandboxes.notifications import events

MOST_EXAMPLES: Final = 10
MOST_TEXT: Final = 1_000
_PREFIX: Final[Mapping[str, str]] = {
    "alert.acknowledged": gettext_noop("Acknowledged: {text}"),
    "alert.resolved": gettext_noop("Resolved: {text}"),
}


@dataclass(frozen=True)
class Message:
    """`facts` are name and value; `link` leads to the page that shows it, where whoever acts signs in."""

    title: str
    lines: Sequence[str] = ()
    facts: Sequence[tuple[str, str]] = ()
    examples: Sequence[str] = ()
    link: str = ""
    parts: Sequence["Message"] = field(default_factory=tuple)


def message_of(type_: str, severity: str, data: Mapping[str, Any]) -> Message:
    """What `data` says, as an alert, a limit or a test gives it; nothing in it is secret afterwards."""
    text = _text(data, "text") or _text(data, "rule") or type_
    title = _(_PREFIX[type_]).format(text=text) if type_ in _PREFIX else text
    if type_ in (events.FIRING, events.LIMIT_REACHED):
        title = f"[{severity}] {title}"
    found = data.get("examples")
    examples = [mask(str(one))[:100] for one in found][:MOST_EXAMPLES] if isinstance(found, list) else []
    return Message(title, _lines(data), _facts(data), examples, _link(data))


def digest_of(messages: Sequence[Message], public_url: str) -> Message:
    """Many in one: their titles, each with its link."""
    title = _("{n} notifications").format(n=f"{len(messages):,}")
    why = _("This channel had six messages within ten minutes, so what followed is gathered here.")
    return Message(title, [why], link=f"{public_url}/alerts/", parts=tuple(messages))


def plain(message: Message) -> str:
    """The text of a mail, or of anything that shows no markup."""
    blocks = [message.title, "\n".join(message.lines), "\n".join(f"{name}: {value}" for name, value in message.facts)]
    if message.examples:
        blocks.append(", ".join(message.examples))
    blocks.append("\n".join(f"- {part.title}" + (f"\n  {part.link}" if part.link else "") for part in message.parts))
    if message.link:
        blocks.append(_("Open: {link}").format(link=message.link))
    return "\n\n".join(block for block in blocks if block) + "\n"


def markdown(message: Message) -> str:
    """For whatever shows Markdown."""
    blocks = [f"**{_quoted(message.title)}**", "\n".join(_quoted(line) for line in message.lines)]
    blocks.append("\n".join(f"- {_quoted(name)}: {_quoted(value)}" for name, value in message.facts))
    if message.examples:
        blocks.append(", ".join(f"`{one.replace('`', '')}`" for one in message.examples))
    blocks.append("\n".join(f"- {_linked(part)}" for part in message.parts))
    if message.link:
        blocks.append(f"[{_('Open in Sandwarden')}]({message.link})")
    return "\n\n".join(block for block in blocks if block) + "\n"


def html(message: Message) -> str:
    """A mail's other half; without images, styles from elsewhere or scripts."""
    made = [f"<p><strong>{escape(message.title)}</strong></p>"]
    made += [f"<p>{escape(line)}</p>" for line in message.lines]
    if message.facts:
        rows = (f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in message.facts)
        made.append(f'<table cellpadding="4">{"".join(rows)}</table>')
    if message.examples:
        made.append(f"<p>{', '.join(f'<code>{escape(one)}</code>' for one in message.examples)}</p>")
    if message.parts:
        made.append(f"<ul>{''.join(f'<li>{_anchor(part.link, part.title)}</li>' for part in message.parts)}</ul>")
    if message.link:
        made.append(f"<p>{_anchor(message.link, _('Open in Sandwarden'))}</p>")
    return f"<!doctype html><html><body>{''.join(made)}</body></html>"


def _lines(data: Mapping[str, Any]) -> list[str]:
    """The cause, the note of who has it, and whatever the sender adds."""
    given = data.get("lines")
    more = [mask(str(line))[:MOST_TEXT] for line in given] if isinstance(given, list) else []
    by = _text(data, "acknowledged_by")
    note = _("{name} has it. {note}").format(name=by, note=_text(data, "note")).strip() if by else ""
    return [line for line in (_text(data, "cause"), note, *more) if line]


def _facts(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Since when, by which rule, what it costs."""
    facts = [(_("Since"), _moment(data.get("started_at"))), (_("Resolved"), _moment(data.get("resolved_at")))]
    facts.append((_("Rule"), _text(data, "rule")))
    stake = data.get("usd_at_stake")
    if isinstance(stake, int | float) and stake > 0:
        facts.append((_("At stake"), _("${n}/h").format(n=f"{stake:,.2f}")))
    group = data.get("group")
    facts += [(str(name), mask(str(value))) for name, value in group.items()] if isinstance(group, dict) else []
    return [(name, value) for name, value in facts if value]


def _moment(text: object) -> str:
    try:
        return f"{datetime.fromisoformat(str(text)):%Y-%m-%d %H:%M:%S} UTC" if text else ""
    except ValueError:
        return ""


def _text(data: Mapping[str, Any], name: str) -> str:
    found = data.get(name)
    return " ".join(mask(found).split())[:MOST_TEXT] if isinstance(found, str) else ""


def _link(data: Mapping[str, Any]) -> str:
    link = data.get("url")
    return link if isinstance(link, str) and link.startswith(("http://", "https://")) else ""


def _quoted(text: str) -> str:
    """Without meaning in Markdown."""
    return "".join(f"\\{one}" if one in "\\`*_[]<>#|~" else one for one in text)


def _linked(part: Message) -> str:
    return f"[{_quoted(part.title)}]({part.link})" if part.link else _quoted(part.title)


def _anchor(link: str, text: str) -> str:
    return f'<a href="{escape(link)}">{escape(text)}</a>' if link else escape(text)
