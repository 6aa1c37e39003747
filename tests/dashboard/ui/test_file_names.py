"""Names of downloads: what, which, when; fit for every shell, header and file system."""

import re

import pytest

from dashboard.ui.file_names import file_name
from tests.support.records import NOW


def test_file_name_says_what_which_and_when() -> None:
    assert file_name("sandboxes", [], NOW, "csv") == "sandboxes-2026-08-21-1200Z.csv"
    assert file_name("cost", ["by Owner", "last 24 hours"], NOW, "csv") == (
        "cost-by-owner-last-24-hours-2026-08-21-1200Z.csv"
    )


@pytest.mark.parametrize(
    "word", ['a"; x=\r\n../ü', "../../etc", "=cmd()", "-rf", "user,goran", "\u202eexe", "", "..", "x" * 999, "ü é"]
)
def test_file_name_has_nothing_that_a_header_or_a_file_system_minds(word: str) -> None:
    name = file_name("sandboxes", [word, "b"], NOW, "csv")
    assert re.fullmatch(r"[a-z0-9.-]+-2026-08-21-1200Z\.csv", name)
    assert ".." not in name
    assert len(name) < 150


def test_file_name_keeps_letters_without_their_accents() -> None:
    assert file_name("events", ["Müller Ådel"], NOW, "jsonl") == "events-muller-adel-2026-08-21-1200Z.jsonl"
