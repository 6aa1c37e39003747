"""Alerts, Channels: added, changed, tested and removed on the page; what is wrong stands at its field."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from sandboxes.models import Channel, Delivery
from tests.support import channels, records
from tests.support.channels import SECRET, send_all, tell
from tests.support.sink import Answer, Sink, serving

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("mailbox", "static_files")]
PAGE = "/alerts/channels/"


@pytest.fixture
def sink():
    with serving() as found:
        yield found


@pytest.fixture
def admin() -> Client:
    client = Client()
    client.force_login(records.member("ada", "admin"))
    return client


def form(sink: Sink, **fields: object) -> dict[str, object]:
    return {
        "name": "billing", "kind": "webhook", "url": f"{sink.url}/in", "secret": SECRET, "min_severity": "info",
        "events": ["alert.firing"], "enabled": "on", "allow_private": "on", **fields,
    }  # fmt: skip


def test_nobody_is_notified_at_first_and_one_button_is_filled(admin: Client) -> None:
    page = admin.get(PAGE).content.decode()
    assert "Nobody is notified yet." in page
    assert page.count("btn main") == 1


def test_channel_is_added_tested_changed_and_removed(admin: Client, sink: Sink) -> None:
    shown = admin.post(f"{PAGE}add/", form(sink), follow=True).content.decode()
    assert "billing was added" in shown
    made = Channel.objects.get()
    assert made.secret == SECRET
    tested = admin.post(f"{PAGE}{made.pk}/test/", follow=True).content.decode()
    assert "billing: delivered in" in tested
    saved = admin.post(f"{PAGE}{made.pk}/", form(sink, url="", secret="", min_severity="critical"), follow=True)
    assert "billing was saved" in saved.content.decode()
    kept = Channel.objects.get()
    assert (kept.url, kept.secret, kept.min_severity) == (f"{sink.url}/in", SECRET, "critical")
    removed = admin.post(f"{PAGE}{made.pk}/", {"do": "remove"}, follow=True).content.decode()
    assert "billing was removed" in removed
    assert not Channel.objects.exists()


@pytest.mark.parametrize(("wrong", "field", "says"), [
    ({"url": "https://169.254.169.254/"}, "url", "link-local"), ({"secret": ""}, "secret", "openssl"),
    ({"name": "a/b"}, "name", "no slash"), ({"events": []}, "events", "Choose one"),
])  # fmt: skip
def test_what_is_wrong_stands_at_its_field_and_nothing_typed_is_lost(
    admin: Client, sink: Sink, wrong: dict[str, object], field: str, says: str
) -> None:
    answer = admin.post(f"{PAGE}add/", form(sink, **wrong))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert says in page
    assert answer.context["form"].errors.keys() == {field}
    assert f'value="{form(sink, **wrong)["name"]}"' in page
    assert not Channel.objects.exists()


def test_test_that_fails_says_why(admin: Client, sink: Sink) -> None:
    made = channels.channel("billing", "webhook", sink.url)
    sink.answer(Answer(404, b"gone"))
    page = admin.post(f"{PAGE}{made.pk}/test/", follow=True).content.decode()
    assert "not delivered: it answered 404 gone" in page


def test_message_that_failed_is_sent_again_from_the_log(admin: Client, sink: Sink) -> None:
    made = channels.channel("billing", "webhook", sink.url)
    sink.answer(Answer(410), Answer())
    tell("billing")
    send_all()
    assert "it answered 410" in admin.get(f"{PAGE}?channel={made.pk}&show=open").content.decode()
    admin.post(f"{PAGE}{made.pk}/deliveries/{Delivery.objects.get().pk}/replay/")
    send_all()
    assert len(sink.requests) == 2
    assert "Everything was delivered." in admin.get(f"{PAGE}?channel={made.pk}&show=open").content.decode()


def test_operator_reads_and_gets_no_form(sink: Sink) -> None:
    channels.channel("billing", "webhook", sink.url)
    client = Client()
    client.force_login(records.member("bob", "operator"))
    page = client.get(PAGE).content.decode()
    assert "billing" in page
    assert "Read-only" in page
    assert "csrfmiddlewaretoken" not in page[page.index('id="settings"') :]


def test_sensitive_change_asks_again_who_it_is(admin: Client, sink: Sink) -> None:
    made = channels.channel("billing", "webhook", sink.url)
    with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=False):
        for address in (f"{PAGE}add/", f"{PAGE}{made.pk}/", f"{PAGE}{made.pk}/test/"):
            assert "Confirm it’s you" in admin.post(address, form(sink)).content.decode()
    assert sink.requests == []


def test_counts_are_of_seven_days(admin: Client, sink: Sink) -> None:
    channels.channel("billing", "webhook", sink.url)
    for subject in "123":
        tell("billing", subject=subject)
    send_all()
    old = Delivery.objects.order_by("pk")[0].notification
    type(old).objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=8))
    (line,) = admin.get(PAGE).context["channels"]
    assert (line.counts.sent, line.counts.failed) == (2, 0)


@pytest.mark.parametrize("query", ["?channel=x", "?channel=987654321", "?add=fax", "?channel=" + "9" * 30])
def test_odd_address_is_a_page_or_404(admin: Client, query: str) -> None:
    assert admin.get(PAGE + query).status_code in {200, 404}
