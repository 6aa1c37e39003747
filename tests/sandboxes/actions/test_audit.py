"""Every change of an action leaves an entry, entries can't be altered unseen, and age takes them from the beginning."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from sandboxes.actions import audit, audit_check
from sandboxes.cleanup import retention
from sandboxes.models import Action, AuditEntry
from tests.support import records

pytestmark = pytest.mark.django_db


@pytest.fixture
def three():
    """Three actions, one of them done; all sealed."""
    box = records.sandbox("iaudited")
    begin_anew()
    made = [records.action(box, reason=f"reason {n}") for n in range(3)]
    Action.objects.filter(pk=made[0].pk).update(state="sent", claim_number=7)
    Action.objects.filter(pk=made[0].pk).update(claim_number=8)
    Action.objects.filter(pk=made[0].pk).update(state="confirmed", outcome="killed")
    assert audit.seal() == 5
    return made


def begin_anew():
    """An empty chain: what records the tests' account is not what they look at."""
    forge("DELETE FROM sandboxes_auditentry")


def forge(statement: str, *values: Any) -> None:
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
    report = audit_check.verify()
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
    assert any("entry 2" in fault and "altered" in fault for fault in audit_check.verify().faults)


def test_a_missing_entry_is_found(three):
    forge("DELETE FROM sandboxes_auditentry WHERE number = 3")
    assert "entries 3 to 3 are missing" in audit_check.verify().faults


def test_an_action_changed_behind_the_trail_is_found(three):
    forge("UPDATE sandboxes_action SET actor_name = 'nobody' WHERE id = %s", three[1].pk)
    assert audit_check.verify().faults == [f"action {three[1].pk} says actor_name is 'nobody', its trail says 'admin'"]


@pytest.mark.parametrize(
    ("column", "value"), [("evidence", "'[1]'"), ("parameters", "'{\"seconds\": 9}'"), ("answered_at", "now()")]
)
def test_so_is_what_it_stood_on_and_when_it_was(three, column, value):
    forge(f"UPDATE sandboxes_action SET {column} = {value} WHERE id = %s", three[1].pk)
    assert [f"says {column} is" in fault for fault in audit_check.verify().faults] == [True]


def test_a_chain_written_anew_is_found_by_a_noted_head(three):
    head = audit_check.verify()
    forge("UPDATE sandboxes_auditentry SET number = NULL, hash = NULL, change = change || '{\"x\": 1}'")
    assert audit.seal() == 5
    assert audit_check.verify().faults == []
    assert "rewritten" in audit_check.verify({head.last: head.head}).faults[0]
    assert "is not there" in audit_check.verify({99: head.head}).faults[0]


def test_what_is_not_sealed_yet_is_counted(three):
    Action.objects.filter(pk=three[1].pk).update(state="cancelled")
    report = audit_check.verify()
    assert (report.open, report.faults) == (1, [])


def age(actions):
    """They were asked for longer ago than their trail is kept."""
    for action in actions:
        forge("UPDATE sandboxes_action SET requested_at = now() - interval '401 days' WHERE id = %s", action.pk)


@pytest.fixture
def aged(three):
    """The same after retention took the two entries that are past their age."""
    forge("UPDATE sandboxes_auditentry SET at = at - interval '401 days' WHERE number <= 2")
    noted = {entry.number: bytes(entry.hash or b"").hex() for entry in AuditEntry.objects.all()}
    assert retention.apply(timezone.now())["audit"] == 2
    age(three[:2])
    return noted


def test_age_takes_entries_from_the_beginning_and_leaves_a_sealed_checkpoint(aged):
    report = audit_check.verify()
    assert (report.first, report.last, report.open, report.faults) == (3, 6, 0, [])
    entry = AuditEntry.objects.get(number=6)
    assert (entry.action_id, entry.change["checkpoint"]["number"]) == (0, 2)
    assert entry.change["checkpoint"]["hash"] == aged[2]
    assert retention.apply(timezone.now())["audit"] == 0


def test_pruning_takes_all_that_is_old_and_nothing_that_is_young(three):
    assert audit.prune(timezone.now() + timedelta(days=1)) == 0  # whatever is asked for, 399 days stay
    forge("UPDATE sandboxes_auditentry SET at = at - interval '401 days'")
    assert audit.prune(timezone.now()) == 5
    assert [entry.action_id for entry in AuditEntry.objects.all()] == [0]


