"""Each kind of channel, against servers that play the other side; Standard Webhooks by its official library."""

import json

import pytest
import standardwebhooks

from sandboxes.models import Delivery
from tests.sandboxes.notifications.conftest import Box
from tests.support import channels, records
from tests.support.channels import KEY, SECRET, alert, send_all, states, tell
from tests.support.sink import Answer, Sink

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("mailbox")]


def test_webhook_is_verified_by_the_official_library_and_holds_the_contract(sink: Sink) -> None:
    channels.channel("billing", "webhook", f"{sink.url}/hook")
    account = records.account()
    told = tell("billing", account=account.pk)
    send_all()
    (request,) = sink.requests
    body = standardwebhooks.Webhook(SECRET).verify(request.body, request.headers)
    assert set(body) == {"type", "timestamp", "data"}
    assert (body["type"], body["data"]) == ("alert.firing", alert())
    assert request.headers["webhook-id"] == str(told.pk)
    assert states("billing") == ["sent"]


def test_wrong_body_is_not_verified(sink: Sink) -> None:
    channels.channel("billing", "webhook", f"{sink.url}/hook")
    tell("billing")
    send_all()
    (request,) = sink.requests
    with pytest.raises(standardwebhooks.webhooks.WebhookVerificationError):
        standardwebhooks.Webhook(SECRET).verify(request.body + b" ", request.headers)


def test_slack_gets_blocks_and_a_plain_text_without_its_own_markup(sink: Sink) -> None:
    channels.channel("#oncall", "slack", f"{sink.url}/services/T0/B0/x")
    tell("#oncall", data=alert(text="<!channel> & <http://evil.example|click>"))
    send_all()
    body = sink.requests[0].json
    assert "&lt;!channel&gt; &amp; &lt;http://evil.example|click&gt;" in body["text"]
    assert "<!channel>" not in json.dumps(body)
    assert body["blocks"][0]["text"]["text"].startswith("*[warning] &lt;!channel&gt;")
    assert any("<https://sandwarden.example/alerts/7/|" in json.dumps(one) for one in body["blocks"])
    assert states("#oncall") == ["sent"]


def test_pagerduty_triggers_acknowledges_and_resolves_under_the_alerts_id(sink: Sink) -> None:
    channels.channel("pd", "pagerduty", sink.url)
    tell("pd", severity="critical")
    tell("pd", type_="alert.acknowledged", severity="critical")
    tell("pd", type_="alert.resolved", severity="critical")
    send_all()
    events = [one.json for one in sink.requests]
    assert [one["event_action"] for one in events] == ["trigger", "acknowledge", "resolve"]
    assert {one["dedup_key"] for one in events} == {"7"}
    assert {one["routing_key"] for one in events} == {KEY}
    assert {one.path for one in sink.requests} == {"/v2/enqueue"}
    assert events[0]["payload"]["severity"] == "critical"
    assert states("pd") == ["sent"] * 3


def test_mail_has_both_forms_and_the_notifications_id(box: Box) -> None:
    channels.channel("platform", "email", "mailto:a@acme.example,b@acme.example")
    told = tell("platform", data=alert(text="<b>3</b> sandboxes", cause="Its metrics answer 503."))
    send_all()
    ((to, mail),) = box.mails
    assert to == ["a@acme.example", "b@acme.example"]
    assert mail["Subject"] == "[warning] <b>3</b> sandboxes"
    assert mail["Message-ID"].startswith(f"<{told.pk}@")
    plain = mail.get_body(("plain",))
    html = mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert "Its metrics answer 503." in plain.get_content()
    assert "https://sandwarden.example/alerts/7/" in plain.get_content()
    assert "&lt;b&gt;3&lt;/b&gt;" in html.get_content()
    assert states("platform") == ["sent"]


def test_mail_that_is_refused_for_good_fails_and_one_that_may_pass_waits(box: Box) -> None:
    channels.channel("platform", "email", "a@acme.example")
    box.answer = "554 no such list"
    tell("platform")
    send_all()
    box.answer = "421 try again later"
    tell("platform", subject="8")
    send_all()
    gone, later = Delivery.objects.order_by("pk")
    assert (gone.state, gone.error) == ("failed", "554 no such list")
    assert (later.state, later.error, later.attempts) == ("waiting", "421 try again later", 1)


def test_mail_without_a_server_says_which_variable_is_missing(settings) -> None:
    settings.EMAIL_HOST = ""
    channels.channel("platform", "email", "a@acme.example")
    tell("platform")
    send_all()
    assert Delivery.objects.get().error == "no mail server is set: EMAIL_URL"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_webhook_that_refuses_for_good_fails_with_its_words(sink: Sink, status: int) -> None:
    channels.channel("hook", "webhook", sink.url)
    sink.answer(Answer(status, b"no_service"))
    tell("hook")
    send_all()
    failed = Delivery.objects.get()
    assert (failed.state, failed.error) == ("failed", f"it answered {status} no_service")


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_webhook_that_is_away_is_tried_again(sink: Sink, status: int) -> None:
    channels.channel("hook", "webhook", sink.url)
    sink.answer(Answer(status, b"later", {"Retry-After": "600"}))
    tell("hook")
    send_all()
    waiting = Delivery.objects.get()
    assert waiting.state == "waiting"
    assert waiting.at is not None
    assert waiting.next_try_at is not None
    assert (waiting.next_try_at - waiting.at).total_seconds() == 600


def test_apprise_reaches_a_service_on_its_list(sink: Sink) -> None:
    at = sink.url.removeprefix("http://")
    channels.channel("ntfy", "apprise", f"ntfy://{at}/topic")
    sink.answer(Answer(200, b'{"id":"x"}'))
    tell("ntfy")
    send_all()
    assert "3 sandboxes of base" in sink.requests[0].body.decode()
    assert states("ntfy") == ["sent"]
