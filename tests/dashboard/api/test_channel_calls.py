"""`/channels`: set, tested, replayed; address and secret are never told, and each sees what concerns their accounts."""

from typing import Any

import pytest
from django.test import Client

from sandboxes.models import Channel, Delivery
from tests.support import records
from tests.support.channels import KEY, SECRET, alert, send_all, tell
from tests.support.sink import Answer, Sink, serving

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("mailbox")]
HOOK = {
    "name": "billing", "kind": "webhook", "url": "https://hooks.example.com/in/zq-the-path-is-a-secret-too",
    "secret": SECRET, "min_severity": "warning", "events": ["alert.firing", "action.failed"],
}  # fmt: skip


@pytest.fixture
def sink():
    with serving() as found:
        yield found


def local(sink: Sink, **fields: Any) -> dict[str, Any]:
    return {**HOOK, "url": f"{sink.url}/in", "allow_private": True, **fields}


def test_it_works(call: Any) -> None:
    made = call("POST", "/channels", HOOK)
    assert made.status_code == 201
    assert made.data == {
        "name": "billing", "kind": "webhook", "destination": "hooks.example.com", "min_severity": "warning",
        "events": ["alert.firing", "action.failed"], "allow_private": False, "enabled": True, "health": "unused",
    }  # fmt: skip
    assert call("GET", "/channels/billing").data == made.data
    assert call("GET", "/channels").data == {"items": [made.data], "next": None, "total": 1}
    kept = Channel.objects.get()
    assert (kept.url, kept.secret) == (HOOK["url"], SECRET)
    assert call("DELETE", "/channels/billing").status_code == 204
    assert call("GET", "/channels/billing").status_code == 404


def test_name_with_space_and_hash_is_reached_and_taken_once(call: Any) -> None:
    assert call("POST", "/channels", {**HOOK, "name": "Slack #oncall"}).status_code == 201
    assert call("GET", "/channels/Slack%20%23oncall").data["name"] == "Slack #oncall"
    again = call("POST", "/channels", {**HOOK, "name": "Slack #oncall"})
    assert (again.status_code, again.data["code"]) == (409, "name_in_use")


def test_left_out_address_and_secret_stay_but_not_for_another_server(call: Any) -> None:
    call("POST", "/channels", HOOK)
    rest = {name: value for name, value in HOOK.items() if name not in ("url", "secret")}
    changed = call("PUT", "/channels/billing", {**rest, "min_severity": "critical"})
    assert (changed.status_code, changed.data["min_severity"]) == (200, "critical")
    kept = Channel.objects.get()
    assert (kept.url, kept.secret) == (HOOK["url"], SECRET)
    moved = call("PUT", "/channels/billing", {**rest, "url": "https://evil.example/"})
    assert (moved.status_code, moved.data["details"]) == (400, {"field": "secret"})
    assert Channel.objects.get().url == HOOK["url"]


@pytest.mark.parametrize(("wrong", "field"), [
    ({"name": ""}, "name"), ({"name": "a/b"}, "name"), ({"name": " a"}, "name"), ({"name": "a\n"}, "name"),
    ({"kind": "fax"}, "kind"), ({"url": "ftp://x.example"}, "url"), ({"url": None}, "url"),
    ({"url": "https://169.254.169.254/"}, "url"), ({"url": "https://10.0.0.1/"}, "url"),
    ({"url": "http://x.example/"}, "url"), ({"url": "https://ada:pw@x.example/"}, "url"),
    ({"secret": None}, "secret"), ({"secret": "whsec_c2hvcnQ="}, "secret"), ({"secret": "not base64!"}, "secret"),
    ({"events": ["alert.exploded"]}, "events"), ({"events": []}, "events"),
    ({"min_severity": "urgent"}, "min_severity"),
    ({"kind": "slack", "secret": None}, "events"), ({"kind": "slack"}, "secret"),
    ({"kind": "pagerduty", "secret": "short", "url": None}, "secret"), ({"enabled": 1}, "enabled"),
    ({"kind": "email", "secret": None, "url": "nobody"}, "url"),
    ({"kind": "email", "secret": None, "url": ",".join(f"a{n}@x.example" for n in range(21))}, "url"),
    ({"kind": "apprise", "secret": None, "url": "mailto://a:b@x.example"}, "url"),
    ({"kind": "apprise", "secret": None, "url": "tgram://not-a-token"}, "url"),
])  # fmt: skip
def test_what_makes_no_sense_is_400_and_names_its_field(call: Any, wrong: dict[str, Any], field: str) -> None:
    answer = call("POST", "/channels", {**HOOK, **wrong})
    assert answer.status_code == 400, answer.data
    assert answer.data["message"].startswith(field)
    assert SECRET not in answer.content.decode()
    assert not Channel.objects.exists()


