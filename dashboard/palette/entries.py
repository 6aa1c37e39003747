"""What the palette shows: groups of entries, each a link, an action's question, or something the page does itself."""

from dataclasses import dataclass, field

from dashboard.ui import names


@dataclass(frozen=True)
class Entry:
    """One line: a mark of the sprite, its title (what was typed stands out in it), a note, and where it leads.

    Instead of `link`: `act` and `keys`, the question that an action begins with; or `does` and `value`, what
    static/js/palette.js does by itself. `copy` is an ID to be copied.
    """

    mark: str
    title: str
    note: str = ""
    link: str = ""
    act: str = ""
    keys: list[int] = field(default_factory=list)
    does: str = ""
    value: str = ""
    copy: str = ""
    found: str = ""

    @property
    def parts(self) -> tuple[str, str, str]:
        """The title before, at and after what was found in it."""
        marked = names.marked(self.title) != self.title  # shown exactly, what was typed does not stand out in it
        at = self.title.lower().find(self.found.lower()) if self.found and not marked else -1
        if at < 0:
            return self.title, "", ""
        return self.title[:at], self.title[at : at + len(self.found)], self.title[at + len(self.found) :]


@dataclass(frozen=True)
class Group:
    """Entries of one kind under a heading."""

    name: str
    note: str
    entries: list[Entry]
