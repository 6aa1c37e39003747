"""What is wrong with a policy, in the words of its form: no validator's text, no name that only programs know. Pure."""

import re
from typing import Final

from dashboard.ui.translation import gettext as _
from dashboard.ui.translation import gettext_noop
from sandboxes.policies import PolicyError
from sandboxes.policies.wording import limit

_RANGE: Final = re.compile(r"Expected\s`[^`]+`\s(>=|<=|of\slength\s>=|of\slength\s<=)\s([\d.]+)\s-\sat\s`([^`]+)`")
_PATTERN: Final = re.compile(r"Expected\s`str`\smatching\sregex\s.*\sat\s`([^`]+)`")
LABELS: Final = {
    "no_lease_for_seconds": gettext_noop("“No lease for”"),
    "idle_cpu_below_pct": gettext_noop("“CPU under”"),
    "idle_for_seconds": gettext_noop("the time with CPU under its limit"),
    "older_than_seconds": gettext_noop("“Older than”"),
    "paused_for_seconds": gettext_noop("“Paused for”"),
    "past_end_seconds": gettext_noop("“Past its end by”"),
    "missing_metadata": gettext_noop("“Missing metadata”"),
    "duplicate_of": gettext_noop("“with the same”"),
    "keep": gettext_noop("“More than”"),
    "over_limit": gettext_noop("“Over the limit”"),
    "quarantine_seconds": gettext_noop("“Pause first for”"),
    "grace_seconds": gettext_noop("the grace period"),
    "max_per_run": gettext_noop("“At most per run”"),
    "max_per_hour": gettext_noop("“At most per hour”"),
    "max_fleet_fraction": gettext_noop("“Stop if more than”"),
    "match.states": gettext_noop("State"),
    "match.accounts": gettext_noop("Accounts"),
    "quiet_hours": gettext_noop("Quiet hours"),
    "name": gettext_noop("The name"),
}
EMPTY: Final = {
    "orphan_when is empty": gettext_noop("Give at least one condition: none would mean every sandbox"),
    "match.states is empty": gettext_noop("Choose running, paused or both"),
}


def words_of(error: PolicyError) -> str:
    """The sentence that stands at the field."""
    text = str(error)
    for beginning, words in EMPTY.items():
        if text.startswith(beginning):
            return _(words)
    if found := _RANGE.fullmatch(text):
        return _out_of_range(*found.groups())
    if _PATTERN.fullmatch(text):
        return _("It has a character that can’t be stored")
    for name, label in sorted(LABELS.items(), key=lambda one: -len(one[0])):
        text = re.sub(rf"(?<![\w.]){re.escape(name)}(?!\w)", _(label), text)
    return text[:1].upper() + text[1:]


def _out_of_range(sign: str, bound: str, place: str) -> str:
    field = place.rpartition(".")[2].partition("[")[0]
    if sign == "of length >=":
        return _("Give it a name") if field == "name" else _("It can’t be empty")
    if sign == "of length <=":
        return _("At most %(bound)s characters") % {"bound": bound}
    shown = limit(float(bound)) if field.endswith("_seconds") else bound
    if field == "max_fleet_fraction":
        shown = f"{float(bound) * 100:g}%"
    return (_("At least %(bound)s") if sign == ">=" else _("At most %(bound)s")) % {"bound": shown}