def test_unknown_field_is_refused(call: Any) -> None:
    assert call("POST", "/channels", {**HOOK, "health": "working"}).status_code == 400


def test_rename_is_refused_since_rules_name_it(call: Any) -> None:
    call("POST", "/channels", HOOK)
    assert call("PUT", "/channels/billing", {**HOOK, "name": "other"}).data["details"] == {"field": "name"}


def test_test_tells_what_came_of_it_and_is_on_record(call: Any, sink: Sink) -> None:
    call("POST", "/channels", local(sink))
    worked = call("POST", "/channels/billing/test")
    assert (worked.status_code, worked.data["delivered"], worked.data["error"]) == (200, True, None)
    assert sink.requests[0].json["type"] == "channel.test"
    sink.answer(Answer(500, b"down"))
    failed = call("POST", "/channels/billing/test")
    assert (failed.status_code, failed.data["delivered"], failed.data["error"]) == (200, False, "it answered 500 down")
    log = call("GET", "/channels/billing/deliveries").data
    assert [(one["event"], one["state"]) for one in log["items"]] == [
        ("channel.test", "failed"), ("channel.test", "sent"),
    ]  # fmt: skip
    send_all()
    assert len(sink.requests) == 2, "a test is tried once"


def test_pagerduty_test_leaves_no_incident_open(call: Any, sink: Sink) -> None:
    call(
        "POST", "/channels", {"name": "pd", "kind": "pagerduty", "url": sink.url, "secret": KEY, "allow_private": True}
    )
    assert call("POST", "/channels/pd/test").data["delivered"] is True
    assert [one.json["event_action"] for one in sink.requests] == ["trigger", "resolve"]
    assert len({one.json["dedup_key"] for one in sink.requests}) == 1


def test_deliveries_come_in_pages_and_one_can_be_replayed(call: Any, sink: Sink) -> None:
    call("POST", "/channels", local(sink))
    for number in range(3):
        tell("billing", subject=str(number), account=records.account().pk)
    send_all()
    page = call("GET", "/channels/billing/deliveries", limit=2).data
    assert [one["subject"] for one in page["items"]] == ["2", "1"]
    last = call("GET", "/channels/billing/deliveries", limit=2, cursor=page["next"]).data
    assert ([one["subject"] for one in last["items"]], last["next"], last["total"]) == (["0"], None, 3)
    one = page["items"][0]
    again = call("POST", f"/channels/billing/deliveries/{one['id']}/replay")
    assert (again.status_code, again.data["state"]) == (200, "waiting")
    send_all()
    assert sink.requests[-1].headers["webhook-id"] == one["notification"]


def test_replay_of_what_was_never_to_be_sent_is_409_and_of_another_channel_404(call: Any, sink: Sink) -> None:
    call("POST", "/channels", local(sink, min_severity="critical"))
    call("POST", "/channels", local(sink, name="other"))
    tell("billing", "other")
    suppressed = Delivery.objects.get(channel_name="billing").pk
    assert call("POST", f"/channels/billing/deliveries/{suppressed}/replay").status_code == 409
    assert call("POST", f"/channels/other/deliveries/{suppressed}/replay").status_code == 404
    assert call("POST", f"/channels/other/deliveries/{2**70}/replay").status_code == 404


