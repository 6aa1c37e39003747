"""What is planted of an owner is nowhere after `manage.py erase`, others' data are untouched, and the audit holds."""

import json
import logging
from io import StringIO
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from dashboard.models import IdempotentAnswer, SavedView
from events import erasing
from events.fold import Base, fold
from events.models import Delivery, LifecycleEvent
from events.writing.rows import first_of
from sandboxes.actions import audit, audit_check
from sandboxes.models import (
    AccountHealth,
    Action,
    AuditEntry,
    BulkRequest,
    FleetGroup,
    Freeze,
    Lease,
    LeaseSpan,
    Sandbox,
    SandboxLock,
)
from tests.events.factories import real
from tests.sandboxes.actions.test_audit import forge
from tests.support import records

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("mailbox")]
NOW = records.NOW
PLANTED = {name: f"planted-{name}-{number:04d}" for number, name in enumerate((
    "owner", "mail", "note", "alias", "lease", "lease-metadata", "lease-token", "reason", "evidence", "parameters",
    "error", "joined", "bulk", "verdict", "spared", "event", "event-raw", "parked", "header", "refused", "protected",
    "cause", "idempotent", "old-metadata",
))}  # fmt: skip
OWNER = PLANTED["owner"]


def fleet(of, owner, words, sandbox_id):
    """Everything that can be held of one owner's sandbox; `words` gives each text."""
    metadata = {"owner": owner, "mail": words["mail"], "note": words["note"], "env": "staging"}
    told = real("created", 0, sandbox=sandbox_id, sandbox_metadata=metadata)
    base = Base()
    fold(base, told)
    base.facts["alias"] = base.facts["metadata"]
    box = records.sandbox(
        sandbox_id, of=of, state="ended", ended_at=NOW, owner=owner, environment="staging", metadata=metadata,
        alias=words["alias"], fold=msgspec.json.encode(base).decode(),
        probable_cause={"cause": "out_of_memory", "evidence": words["cause"]},
    )  # fmt: skip
    SandboxLock.objects.filter(pk=box.lock_id).update(protected_reason=words["protected"], protected_by=owner)
    lease = records.lease(words["lease"], minutes=-5, members=[sandbox_id], token=words["lease-token"], lapsed_at=NOW)
    Lease.objects.filter(pk=lease.pk).update(metadata={"x": words["lease-metadata"]})
    LeaseSpan.objects.create(lease=lease, key=lease.key, sandbox=box, since=NOW, until=NOW, token=words["lease-token"])
    act(box, words, owner)
    verdict = records.verdict(box)
    verdict.reasons, verdict.spared_why = [{"rule": "idle", "evidence": words["verdict"]}], words["spared"]
    verdict.save()
    record(of, box, words, metadata)
    Delivery.objects.create(
        account=of, state="parked", reason="no type", received_at=NOW, headers={"user-agent": words["header"]},
        body=json.dumps({"sandbox_id": sandbox_id, "x": words["parked"]}).encode(),
    )  # fmt: skip
    Delivery.objects.create(
        account=of, state="refused", reason="x", received_at=NOW, body=f"{words['refused']} {owner}".encode()
    )
    FleetGroup.objects.create(
        account=of, span_seconds=60, at=NOW, kind="owner", name=owner, sandboxes=1, samples=0, cpu_sum=0, mem_sum=0,
        cpu_hist=[0] * 101, mem_hist=[0] * 101,
    )  # fmt: skip
    pages(of, box, words, owner)
    return box


def act(box, words, owner):
    fields = {
        "reason": words["reason"], "evidence": [{"rule": "idle", "evidence": words["evidence"]}],
        "parameters": {"x": words["parameters"]}, "joined": [{"reason": words["joined"]}], "error": words["error"],
    }  # fmt: skip
    records.action(box, state="cancelled", actor_name=owner, **fields)
    gone = records.action(box, state="cancelled", **fields)
    gone.delete()  # its trail stays
    BulkRequest.objects.create(
        bulk_id=uuid4(), kind="kill", actor_kind="user", actor_name="admin", reason=words["bulk"], keys=[box.pk],
        refused={str(box.pk): words["bulk"]}, requested_at=NOW, finished_at=NOW,
    )  # fmt: skip


def record(of, box, words, metadata):
    data = {"sandbox_metadata": metadata | {"old": words["old-metadata"]}, "started_at": "2026-08-21T11:00:00Z"}
    data["extra"] = words["event"]
    raw = {"id": "x", "type": "t", "sandbox_id": box.sandbox_id, "event_data": data, "more": words["event-raw"]}
    records.event(box.sandbox_id, of=of, data=data, raw=raw)


