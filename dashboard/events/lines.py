"""Events as the page and its exports say them: marks and words, the sandbox's template and owner, and how late."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from dashboard.events import words
from dashboard.events.beside import Of, beside_each, sandboxes_of
from dashboard.sandbox import timeline
from events.listing import EventRow, row_of
from events.models import LifecycleEvent


@dataclass(frozen=True)
class Line:
    """An event and how it is said; `late_seconds` from when it happened to when it was received."""

    key: int
    event: EventRow
    of: Of
    account_id: int
    template_id: str
    kind: str
    mark: str
    hue: str
    word: str
    what: str
    failed: bool
    source: str
    late_seconds: float


def lines(found: Sequence[LifecycleEvent]) -> list[Line]:
    """In the order given; at most three statements, however many events."""
    events, of = [row_of(event) for event in found], sandboxes_of(found)
    beside = beside_each(events, of)
    return [_line(*each) for each in zip(found, events, of, beside, strict=True)]


def calm(hue: str) -> str:
    """An end is no alarm in a stream of hundreds: red is left for what failed."""
    return "end" if hue == "bad" else hue


def _line(stored: LifecycleEvent, event: EventRow, of: Of, beside: words.Beside) -> Line:
    mark, hue, word = timeline.event_mark(event)
    failed = words.failed(event)
    return Line(
        key=stored.pk,
        event=event,
        of=of,
        account_id=stored.account_id,
        template_id=stored.template_id,
        kind=words.kind_of(event),
        mark=mark,
        hue=hue if failed else calm(hue),
        word=word,
        what=", ".join(words.notes(event, beside)),
        failed=failed,
        source=_(timeline.SOURCES[event.source]),
        late_seconds=max(0.0, (event.received_at - event.timestamp).total_seconds()),
    )
