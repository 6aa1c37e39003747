"""The time that an address or a person names, as a moment of our record; or in words why it is none."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from dashboard.ui import formats
from dashboard.ui.moments import moment, typed


@dataclass(frozen=True)
class Asked:
    """`at` is the moment to show, None for now; `note` says what was asked for and why it is not shown.

    `is_plain`: the text names its second by itself, so that the address can stay as it is.
    """

    at: datetime | None
    note: str = ""
    is_plain: bool = True


def reach(now: datetime, begins: datetime) -> datetime:
    """How far back one may look: the whole day of the slider, which says itself where nothing is on record yet."""
    return min(begins, now - timedelta(days=1))


def asked(text: str, now: datetime, begins: datetime | None) -> Asked:
    """`text` is Unix seconds, RFC 3339, or as people type it (`dashboard.ui.moments.typed`).

    `begins` is where our record does. Nothing before it and nothing to come is shown as if it were known.
    """
    if not text.strip():
        return Asked(None)
    try:
        at, is_plain = moment(text), True
    except ValueError:
        found = typed(text, now)
        if found is None:
            return Asked(None, _("“%(text)s” is not a time. Showing the fleet now.") % {"text": text[:40]})
        at, is_plain = found, False
    if at > now:
        return Asked(None, _("%(time)s has not come yet. Showing the fleet now.") % {"time": formats.exact(at)})
    if begins is None:
        return Asked(None, _("There is no record yet. Showing the fleet now."))
    if at < reach(now, begins):
        told = {"time": formats.exact(at), "begins": formats.exact(begins)}
        note = _("There is no record of %(time)s: it begins at %(begins)s. Showing the fleet now.") % told
        return Asked(None, note)
    return Asked(at, is_plain=is_plain)
