"""How long alerts stay, and that an owner who is erased is in none of them."""

from datetime import timedelta

from django.core.management import call_command

from sandboxes.alerts import retention, silences
from sandboxes.models import Alert, AlertWatch, Notification, Sandbox, Silence
from tests.support import records
from tests.support.judging import Judged

OWNER = "anna.kowalska@example.com"


def test_alerts_and_silences_go_thirty_days_after_their_end(judged: Judged) -> None:
    account = judged.account()
    judged.rule(above=0, for_seconds=0)
    records.sandbox(of=account)
    judged.rounds(1)
    silences.make({"owner": "x"}, judged.now() + timedelta(hours=1), "r", "bob", None)
    later = judged.now() + timedelta(days=40)
    assert retention.apply(later) == 1, "what still fires stays"
    Alert.objects.update(resolved_at=judged.now() + timedelta(days=11))
    assert retention.apply(later) == 0
    Alert.objects.update(resolved_at=judged.now() + timedelta(days=9))
    assert retention.apply(later) >= 1
    assert not Alert.objects.exists()


def test_erased_owner_is_in_no_alert_silence_or_message(judged: Judged) -> None:
    account = judged.account(owner_keys=["user"])
    judged.rule(above=0, for_seconds=0, group_by=["owner"])
    records.sandbox(of=account, owner=OWNER, metadata={"user": OWNER})
    silences.make({"owner": OWNER}, judged.now() + timedelta(seconds=15), f"{OWNER} tests", "bob", None)
    judged.rounds(3)
    assert OWNER in str(Alert.objects.values()) + str(Notification.objects.values())
    Sandbox.objects.update(state="ended", ended_at=judged.now())
    call_command("erase", "--owner", OWNER, "--account", account.name, "--yes")
    assert (Alert.objects.count(), Silence.objects.count()) == (1, 1)
    for model in (Alert, AlertWatch, Silence, Notification):
        assert OWNER not in str(list(model._default_manager.values()))