def pages(of, box, words, owner):
    user = get_user_model().objects.get_or_create(username="ada")[0]
    address = f"account={of.name}&owner={owner}%2Csomebody&cols=id"
    SavedView.objects.create(name=f"of {owner}"[:60], address=address, user=user)
    body = json.dumps({"account": of.name, "sandbox_id": box.sandbox_id, "reason": words["idempotent"]}).encode()
    IdempotentAnswer.objects.create(token="t", key=uuid4().hex, digest="d", body=body, created_at=timezone.now())
    LogEntry.objects.create(user=user, action_flag=2, object_repr="x", change_message=f"Protected a sandbox of {owner}")
    AccountHealth.objects.filter(account=of).update(sync_error=f"unreadable metadata of {owner}.")
    Freeze.objects.create(at=NOW, by="ada", reason=f"because of {owner}", lifted_at=NOW)


@pytest.fixture
def planted(mailbox, caplog, monkeypatch, settings, tmp_path):
    """The owner at `default`, another owner there and the same one at `second`; a log and Redis that name the owner."""
    caplog.set_level(logging.DEBUG)
    settings.DATA_DIR = tmp_path
    accounts = [records.account(name, owner_keys=["owner"], environment_keys=["env"]) for name in ("default", "second")]
    for one in accounts:
        AccountHealth.objects.create(account=one)
    plain = {name: f"harmless-{name}" for name in PLANTED}
    fleet(accounts[0], OWNER, PLANTED, "iplanted")
    fleet(accounts[0], f"{OWNER}-other", plain, "iother")
    fleet(accounts[1], f"elsewhere.{OWNER}", plain | {"lease": "harmless-elsewhere"}, "ielsewhere")
    audit.seal()
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "web.log").write_text(f"one\nowner {OWNER} and {PLANTED['mail']}\nlast\n")
    mailbox.set("sandwarden:remembered", f"x {OWNER} y")
    mailbox.set("sandwarden:harmless", f"{OWNER}-other")
    return tmp_path


def erase(*arguments, owner=OWNER):
    out = StringIO()
    call_command("erase", "--owner", owner, "--account", "default", *arguments, stdout=out)
    return out.getvalue()


