"""What was told is kept 30 days, an erased owner's goes at once, and secrets are sealed and rotate."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import connection

from sandboxes.cleanup.erasure import STEPS, subject_of
from sandboxes.core import crypto, secrets_at_rest
from sandboxes.models import Account, Channel, Delivery, Notification
from sandboxes.notifications import retention
from tests.support import channels, records
from tests.support.channels import SECRET, alert, send_all, tell
from tests.support.sink import Sink

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("mailbox")]


def test_thirty_days_are_kept_and_what_waits_stays(sink: Sink) -> None:
    channels.channel("hook", "webhook", sink.url)
    old, new, waiting = (tell("hook", subject=subject) for subject in ("1", "2", "3"))
    send_all()
    now = datetime.now(UTC)
    Notification.objects.filter(pk__in=[old.pk, waiting.pk]).update(created_at=now - timedelta(days=31))
    Delivery.objects.filter(notification=waiting).update(state="waiting")
    assert retention.apply(now) == 1
    assert set(Notification.objects.values_list("pk", flat=True)) == {new.pk, waiting.pk}
    assert Delivery.objects.count() == 2


def test_address_and_secret_are_sealed_and_rotate(sink: Sink, settings: Any, capsys: Any) -> None:
    made = channels.channel("hook", "webhook", f"{sink.url}/zqpath")
    settings.ENCRYPTION_KEY = ",".join([Fernet.generate_key().decode(), *crypto.keys()])
    done = secrets_at_rest.rotate_all()
    assert done.rotated >= 2
    with connection.cursor() as cursor:
        cursor.execute("SELECT url, secret FROM sandboxes_channel")
        for stored in cursor.fetchone():
            assert stored.startswith("fernet:")
            assert crypto.is_current(stored)
    assert Channel.objects.get(pk=made.pk).secret == SECRET
    call_command("dumpdata", "sandboxes.channel")
    dumped = capsys.readouterr().out
    assert "zqpath" not in dumped
    assert SECRET not in dumped


def test_erased_owner_is_named_in_no_notification(sink: Sink) -> None:
    channels.channel("hook", "webhook", sink.url)
    account = records.account()
    other = Account.objects.create(name="other", url="http://127.0.0.1:2")
    records.sandbox("i1", of=account, owner="zqowner", state="ended", ended_at=datetime.now(UTC))
    tell("hook", subject="1", account=account.pk, data=alert(text="zqowner is over its limit"))
    tell("hook", subject="2", data=alert(examples=["i1"]))
    kept = tell("hook", subject="3", account=account.pk, data=alert(examples=[]))
    theirs = tell("hook", subject="4", account=other.pk, data=alert(text="their own zqowner"))
    step = next(one for one in STEPS if "notification" in one.table)
    assert step.run(subject_of(account, "zqowner")) == 2
    assert set(Notification.objects.values_list("pk", flat=True)) == {kept.pk, theirs.pk}
