"""The admin: every record can be looked at, secrets never come out, cleanup asks first and goes by actions."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import User
from django.urls import reverse

from dashboard.models import ApiToken
from sandboxes.models import Account, Action, Policy, Sandbox, SandboxLock, Verdict
from tests.support import records

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("mailbox", "static_files")]
LIST = "/admin/sandboxes/sandbox/"
OURS = [model for app in ("sandboxes", "events", "dashboard") for model in apps.get_app_config(app).get_models()]


@pytest.fixture
def anna(client):
    client.force_login(User.objects.create_superuser("anna", password="x"))
    return client


def choose(client, kind, sandboxes, **more):
    keys = [sandbox.pk for sandbox in sandboxes]
    return client.post(LIST, {"action": kind, "index": 0, ACTION_CHECKBOX_NAME: keys} | more, follow=True)


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_every_record_is_listed_and_searched(anna, model):
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    page = admin.site._registry[model]
    assert anna.get(url).status_code == 200
    assert not page.search_fields or anna.get(url, {"q": "a"}).status_code == 200


def test_records_are_opened_and_not_changed(anna):
    sandbox = records.sandbox()
    records.frame({sandbox.pk: records.Reading(cpu=5)})
    for record in [sandbox, records.verdict(sandbox), records.action(sandbox), records.event(sandbox.sandbox_id)]:
        meta = record._meta
        url = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[record.pk])
        assert anna.get(url).status_code == 200
        assert anna.post(url, {}).status_code == 403


def test_secrets_go_in_and_never_come_out(anna):
    account = records.account(api_key="e2b_topsecretkey", webhook_secret="topsecrethook")
    url = reverse("admin:sandboxes_account_change", args=[account.pk])
    page = anna.get(url).content.decode()
    assert "topsecret" not in page
    assert page.count('type="password"') == 3
    given = {"name": "default", "url": "http://127.0.0.1:1", "enabled": "on", "owner_keys": "", "environment_keys": ""}
    assert anna.post(url, given | {"webhook_secret": "another"}).status_code == 302
    kept = Account.objects.get()
    assert (kept.api_key, kept.webhook_secret) == ("e2b_topsecretkey", "another")


def test_a_kill_asks_first_and_says_what_it_would_hit(anna):
    idle, busy = (records.sandbox(burn_usd_per_hour="0.25") for _ in range(2))
    gone = records.sandbox(state="ended")
    records.frame({idle.pk: records.Reading(cpu=1), busy.pk: records.Reading(cpu=88)})
    page = choose(anna, "kill", [idle, busy, gone])
    text = page.content.decode()
    assert "Kill 2 sandboxes?" in text
    assert "$0.50 an hour" in text
    assert "1 more will be skipped: not in the right state" in text
    assert text.index(busy.sandbox_id) < text.index(idle.sandbox_id)
    assert not Action.objects.exists()


def test_a_confirmed_kill_is_queued_under_the_persons_name(anna):
    sandboxes = [records.sandbox() for _ in range(3)]
    page = choose(anna, "kill", sandboxes, expected=3, reason="left over")
    assert "3 taken" in page.content.decode()
    kept = set(Action.objects.values_list("kind", "state", "actor_kind", "actor_name", "reason"))
    assert kept == {("kill", "queued", "user", "anna", "left over")}
    assert Action.objects.values("bulk_id").distinct().count() == 1


def test_a_selection_that_changed_meanwhile_is_asked_for_again(anna):
    sandboxes = [records.sandbox() for _ in range(3)]
    page = choose(anna, "kill", sandboxes, expected=2)
    assert "it is 3 now" in page.content.decode()
    assert not Action.objects.exists()


def test_all_of_a_filter_can_be_chosen(anna):
    for _ in range(3):
        records.sandbox(owner="u_1")
    records.sandbox(owner="u_2")
    one = Sandbox.objects.filter(owner="u_1")[0]
    url = f"{LIST}?q=u_1"
    given = {"action": "pause", "index": 0, "select_across": 1, ACTION_CHECKBOX_NAME: [one.pk]}
    assert "Pause 3 sandboxes?" in anna.post(url, given).content.decode()
    anna.post(url, given | {"expected": 3})
    assert Action.objects.filter(kind="pause").count() == 3


def test_an_extension_takes_its_seconds_and_a_protection_its_reason(anna):
    sandbox = records.sandbox()
    assert 'name="seconds"' in choose(anna, "extend", [sandbox]).content.decode()
    choose(anna, "extend", [sandbox], expected=1, seconds=900)
    assert Action.objects.get().parameters == {"seconds": 900}
    assert "required" in choose(anna, "protect", [sandbox], expected=1).content.decode()
    choose(anna, "protect", [sandbox], expected=1, reason="a demo")
    assert SandboxLock.objects.get().protected_by == "anna"


def test_who_may_only_look_is_offered_no_clean_up(client):
    from django.contrib.auth.models import Permission

    viewer = User.objects.create_user("vera", password="x", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_sandbox"))
    client.force_login(viewer)
    sandbox = records.sandbox()
    assert "Kill" not in client.get(LIST).content.decode()
    choose(client, "kill", [sandbox], expected=1)
    assert not Action.objects.exists()


def policy_form(**given):
    plain = {
        "name": "p", "enabled": "on", "mode": "dry_run", "match": "{}", "orphan_when": '{"older_than_seconds": 60}',
        "action": "kill", "grace_seconds": 600, "max_per_run": 50, "max_per_hour": 200, "max_fleet_fraction": 0.1,
        "quiet_hours": "[]",
    }  # fmt: skip
    return plain | given


def test_a_policy_is_read_as_strictly_as_by_rest_and_each_change_is_a_version(anna):
    url = reverse("admin:sandboxes_policy_add")
    refused = anna.post(url, policy_form(orphan_when="{}"))
    assert "orphan_when" in refused.content.decode()
    assert not Policy.objects.filter(name="p").exists()
    assert anna.post(url, policy_form()).status_code == 302
    policy = Policy.objects.get(name="p")
    assert (policy.version, policy.match["states"]) == (1, ["running"])
    change = reverse("admin:sandboxes_policy_change", args=[policy.pk])
    anna.post(change, policy_form(grace_seconds=5))
    policy.refresh_from_db()
    assert (policy.version, policy.grace_seconds) == (2, 5)


def test_deleting_a_policy_keeps_its_verdicts(anna):
    verdict = records.verdict(records.sandbox())
    assert verdict.policy_id is not None
    anna.post(reverse("admin:sandboxes_policy_delete", args=[verdict.policy_id]), {"post": "yes"})
    assert not Policy.objects.filter(pk=verdict.policy_id).exists()
    assert Verdict.objects.get().until is not None


def test_a_tokens_text_is_shown_once(anna):
    answer = anna.post(reverse("admin:dashboard_apitoken_add"), {"name": "ci"})
    page = answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert set(answer.cookies) <= {"csrftoken"}, "no message carries it in a cookie"
    token = ApiToken.objects.get()
    text = page.split("shown this once: ")[1].split("<")[0].strip()
    assert ApiToken.digest_of(text) == token.digest
    again = anna.get(reverse("admin:dashboard_apitoken_change", args=[token.pk])).content.decode()
    assert text not in again
    assert token.digest not in again
