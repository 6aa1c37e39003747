"""Every change of an action leaves an entry, entries can't be altered unseen, and age takes them from the beginning."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from sandboxes import audit, retention
from sandboxes.models import Action, AuditEntry
from tests import records

pytestmark = pytest.mark.django_db


@pytest.fixture
def three():
    """Three actions, one of them done; all sealed."""
    box = records.sandbox("iaudited")
    made = [records.action(box, reason=f"reason {n}") for n in range(3)]
    Action.objects.filter(pk=made[0].pk).update(state="sent", claim_number=7)
    Action.objects.filter(pk=made[0].pk).update(claim_number=8)
    Action.objects.filter(pk=made[0].pk).update(state="confirmed", outcome="killed")
    assert audit.seal() == 5
    return made


def forge(statement: str, *values: object) -> None:
    """As somebody would who may do anything with the tables: no trigger looks."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(statement, values)
        cursor.execute("SET session_replication_role = DEFAULT")


def test_it_works(three):
    changes = list(AuditEntry.objects.filter(action_id=three[0].pk).order_by("number").values_list("change", flat=True))
    assert changes[0]["sandbox"] == "iaudited"
    assert changes[0]["reason"] == "reason 0"
    assert changes[1:] == [{"state": "sent"}, {"state": "confirmed", "outcome": "killed"}]
    report = audit.verify()
    assert (report.first, report.last, report.open, report.faults) == (1, 5, 0, [])
    assert audit.seal() == 0


def test_entries_can_only_be_added(three):
    for forbidden in (
        lambda: AuditEntry.objects.filter(number=2).update(change={}),
        lambda: AuditEntry.objects.filter(number=2).update(number=9),
        lambda: AuditEntry.objects.filter(number=2).delete(),
    ):
        with pytest.raises(DatabaseError, match="only added to"), transaction.atomic():
            forbidden()


def test_an_altered_entry_is_found(three):
    forge('UPDATE sandboxes_auditentry SET change = change || \'{"reason": "other"}\' WHERE number = 2')
    assert any("entry 2" in fault and "altered" in fault for fault in audit.verify().faults)


def test_a_missing_entry_is_found(three):
    forge("DELETE FROM sandboxes_auditentry WHERE number = 3")
    assert "entries 3 to 3 are missing" in audit.verify().faults


def test_an_action_changed_behind_the_trail_is_found(three):
    forge("UPDATE sandboxes_action SET actor_name = 'nobody' WHERE id = %s", three[1].pk)
    assert audit.verify().faults == [f"action {three[1].pk} says actor_name is 'nobody', its trail says 'admin'"]


@pytest.mark.parametrize(
    ("column", "value"), [("evidence", "'[1]'"), ("parameters", "'{\"seconds\": 9}'"), ("answered_at", "now()")]
)
def test_so_is_what_it_stood_on_and_when_it_was(three, column, value):
    forge(f"UPDATE sandboxes_action SET {column} = {value} WHERE id = %s", three[1].pk)
    assert [f"says {column} is" in fault for fault in audit.verify().faults] == [True]


def test_a_chain_written_anew_is_found_by_a_noted_head(three):
    head = audit.verify()
    forge("UPDATE sandboxes_auditentry SET number = NULL, hash = NULL, change = change || '{\"x\": 1}'")
    assert audit.seal() == 5
    assert audit.verify().faults == []
    assert "written anew" in audit.verify({head.last: head.head}).faults[0]
    assert "is not there" in audit.verify({99: head.head}).faults[0]


def test_what_is_not_sealed_yet_is_counted(three):
    Action.objects.filter(pk=three[1].pk).update(state="cancelled")
    report = audit.verify()
    assert (report.open, report.faults) == (1, [])


def test_age_takes_entries_from_the_beginning_and_the_rest_still_holds(three):
    forge("UPDATE sandboxes_auditentry SET at = at - interval '401 days' WHERE number <= 2")
    assert retention.apply(timezone.now())["audit"] == 2
    report = audit.verify()
    assert (report.first, report.last, report.faults) == (3, 5, [])
    assert retention.apply(timezone.now() - timedelta(days=1))["audit"] == 0


def test_the_command_prints_a_head_and_fails_on_a_fault(three, capsys):
    call_command("verify_audit")
    said = capsys.readouterr().out
    assert "entries 1 to 5" in said
    call_command("verify_audit", expect=[said.split()[-1]])
    with pytest.raises(CommandError, match="NUMBER:HASH"):
        call_command("verify_audit", expect=["x"])
    forge("DELETE FROM sandboxes_auditentry WHERE number = 3")
    with pytest.raises(CommandError, match="does not hold"):
        call_command("verify_audit")