def held(home: Path, mailbox) -> str:
    """All text of every table of ours, of the files in DATA_DIR and of Redis."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public' "
            "AND data_type IN ('text', 'character varying', 'json', 'jsonb', 'bytea', 'ARRAY')"
        )
        for table, column, kind in cursor.fetchall():
            text = f"encode(\"{column}\", 'escape')" if kind == "bytea" else f'"{column}"::text'
            cursor.execute(f"SELECT coalesce(string_agg({text}, E'\\n' ORDER BY {text}), '') FROM \"{table}\"")
            found.append(f"{table}.{column}: {cursor.fetchone()[0]}")
    found += [path.read_text(errors="replace") for path in home.rglob("*") if path.is_file()]
    found += [f"{key} {mailbox.get(key) if mailbox.type(key) == b'string' else ''}" for key in mailbox.keys()]  # noqa: SIM118
    return "\n".join(found)


def left(text: str) -> set[str]:
    """Which planted words stand in it; the other owners' names begin or end with the owner's."""
    text = text.replace(f"{OWNER}-other", "").replace(f"elsewhere.{OWNER}", "")
    return {word for word in PLANTED.values() if word in text}


def others() -> list[object]:
    """What is held about the other owner and the other account."""
    boxes = Sandbox.objects.exclude(sandbox_id="iplanted")
    groups = FleetGroup.objects.exclude(name=OWNER).exclude(name__startswith="erased-")
    rows = [
        boxes, Action.objects.filter(sandbox__in=boxes), Lease.objects.filter(key__startswith="harmless"),
        LeaseSpan.objects.filter(sandbox__in=boxes), LifecycleEvent.objects.exclude(sandbox_id="iplanted"), groups,
        SavedView.objects.filter(address__contains="other"), SandboxLock.objects.filter(sandboxes__in=boxes),
    ]  # fmt: skip
    deliveries = [str(one) for one in Delivery.objects.order_by("pk").values()]
    return [*(list(one.order_by("pk").values()) for one in rows), [one for one in deliveries if "harmless" in one]]


def test_erase_leaves_nothing_in_database_files_redis_and_logs(planted, mailbox, caplog):
    assert left(held(planted, mailbox)) == set(PLANTED.values())
    before = others()
    said = erase("--apply")
    assert left(held(planted, mailbox)) == set()
    assert left(caplog.text) == set()
    assert left(said) == set()
    assert others() == before
    assert IdempotentAnswer.objects.count() == 2
    assert mailbox.get("sandwarden:harmless") == f"{OWNER}-other".encode()
    assert (planted / "log" / "web.log").read_text().startswith("one\nowner xxxx")
    assert (planted / "log" / "web.log").read_text().endswith("\nlast\n")


def test_erased_audit_verifies_and_says_who_erased(planted):
    erase("--apply")
    assert audit_check.verify().faults == []
    erasure = AuditEntry.objects.filter(change__has_key="erasure").earliest("id").change["erasure"]
    assert erasure["by"] == "erase command"
    number = min(map(int, erasure["entries"]))
    forge('UPDATE sandboxes_auditentry SET change = change || \'{"kind": "pause"}\' WHERE number = %s', number)
    assert any("no erasure names it" in fault for fault in audit_check.verify().faults)


def test_dry_run_changes_nothing_and_counts(planted, mailbox):
    before = held(planted, mailbox)
    said = erase()
    assert held(planted, mailbox) == before
    assert "1 sandboxes" in said
    assert "        2  events_delivery: deleted" in said
    assert "Dry run" in said


def test_erasing_twice_is_harmless(planted, mailbox):
    erase("--apply")
    pseudonym = Sandbox.objects.get(sandbox_id="iplanted").owner
    erase("--apply")
    box = Sandbox.objects.get(sandbox_id="iplanted")
    assert box.owner == pseudonym
    assert audit_check.verify().faults == []
    assert left(held(planted, mailbox)) == set()


def test_broken_off_erasure_is_finished_by_the_next(planted, mailbox, monkeypatch):
    def broken(_):
        raise RuntimeError("power cut")

    with monkeypatch.context() as patch:
        patch.setattr(erasing, "LAST", erasing.LAST._replace(run=broken))
        with pytest.raises(RuntimeError):
            erase("--apply")
    assert OWNER in str(Sandbox.objects.get(sandbox_id="iplanted").owner)
    erase("--apply")
    assert left(held(planted, mailbox)) == set()
    assert audit_check.verify().faults == []


def test_pseudonym_stays_when_the_sandbox_is_folded_again(planted):
    erase("--apply")
    box = Sandbox.objects.get(sandbox_id="iplanted")
    assert str(box.owner).startswith("erased-")
    assert box.metadata == {"owner": box.owner, "env": "staging"}
    base = fold(msgspec.json.decode(box.fold.encode(), type=Base), real("killed", 60, sandbox="iplanted"))
    assert first_of(json.loads(base.facts["metadata"].value), ["owner"]) == box.owner


def test_erase_is_rejected_while_a_sandbox_lives_or_an_action_is_open(planted, mailbox):
    box = Sandbox.objects.get(sandbox_id="iplanted")
    Sandbox.objects.filter(pk=box.pk).update(state="paused")
    with pytest.raises(CommandError, match="have not ended"):
        erase("--apply")
    assert "It would be rejected now" in erase()
    waiting = records.action(box, state="queued")
    with pytest.raises(CommandError, match="not finished"):
        erase("--apply", "--include-running")
    Action.objects.filter(pk=waiting.pk).update(state="cancelled")
    before = Sandbox.objects.filter(pk=box.pk).values().get()
    said = erase("--apply", "--include-running")
    assert "1 sandboxes have not ended and keep their records" in said
    assert Sandbox.objects.filter(pk=box.pk).values().get() == before
    assert left(held(planted, mailbox)) == {PLANTED[name] for name in ("owner", "mail", "note", "alias", "cause")}
    Sandbox.objects.filter(pk=box.pk).update(state="ended")
    erase("--apply")
    assert left(held(planted, mailbox)) == set()


def test_erase_names_what_stays(planted, mailbox):
    records.account("default")
    Lease.objects.filter(key=PLANTED["lease"]).update(lapsed_at=None, expires_at=timezone.now().replace(year=2099))
    Sandbox.objects.filter(sandbox_id="iplanted").update(state="running")
    get_user_model().objects.create(username=OWNER)
    (planted / "notes.txt").write_text(OWNER)
    said = erase("--apply", "--include-running")
    assert "1 leases stay" in said
    assert "auth_user.username" in said
    assert "notes.txt" in said
    assert Lease.objects.filter(key=PLANTED["lease"]).exists()


def test_erase_says_when_redis_is_away(planted, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert "Redis could not be read" in erase()


def test_erase_of_an_unknown_owner_changes_nothing(planted, mailbox):
    before = held(planted, mailbox)
    assert "0 sandboxes" in erase("--apply", owner="nobody-there")
    assert held(planted, mailbox) == before


@pytest.mark.parametrize(("owner", "account"), [(" ", "default"), ("x", "nowhere")])
def test_erase_rejects_an_empty_owner_and_an_unknown_account(planted, owner, account):
    with pytest.raises(CommandError):
        call_command("erase", "--owner", owner, "--account", account)
