"""CPU and memory by template or owner on the Fleet page: small drawings on one scale."""

from django.test import Client

from dashboard.fleet.small_multiples import HEIGHT, WIDTH, drawing, panels
from sandboxes.fleet.figures import GroupColumns


def group(name: str, *, rest: bool = False) -> GroupColumns:
    return GroupColumns(name, rest, [0, 60, 120], [4, 5, None], [0, 50, 100], [10, 80, 100], [1, None, 2], [3, 4, 5])


def test_it_works() -> None:
    one = drawing([0, 50, 100], [10, 80, 100])
    assert one.median == f"M0.0 {HEIGHT}.0L{WIDTH / 2} {HEIGHT / 2}L{WIDTH}.0 0.0"
    assert one.between.startswith("M0.0 43.2L")
    assert one.between.endswith("Z")
    assert (one.last_median, one.last_p95) == (100, 100)


def test_what_was_not_measured_breaks_the_lines() -> None:
    one = drawing([1, None, 2, 3], [3, 4, 5, 6])
    assert one.median.count("M") == 2
    assert one.between.count("Z") == 2


def test_nothing_measured_draws_nothing() -> None:
    assert drawing([None, None], [None, None]).median == ""
    assert drawing([], []).last_p95 is None


def test_a_panel_says_how_many_there_were_last() -> None:
    first, rest = panels([group("base"), group("", rest=True)])
    assert (first.name, first.sandboxes, first.rest, rest.rest) == ("base", 5, False, True)


def test_the_part_of_the_page_says_when_there_is_nothing(person: Client) -> None:
    for asked in ("", "?by=owner&range=7d", "?by=x&range=y"):
        answer = person.get(f"/fleet/groups/{asked}")
        assert answer.status_code == 200
        assert b"No metrics by" in answer.content
    assert b'aria-pressed="true">Owner' in person.get("/fleet/groups/?by=owner").content