def test_health_says_how_it_goes(call: Any, sink: Sink) -> None:
    call("POST", "/channels", local(sink))
    health = lambda: call("GET", "/channels/billing").data["health"]  # noqa: E731
    tell("billing")
    send_all()
    assert health() == "working"
    sink.answer(Answer(503))
    tell("billing", subject="8")
    send_all()
    assert health() == "retrying"
    sink.answer(Answer(410))
    tell("billing", subject="9")
    send_all()
    Delivery.objects.filter(state="waiting").delete()
    assert health() == "failing"
    Channel.objects.update(enabled=False)
    assert health() == "disabled"


def test_secrets_stand_in_no_answer_log_or_audit(call: Any, sink: Sink, caplog: pytest.LogCaptureFixture) -> None:
    path = "zq0123456789abcdefghijklmn"
    call("POST", "/channels", local(sink, url=f"{sink.url}/{path}"))
    sink.answer(Answer(400, f"no such hook {path} {SECRET}".encode()))
    tell("billing", data=alert(text=f"see {path}"))
    send_all()
    call("POST", "/channels/billing/test")
    told = [call("GET", one).content.decode() for one in
            ("/channels", "/channels/billing", "/channels/billing/deliveries", "/audit")]  # fmt: skip
    for text in (*told, caplog.text):
        assert path not in text
        assert SECRET not in text
        assert SECRET.removeprefix("whsec_") not in text
    assert "no such hook •••" in told[2]
    audited = next(one for one in call("GET", "/audit").data["items"] if one["subject"]["kind"] == "channel")
    assert (audited["after"]["url"], audited["after"]["secret"]) == ("set", "set")


def test_words_of_a_second_account_reach_nobody_of_the_first(call: Any, sink: Sink, static_files: object) -> None:
    first, hidden = records.account(), records.account("zqhidden")
    call("POST", "/channels", local(sink))
    tell("billing", subject="1", account=first.pk, data=alert(text="of the first"))
    tell("billing", subject="2", account=hidden.pk, data=alert(text="zqtext", cause="zqcause"))
    tell("billing", subject="3", data=alert(text="zqboth"))
    sink.answer(Answer(), Answer(400, b"zqanswer"), Answer())
    send_all()
    text = records.token(accounts=[first.pk], name="narrow")
    narrow = Client(headers={"Authorization": f"Bearer {text}"})
    log = narrow.get("/api/v1/channels/billing/deliveries").json()
    assert log["total"] == 1
    person = Client()
    person.force_login(records.member("ada", "admin", [first.pk]))
    pages = [person.get(one).content.decode() for one in ("/alerts/channels/", "/alerts/channels/?show=open")]
    assert "of the first" in pages[0]
    assert not any("zq" in page for page in pages)
    (line,) = person.get("/alerts/channels/").context["channels"]
    assert (line.counts.sent, line.counts.failed) == (1, 0)
    assert narrow.get("/api/v1/channels/billing").status_code == 200
    assert narrow.post("/api/v1/channels/billing/test").status_code == 403


@pytest.mark.parametrize(("method", "path"), [
    ("POST", "/channels"), ("PUT", "/channels/billing"), ("DELETE", "/channels/billing"),
    ("POST", "/channels/billing/test"), ("POST", "/channels/billing/deliveries/1/replay"),
])  # fmt: skip
def test_admin_of_some_accounts_changes_nothing(call: Any, method: str, path: str) -> None:
    call("POST", "/channels", HOOK)
    text = records.token(accounts=[records.account().pk], name="narrow")
    narrow = Client(headers={"Authorization": f"Bearer {text}"})
    assert narrow.generic(method, f"/api/v1{path}", b"{}", "application/json").status_code == 403


def test_read_only_server_still_has_channels(call: Any, sink: Sink, settings: Any) -> None:
    settings.READ_ONLY = True
    assert call("POST", "/channels", local(sink)).status_code == 201
    assert call("POST", "/channels/billing/test").data["delivered"] is True
