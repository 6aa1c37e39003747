"""Erased entries keep their place in the chain, only a sealed erasure vouches for them, and they stay guarded."""

import json

import pytest
from django.db import DatabaseError, connection, transaction

from sandboxes.actions import audit, audit_check
from sandboxes.models import Action, AuditEntry
from tests.sandboxes.actions.test_audit import begin_anew, forge
from tests.support import records

pytestmark = pytest.mark.django_db


@pytest.fixture
def erased():
    """Of two actions' three entries, the two of the first are erased."""
    box = records.sandbox("ierased")
    begin_anew()
    first, other = (records.action(box, reason=f"planted {n}", actor_name=f"actor {n}") for n in range(2))
    Action.objects.filter(pk=first.pk).update(state="cancelled", error="planted too")
    audit.seal()
    Action.objects.filter(pk=first.pk).update(reason="", error="", actor_name="erased-1")
    assert audit.erase([first.pk], "actor 0", "erased-1", "erase command") == 2
    return first, other


def test_erased_entries_verify_and_hold_nothing_personal(erased):
    first, other = erased
    report = audit_check.verify()
    assert (report.first, report.last, report.open, report.erased, report.faults) == (1, 5, 0, 2, [])
    told = json.dumps(list(AuditEntry.objects.filter(action_id=first.pk).values_list("change", flat=True)))
    assert "planted" not in told
    assert "actor 0" not in told
    assert AuditEntry.objects.get(number=1).change["erased"] == ["actor_name", "reason"]
    assert AuditEntry.objects.get(number=1).change["kind"] == "kill"
    assert AuditEntry.objects.get(action_id=other.pk).change["reason"] == "planted 1"


def test_erasure_names_numbers_and_who_ran_it_and_not_whose(erased):
    erasure = AuditEntry.objects.get(action_id=0).change["erasure"]
    assert (erasure["by"], sorted(erasure["entries"])) == ("erase command", ["1", "3"])
    assert "actor 0" not in json.dumps(erasure)


def test_altered_marker_is_found(erased):
    forge('UPDATE sandboxes_auditentry SET change = change || \'{"kind": "pause"}\' WHERE number = 1')
    assert any("entry 1 " in fault and "no erasure names it" in fault for fault in audit_check.verify().faults)


def test_marker_without_an_erasure_is_found(erased):
    forge("UPDATE sandboxes_auditentry SET change = change - 'reason' || '{\"erased\": [\"reason\"]}' WHERE number = 2")
    assert any("entry 2 " in fault and "no erasure names it" in fault for fault in audit_check.verify().faults)


def test_altered_hash_of_an_erased_entry_is_found(erased):
    forge("UPDATE sandboxes_auditentry SET hash = sha256('x') WHERE number = 1")
    assert any("entry 2 " in fault and "altered" in fault for fault in audit_check.verify().faults)


def test_forged_erasure_is_found(erased):
    forged = "jsonb_set(change, '{erasure,entries,2}', '\"ab\"')"
    forge(f"UPDATE sandboxes_auditentry SET change = {forged} WHERE number = 5")
    assert any("entry 5 " in fault and "altered" in fault for fault in audit_check.verify().faults)


def test_changed_action_of_an_erased_trail_is_found(erased):
    forge("UPDATE sandboxes_action SET reason = 'new' WHERE id = %s", erased[0].pk)
    assert [f"action {erased[0].pk} says reason is 'new'" in fault for fault in audit_check.verify().faults] == [True]


@pytest.mark.parametrize("more", ['{"kind": "pause"}', '{"erased": [], "kind": "pause"}'])
def test_erasing_setting_alone_lets_no_other_change_by(erased, more):
    change = f"UPDATE sandboxes_auditentry SET change = change || '{more}' WHERE number = 2"
    with connection.cursor() as cursor, pytest.raises(DatabaseError, match="only added to"), transaction.atomic():
        cursor.execute(f"SET LOCAL sandwarden.erasing = 'on'; {change}")


def test_erasing_again_changes_nothing(erased):
    before = list(AuditEntry.objects.filter(action_id=erased[0].pk).values_list("change", flat=True))
    assert audit.erase([erased[0].pk], "actor 0", "erased-2", "erase command") == 0
    assert list(AuditEntry.objects.filter(action_id=erased[0].pk).values_list("change", flat=True)) == before
    assert audit_check.verify().faults == []