def test_a_lost_beginning_without_a_checkpoint_is_a_fault(three):
    forge("DELETE FROM sandboxes_auditentry WHERE number <= 2")
    age(three[:2])
    assert audit_check.verify().faults == [
        "entries 1 to 2 are missing, and no checkpoint says that their retention had ended"
    ]


def test_more_than_the_checkpoint_says_is_a_fault(aged):
    forge("DELETE FROM sandboxes_auditentry WHERE number <= 3")
    assert "entries 1 to 3 are missing, and no checkpoint" in audit_check.verify().faults[0]


def test_a_checkpoint_of_young_entries_is_a_fault(three):
    forge(
        "INSERT INTO sandboxes_auditentry (at, action_id, change) SELECT now(), 0, jsonb_build_object('checkpoint', "
        "jsonb_build_object('number', number, 'hash', encode(hash, 'hex'), 'at', at)) "
        "FROM sandboxes_auditentry WHERE number = 2"
    )
    audit.seal()
    forge("DELETE FROM sandboxes_auditentry WHERE number <= 2")
    faults = audit_check.verify().faults
    assert "entries up to 2 were removed on" in faults[0]
    assert "before their retention ended" in faults[0]


def test_a_young_action_whose_trail_began_in_what_is_gone_is_a_fault(three):
    forge("UPDATE sandboxes_auditentry SET at = at - interval '401 days' WHERE number <= 2")
    audit.prune(timezone.now())
    assert audit_check.verify().faults == [
        f"the beginning of action {three[0].pk}'s trail is missing",
        f"action {three[1].pk} has no trail",
    ]


def test_a_chain_begun_anew_after_a_truncate_is_found_without_a_head(three):
    forge("TRUNCATE sandboxes_auditentry")
    Action.objects.filter(pk=three[1].pk).update(state="cancelled")
    audit.seal()
    faults = audit_check.verify().faults
    assert f"action {three[0].pk} has no trail" in faults
    assert f"the beginning of action {three[1].pk}'s trail is missing" in faults


@pytest.mark.parametrize("number", [1, 2, 3, 6])
def test_a_noted_head_must_be_there_or_in_a_checkpoint_even_below_the_first(aged, number):
    wrong = audit_check.verify({number: "00" * 32}).faults
    assert len(wrong) == 1
    assert "which was noted, is not there" in wrong[0] if number == 1 else "not the one that was noted" in wrong[0]


def test_an_old_head_that_was_pruned_is_told_as_such(aged):
    assert audit_check.verify({3: aged[3]}).faults == []
    assert "its retention ended on" in audit_check.verify({2: aged[2]}).faults[0]


def test_a_deleted_action_whose_trail_says_nothing_of_it_is_a_fault(three):
    Action.objects.filter(pk=three[1].pk).delete()
    forge("DELETE FROM sandboxes_action WHERE id = %s", three[2].pk)
    audit.seal()
    assert audit_check.verify().faults == [f"action {three[2].pk} has a trail and is not there"]


@pytest.mark.parametrize("table", ["sandboxes_auditentry", "sandboxes_action CASCADE"])
def test_truncate_is_refused(three, table):
    statement = f"SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE {table}"
    with connection.cursor() as cursor, pytest.raises(DatabaseError, match="only added to"), transaction.atomic():
        cursor.execute(statement)
    assert AuditEntry.objects.count() == 5


def test_the_head_goes_to_the_log_with_each_retention(three, caplog):
    last = AuditEntry.objects.get(number=5)
    assert last.hash is not None
    for _ in range(2):
        caplog.clear()
        retention.apply(timezone.now())
        written = [record.getMessage() for record in caplog.records if record.name == "sandboxes.actions.audit"]
        assert written == [f"audit head 5:{bytes(last.hash).hex()}"]


def test_the_command_prints_a_head_and_fails_on_a_fault(three, capsys):
    call_command("verify_audit")
    said = capsys.readouterr().out
    assert "entries 1 to 5" in said
    assert "could alter its own trail" in said  # the tests' role owns everything
    call_command("verify_audit", expect=[said.split()[-1]])
    with pytest.raises(CommandError, match="NUMBER:HASH"):
        call_command("verify_audit", expect=["x"])
    forge("DELETE FROM sandboxes_auditentry WHERE number = 3")
    with pytest.raises(CommandError, match="does not hold"):
        call_command("verify_audit")
