"""The columns of the Sandboxes table: which there are, which show in which order, and what their headings do."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext, gettext_noop

from dashboard.sandboxes.filters import METADATA, with_
from sandboxes.fleet.search import DEFAULT_ORDER

MOST: Final = 20
MOST_NAME: Final = 200


@dataclass(frozen=True)
class Column:
    """`order` is what a first click on its heading sorts by, '' for what cannot be sorted by."""

    name: str
    word: str
    order: str = ""
    right: bool = False
    more: str = ""

    @property
    def label(self) -> str:
        """Its word in the reader's language; a metadata key is nobody's language."""
        return self.word if self.name.startswith(METADATA) else gettext(self.word)

    @property
    def style(self) -> str:
        """The CSS class of its cells."""
        return "c-meta" if self.name.startswith(METADATA) else f"c-{self.name}"


@dataclass(frozen=True)
class Heading:
    """A column's heading; `sort` is its state for screen readers, '' when another's turn."""

    column: Column
    link: str
    sort: str
    arrow: str


@dataclass(frozen=True)
class Choice:
    """A column as the picker offers it."""

    column: Column
    shown: bool


KNOWN: Final = {
    column.name: column
    for column in (
        Column("state", gettext_noop("State")),
        Column("id", gettext_noop("Sandbox"), "id"),
        Column("template", gettext_noop("Template")),
        Column("owner", gettext_noop("Owner")),
        Column("environment", gettext_noop("Environment")),
        Column("age", gettext_noop("Age"), "created_at", right=True),
        Column("started", gettext_noop("Started"), "-started_at", right=True),
        Column("end", gettext_noop("Ends"), "end_at", right=True),
        Column("ended", gettext_noop("Ended"), "-ended_at", right=True),
        Column("reason", gettext_noop("Reason")),
        Column("cause", gettext_noop("Probable cause")),
        Column("lived", gettext_noop("Lived"), right=True),
        Column("cpu", "CPU", "-cpu_pct", more=", 15 min"),
        Column("mem", gettext_noop("Memory"), "-mem_pct"),
        Column("disk", gettext_noop("Disk"), right=True),
        Column("burn", gettext_noop("Burn, $/h"), "-burn_usd_per_hour", right=True),
        Column("cost", gettext_noop("Cost"), "-cost_usd", right=True),
        Column("protected", gettext_noop("Protected")),
        Column("lease", gettext_noop("Lease")),
    )
}
USUAL: Final = ("state", "id", "template", "owner", "age", "end", "cpu", "mem", "cost")
USUAL_OF_ENDED: Final = ("id", "template", "owner", "ended", "reason", "cause", "lived", "cpu", "cost")


def named(names: Iterable[str]) -> list[Column]:
    """The columns with these names, once each; unknown ones are left out, the ID is never."""
    found = {name: column for name in names if (column := _column(name))}
    if "id" not in found:
        found = {"id": KNOWN["id"]} | found
    return list(found.values())[:MOST]


def of_text(text: str) -> list[str]:
    """`cols=state,id,metadata.run` as names; a comma within a name is written `%2C`."""
    return [name.replace("%2C", ",") for name in text.split(",") if name]


def as_text(columns: Sequence[Column]) -> str:
    return ",".join(column.name.replace(",", "%2C") for column in columns)


def choices(shown: Sequence[Column], metadata_keys: Iterable[str]) -> list[Choice]:
    """What the picker lists: those that show in their order, then all others, the fleet's metadata keys last."""
    offered = [*KNOWN.values(), *(column for key in metadata_keys if (column := _column(METADATA + key)))]
    return [Choice(one, shown=True) for one in shown] + [
        Choice(one, shown=False) for one in offered if one not in shown
    ]


def headings(asked: Mapping[str, str], columns: Sequence[Column], usual: str = DEFAULT_ORDER) -> list[Heading]:
    """A click sorts, a second one turns the order round; `usual` is the list's order when none is asked for."""
    current = asked.get("order") or usual
    return [_heading(asked, column, current) for column in columns]


def _heading(asked: Mapping[str, str], column: Column, current: str) -> Heading:
    if not column.order:
        return Heading(column, "", "", "")
    down, first = current.startswith("-"), column.order
    mine = current.removeprefix("-") == first.removeprefix("-")
    turned = first.removeprefix("-") if first.startswith("-") else f"-{first}"
    return Heading(
        column,
        link=with_(asked, order=turned if current == first else first),
        sort=("descending" if down else "ascending") if mine else "",
        arrow=("↓" if down else "↑") if mine else "",
    )


def _column(name: str) -> Column | None:
    key = name.removeprefix(METADATA)
    if name.startswith(METADATA) and key and len(key) <= MOST_NAME and "\0" not in key:
        return Column(name, key)
    return KNOWN.get(name)
