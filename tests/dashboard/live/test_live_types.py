"""The types that scripts are checked against are those of the messages."""

from typing import Any

import msgspec
import pytest
from django.core.management import call_command

from dashboard.live import shapes, typescript
from dashboard.live.messages import Messages
from dashboard.management.commands import live_types
from tests.support.live_fleet import NOW, fleet_of


def test_declarations_on_disk_are_those_of_the_structs(settings):
    assert (settings.BASE_DIR / live_types.PLACE).read_text() == live_types.text(), "run `manage.py live_types`"


def test_command_writes_the_declarations(settings, tmp_path):
    settings.BASE_DIR = tmp_path
    (tmp_path / live_types.PLACE).parent.mkdir(parents=True)
    call_command("live_types")
    assert (tmp_path / live_types.PLACE).read_text() == live_types.text()


class Inner(msgspec.Struct, array_like=True):
    key: int
    share: float | None = None


class Outer(msgspec.Struct, tag_field="kind", tag="outer"):
    inner: list[Inner]
    numbers: list[int | float]
    either: list[int | str]
    by_name: dict[str, bool]
    may_miss: str | msgspec.UnsetType = msgspec.UNSET


class Odd(msgspec.Struct):
    at: set[int]


def test_structs_become_interfaces_and_arrays_tuples():
    written = typescript.declarations([Outer], [])
    assert "  type Inner = [key: number, share?: number | null];\n" in written
    for line in (
        'kind: "outer";',
        "inner: Inner[];",
        "numbers: number[];",
        "either: (number | string)[];",
        "by_name: Record<string, boolean>;",
        "may_miss?: string;",
    ):
        assert f"    {line}\n" in written
    assert "  interface Messages {\n    outer: Outer;\n  }\n" in written


def test_type_without_a_twin_is_refused():
    with pytest.raises(TypeError, match="no TypeScript"):
        typescript.declarations([Odd], [])


def as_sent(message: bytes) -> Any:
    """The message with its figures, which are sent encoded, as the structs say."""
    struct = msgspec.json.decode(message, type=shapes.FleetMessage | shapes.RowsMessage | shapes.SandboxMessage)
    msgspec.json.decode(struct.figures, type=shapes.Figures)
    return struct


def test_rows_written_by_hand_have_their_declared_form():
    made = Messages(fleet_of(1, 2), NOW)
    rows = as_sent(made.rows([made.row(1), made.row(9)], [1])).rows
    assert [(row.key, row.state) for row in rows] == [(1, "running"), (9, "ended")]
    assert rows[0].end_at == NOW + 100


def test_fleet_and_sandbox_messages_have_their_declared_form():
    made = Messages(fleet_of(1, 2), NOW)
    assert as_sent(made.fleet_page(-1, -1)).roster.full is True
    assert as_sent(made.sandbox(1, changed=True)).changed is True
