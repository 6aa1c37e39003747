"""What tests of a folder share does not outlive them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.shared import SharedByFolder

HERE = Path("/tests/browser")


def test_shared_thing_stands_as_long_as_the_folders_tests_follow_one_another() -> None:
    told: list[str] = []

    @contextmanager
    def made() -> Iterator[int]:
        told.append("made")
        yield len(told)
        told.append("ended")

    shared = SharedByFolder[int](HERE)
    assert shared.get(made) == shared.get(made) == 1
    shared.end_unless_needed(HERE / "test_next.py")
    assert told == ["made"]
    shared.end_unless_needed(Path("/tests/journeys/test_journeys.py"))
    assert told == ["made", "ended"]
    assert shared.get(made) == 3
    shared.end_unless_needed(None)
    assert told == ["made", "ended", "made", "ended"]
