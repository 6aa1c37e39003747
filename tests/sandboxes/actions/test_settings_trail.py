"""Changes of settings stand in the audit's chain, with who made them, and never with a secret."""

import json
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from django.utils import timezone

from sandboxes.actions import audit, audit_check, settings_trail
from sandboxes.core import acting
from sandboxes.models import AuditEntry, Policy, Price
from tests.sandboxes.actions.test_audit import forge
from tests.support import records

pytestmark = pytest.mark.django_db


def entries(subject: str) -> list[dict[str, Any]]:
    """What the chain holds on such settings, the oldest first."""
    found = AuditEntry.objects.filter(change__setting__subject=subject).order_by("id")
    return [entry.change["setting"] for entry in found]


def test_policy_is_followed_from_its_beginning_to_its_end():
    with acting.acting("user", "ada"):
        policy = Policy.objects.create(name="Old ones", orphan_when={"older_than_seconds": 60}, grace_seconds=600)
        key = str(policy.pk)
        Policy.objects.filter(pk=policy.pk).update(grace_seconds=900, hits=7)
        policy.delete()
    added, changed, removed = entries("policy")
    assert [one["verb"] for one in (added, changed, removed)] == ["added", "changed", "removed"]
    assert {(one["name"], one["id"]) for one in (added, changed, removed)} == {("Old ones", key)}
    assert {tuple(one["actor"].items()) for one in (added, changed, removed)} == {(("kind", "user"), ("name", "ada"))}
    assert (added["before"], added["after"]["grace_seconds"]) == (None, 600)
    assert (changed["before"], changed["after"]) == ({"grace_seconds": 600}, {"grace_seconds": 900})
    assert (removed["before"]["grace_seconds"], removed["after"]) == (900, None)


def test_what_rounds_note_down_is_no_setting():
    policy = records.policy()
    before = len(entries("policy"))
    Policy.objects.filter(pk=policy.pk).update(last_run_at=timezone.now(), hits=3, held_why="frozen")
    assert len(entries("policy")) == before


def test_of_a_secret_only_its_change_is_told():
    account = records.account(api_key="")
    for key in ("e2b_planted_first", "e2b_planted_second", ""):
        account.api_key = key
        account.save(update_fields=["api_key"])
    assert [(one["before"], one["after"]) for one in entries("account")[-3:]] == [
        ({"api_key": None}, {"api_key": "set"}),
        ({"api_key": "set"}, {"api_key": "set anew"}),
        ({"api_key": "set"}, {"api_key": None}),
    ]
    assert "planted" not in json.dumps(list(AuditEntry.objects.values_list("change", flat=True)))


def test_account_that_a_policy_left_is_concerned_too():
    policy = Policy.objects.create(name="p", orphan_when={}, match={"accounts": ["b", "a"]})
    Policy.objects.filter(pk=policy.pk).update(match={"accounts": ["c"]})
    Policy.objects.filter(pk=policy.pk).update(match={})
    assert [one["accounts"] for one in entries("policy")] == [["a", "b"], ["a", "b", "c"], None]


def test_triggers_follow_the_tables_that_we_tell_of():
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'sandboxes_audit_setting'")
        assert sorted(row[0] for row in cursor.fetchall()) == sorted(acting.FOLLOWED)


def test_who_acted_before_on_a_connection_is_not_named_again():
    with acting.acting("token", "ci"):
        made = Price.objects.create(since=timezone.now(), usd_per_vcpu_second="1", usd_per_gib_second="1")
    Price.objects.filter(pk=made.pk).update(usd_per_vcpu_second="2")
    assert [one["actor"] for one in entries("price")[-2:]] == [
        {"kind": "token", "name": "ci"},
        {"kind": "server", "name": "sandwarden"},
    ]


def test_rollback_takes_back_nothing_that_matters():
    records.policy("stays")
    with acting.acting("user", "ada"), transaction.atomic():
        Policy.objects.update(grace_seconds=1)
        transaction.set_rollback(True)
    with acting.acting("user", "bob"):
        Policy.objects.update(grace_seconds=2)
    assert [one["actor"]["name"] for one in entries("policy")][-1] == "bob"
    assert "ada" not in json.dumps(entries("policy"))


@pytest.mark.django_db(transaction=True)
def test_somebody_beside_us_is_named_by_their_role_in_the_database():
    records.policy("beside")
    with psycopg.connect(_url(), autocommit=True) as beside:
        beside.execute("UPDATE sandboxes_policy SET grace_seconds = 7")
        (role,) = beside.execute("SELECT session_user").fetchone() or ("",)
    assert entries("policy")[-1]["actor"] == {"kind": "database", "name": role}


def _url() -> str:
    given = connection.get_connection_params()
    names = {"dbname": "dbname", "user": "user", "host": "host", "port": "port", "password": "password"}
    return psycopg.conninfo.make_conninfo(**{name: given[key] for name, key in names.items() if given.get(key)})


def test_chain_holds_and_an_altered_entry_is_found():
    with acting.acting("user", "ada"):
        settings_trail.note("export", "cost-csv", "downloaded", {"filters": ""}, ["b", "a"])
    audit.seal()
    assert audit_check.verify().faults == []
    noted = AuditEntry.objects.get(change__setting__subject="export")
    assert noted.change["setting"]["accounts"] == ["a", "b"]
    forge("UPDATE sandboxes_auditentry SET change = change || '{\"x\": 1}' WHERE id = %s", noted.pk)
    assert f"entry {noted.number} (settings, " in audit_check.verify().faults[0]


def test_erased_entry_keeps_its_place_and_tells_no_name():
    records.policy("planted")
    with acting.acting("user", "planted-person"):
        settings_trail.note("export", "cost-csv", "downloaded", {"filters": "owner=planted"})
    keys = list(AuditEntry.objects.filter(change__icontains="planted").values_list("pk", flat=True))
    assert audit.erase_settings(keys, "planted-person", "erased-1", "erase command") == len(keys) == 2
    assert audit_check.verify().faults == []
    assert "planted" not in json.dumps(list(AuditEntry.objects.values_list("change", flat=True)))
    kept = AuditEntry.objects.get(pk=keys[1]).change
    assert (kept["setting"]["verb"], kept["actor_name"]) == ("downloaded", "erased-1")
    forge('UPDATE sandboxes_auditentry SET change = change || \'{"actor_name": "bob"}\' WHERE id = %s', keys[1])
    assert any("no erasure names it" in fault for fault in audit_check.verify().faults)
