"""Our webhook at the backend: made once, never lost half-made, its secret on record before it is sent."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import httpx
import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command

from events import endpoints
from events.webhooks import registration, upkeep
from events.webhooks.registration import NotDone
from events.webhooks.view import view_of
from sandboxes.e2b import E2BClient, E2BError
from sandboxes.models import Account, AccountHealth
from sandboxes.models.fields import opened
from simulator import DEFAULT_API_KEY
from tests.events.factories import recent

pytestmark = pytest.mark.usefixtures("mailbox")
URL = "https://sandwarden.example.com/webhooks/e2b/prod/"
ALL = registration.default_events()
SECRET_FIELDS = ("webhook_secret", "previous_webhook_secret", "sent_webhook_secret")


class LosesAnswers(httpx.AsyncHTTPTransport):
    """Sends everything, and loses the answers to these methods on the way back."""

    def __init__(self, *methods):
        super().__init__()
        self.methods = methods

    async def handle_async_request(self, request):
        answer = await super().handle_async_request(request)
        if request.method in self.methods:
            raise httpx.ReadError("the line broke")
        return answer


@pytest.fixture
def fresh(watched):
    """The account without a secret, as one that was just added."""
    watched.webhook_secret = ""
    watched.save()
    return watched


def at_e2b(e2b):
    return e2b.simulator.webhooks.all()


async def on_record(account):
    return await Account.objects.select_related("health").aget(pk=account.pk)


def losing(monkeypatch, *methods):
    transport = LosesAnswers(*methods)
    monkeypatch.setattr(
        "sandboxes.core.accounts.client_for",
        lambda account: E2BClient(account.url, account.api_key, transport=transport),
    )
    return transport


async def test_it_works(fresh, e2b):
    await registration.register(fresh.pk, URL, ALL)
    (hook,) = at_e2b(e2b)
    kept = await on_record(fresh)
    assert (hook.url, sorted(hook.events), hook.enabled) == (URL, ALL, True)
    assert hook.secret == kept.webhook_secret == kept.sent_webhook_secret
    assert len(hook.secret) >= 43
    assert (kept.webhook_id, kept.webhook_url) == (hook.id, URL)
    assert kept.health.webhook_since


async def test_a_secret_that_is_on_record_is_used(watched, e2b):
    await registration.register(watched.pk, URL, ALL)
    assert at_e2b(e2b)[0].secret == "s3cret"


async def test_the_secret_is_on_record_before_it_is_sent(fresh, e2b, monkeypatch):
    known = []

    async def create(self, *, secret, **_):
        known.append((await Account.objects.aget(pk=fresh.pk)).webhook_secret == secret)
        raise E2BError("no")

    monkeypatch.setattr(E2BClient, "create_webhook", create)
    with pytest.raises(E2BError):
        await registration.register(fresh.pk, URL, ALL)
    assert known == [True]


async def test_a_webhook_whose_answer_was_lost_is_found_and_adopted(fresh, e2b, monkeypatch):
    losing(monkeypatch, "POST")
    await registration.register(fresh.pk, URL, ALL)
    (hook,) = at_e2b(e2b)
    kept = await on_record(fresh)
    assert (kept.webhook_id, kept.sent_webhook_secret) == (hook.id, hook.secret)


async def test_one_left_half_made_is_completed_by_the_next_round(fresh, e2b, monkeypatch):
    transport = losing(monkeypatch, "POST")
    looks = []

    async def nothing(client, account):
        looks.append(account.pk)

    with monkeypatch.context() as blind:
        blind.setattr(registration, "find", nothing)
        with pytest.raises(E2BError):
            await registration.register(fresh.pk, URL, ALL)
    assert (await on_record(fresh)).webhook_id == ""
    transport.methods = ()
    e2b.simulator.webhooks.all()[0].secret = "as if another had been sent"
    await upkeep.tend_all()
    (hook,) = at_e2b(e2b)
    kept = await on_record(fresh)
    assert (kept.webhook_id, kept.webhook_secret) == (hook.id, hook.secret)
    assert kept.health.webhook_since


async def test_registering_twice_makes_one(fresh, e2b):
    for events in (ALL, ALL[:2]):
        await registration.register(fresh.pk, URL, events)
    (hook,) = at_e2b(e2b)
    assert sorted(hook.events) == ALL[:2]


async def test_events_are_changed_and_deliveries_stopped_and_begun(fresh, e2b):
    await registration.register(fresh.pk, URL, ALL)
    await registration.change(fresh.pk, URL, ALL[:1])
    await registration.enable(fresh.pk, on=False)
    (hook,) = at_e2b(e2b)
    assert (hook.events, hook.enabled) == (ALL[:1], False)
    assert (await on_record(fresh)).health.webhook_since is None
    await registration.enable(fresh.pk, on=True)
    assert at_e2b(e2b)[0].enabled
    assert (await on_record(fresh)).health.webhook_since


async def test_a_rotation_is_sent_once_every_receiver_knows_both(fresh, e2b, monkeypatch):
    await registration.register(fresh.pk, URL, ALL)
    old = at_e2b(e2b)[0].secret
    await registration.rotate(fresh.pk)
    await upkeep.tend_all()
    kept = await on_record(fresh)
    assert at_e2b(e2b)[0].secret == old == kept.previous_webhook_secret
    assert kept.webhook_secret != old
    assert registration.is_pending(kept)
    await Account.objects.filter(pk=fresh.pk).aupdate(webhook_secret_at=datetime.now(UTC) - registration.SETTLE)
    await upkeep.tend_all()
    kept = await on_record(fresh)
    assert at_e2b(e2b)[0].secret == kept.webhook_secret
    assert not registration.is_pending(kept)


async def test_both_secrets_are_accepted_for_a_day(fresh, e2b):
    await registration.register(fresh.pk, URL, ALL)
    old = (await on_record(fresh)).webhook_secret
    await registration.rotate(fresh.pk)
    kept = await on_record(fresh)
    endpoint = await endpoints.WebhookEndpoints().find("prod")
    now = datetime.now(UTC)
    assert endpoint is not None
    assert endpoint.secrets(now.timestamp()) == [kept.webhook_secret, old]
    assert endpoint.secrets((now + timedelta(hours=25)).timestamp()) == [kept.webhook_secret]


async def test_a_second_rotation_waits_for_the_first(fresh, e2b):
    await registration.register(fresh.pk, URL, ALL)
    await registration.rotate(fresh.pk)
    with pytest.raises(NotDone, match="still on its way"):
        await registration.rotate(fresh.pk)


async def test_a_secret_of_the_environment_is_not_rotated_here(watched, e2b):
    await Account.objects.filter(pk=watched.pk).aupdate(webhook_secret_in_environment=True)
    await registration.register(watched.pk, URL, ALL)
    with pytest.raises(NotDone, match="E2B_WEBHOOK_SECRET"):
        await registration.rotate(watched.pk)
    await registration.delete(watched.pk)
    assert (await on_record(watched)).webhook_secret == "s3cret"


async def test_a_secret_changed_in_the_environment_reaches_the_backend_and_the_old_one_holds(watched, e2b):
    await registration.register(watched.pk, URL, ALL)
    account = await on_record(watched)
    account.webhook_secret = "another one by bootstrap"
    await account.asave()
    await upkeep.tend_all()
    assert (await on_record(watched)).previous_webhook_secret == "s3cret"
    assert at_e2b(e2b)[0].secret == "s3cret"
    await Account.objects.filter(pk=watched.pk).aupdate(webhook_secret_at=datetime.now(UTC) - registration.SETTLE)
    await upkeep.tend_all()
    assert at_e2b(e2b)[0].secret == "another one by bootstrap"


async def test_delete_takes_it_away_and_expects_nothing_more(fresh, e2b):
    await registration.register(fresh.pk, URL, ALL)
    await registration.delete(fresh.pk)
    kept = await on_record(fresh)
    assert at_e2b(e2b) == []
    assert (kept.webhook_id, kept.webhook_url, kept.webhook_secret, kept.previous_webhook_secret) == ("", "", "", "")
    assert kept.health.webhook_since is None


async def test_a_late_try_after_the_end_is_no_sign_of_a_webhook(watched, e2b):
    await Account.objects.filter(pk=watched.pk).aupdate(webhook_secret_in_environment=True)
    await registration.register(watched.pk, URL, ALL)
    await registration.delete(watched.pk)
    await AccountHealth.objects.filter(account=watched).aupdate(webhook_since=datetime.now(UTC))
    await upkeep.tend_all()
    assert (await on_record(watched)).health.webhook_since is None


async def test_one_that_was_taken_away_at_the_backend_is_said_to_be_missing(fresh, e2b):
    await registration.register(fresh.pk, URL, ALL)
    e2b.simulator.webhooks.remove(at_e2b(e2b)[0].id)
    await upkeep.tend_all()
    kept = await on_record(fresh)
    assert kept.webhook_id == ""
    assert view_of(kept.health).missing
    assert kept.health.webhook_since is None


async def test_one_that_a_person_made_by_hand_is_recognised(watched, e2b, settings):
    settings.PUBLIC_URL = "https://sandwarden.example.com"
    made = e2b.simulator.webhooks.register("mine", URL, "s3cret", 0.0)
    await upkeep.tend_all()
    kept = await on_record(watched)
    assert (kept.webhook_id, kept.webhook_url) == (made.id, URL)
    assert not registration.is_pending(kept)


async def test_somebody_elses_webhook_is_left_alone(watched, e2b, settings):
    settings.PUBLIC_URL = "https://sandwarden.example.com"
    e2b.simulator.webhooks.register("theirs", "https://other.example.com/webhooks/e2b/prod/", "x", 0.0)
    await upkeep.tend_all()
    assert (await on_record(watched)).webhook_id == ""
    assert at_e2b(e2b)[0].secret == "x"


async def test_one_that_was_stopped_at_the_backend_is_not_expected_to_deliver(fresh, e2b):
    await registration.register(fresh.pk, URL, ALL)
    at_e2b(e2b)[0].enabled = False
    await upkeep.tend_all()
    kept = await on_record(fresh)
    assert (view_of(kept.health).enabled, kept.health.webhook_since) == (False, None)


async def test_types_that_are_added_are_expected_from_then_on(fresh, e2b):
    await registration.register(fresh.pk, URL, ALL[:1])
    since = (await on_record(fresh)).health.webhook_since
    await registration.change(fresh.pk, URL, ALL)
    assert (await on_record(fresh)).health.webhook_since > since


async def test_stopping_keeps_what_the_backend_told(fresh, e2b):
    await registration.register(fresh.pk, URL, ALL)
    await upkeep.tend_all()
    read_at = view_of((await on_record(fresh)).health).read_at
    await registration.enable(fresh.pk, on=False)
    assert view_of((await on_record(fresh)).health).read_at == read_at


@pytest.mark.django_db
def test_bootstrap_says_that_the_environment_sets_the_secret(settings):
    settings.E2B_API_URL, settings.E2B_WEBHOOK_SECRET = "http://127.0.0.1:9", "of the environment"
    call_command("bootstrap", stdout=StringIO())
    account = Account.objects.get(name="default")
    assert (account.webhook_secret, account.webhook_secret_in_environment) == ("of the environment", True)
    settings.E2B_WEBHOOK_SECRET = "another one"
    call_command("bootstrap", stdout=StringIO())
    account.refresh_from_db()
    assert (account.webhook_secret, account.previous_webhook_secret) == ("another one", "of the environment")
    assert account.previous_secret_until is not None
    assert account.previous_secret_until > datetime.now(UTC) + timedelta(hours=23)
    settings.E2B_WEBHOOK_SECRET = ""
    call_command("bootstrap", stdout=StringIO())
    account.refresh_from_db()
    assert (account.webhook_secret, account.webhook_secret_in_environment) == ("another one", False)


async def test_nobody_else_changes_it_meanwhile(fresh, e2b, monkeypatch):
    monkeypatch.setattr(registration, "BETWEEN_SECONDS", 0)
    async with registration.alone_with(fresh.pk):
        with pytest.raises(NotDone, match="being changed"):
            await registration.register(fresh.pk, URL, ALL)
    assert at_e2b(e2b) == []


@pytest.fixture
async def lost(fresh, e2b, settings):
    """Registered with a secret and a former one, then the encryption key was lost; the API key was entered again."""
    settings.ENCRYPTION_KEY = Fernet.generate_key().decode()
    await fresh.asave(update_fields=["api_key"])
    await registration.register(fresh.pk, URL, ALL)
    await registration.rotate(fresh.pk)
    settings.ENCRYPTION_KEY = Fernet.generate_key().decode()
    account = await on_record(fresh)
    account.api_key = DEFAULT_API_KEY
    await account.asave(update_fields=["api_key"])
    assert [opened(account, name) for name in SECRET_FIELDS] == [None] * 3
    return account


async def is_sent(account, e2b):
    """Once every receiver knows it, the secret on record is the backend's, and nothing on record is left sealed."""
    await Account.objects.filter(pk=account.pk).aupdate(webhook_secret_at=datetime.now(UTC) - registration.SETTLE)
    await upkeep.tend_all()
    kept = await on_record(account)
    assert None not in [opened(kept, name) for name in SECRET_FIELDS]
    assert [hook.secret for hook in at_e2b(e2b)] == [kept.webhook_secret] == [kept.sent_webhook_secret]
    return kept.webhook_secret


async def test_lost_secret_entered_by_hand_is_believed_and_reaches_the_backend(lost, e2b, post):
    assert (await post(recent())).status_code == 503
    await registration.set_by_hand(lost.pk, URL, "another")
    assert (await post(recent(), secret="another")).status_code == 202
    assert (await post(recent())).status_code == 401
    assert await is_sent(lost, e2b) == "another"


async def test_lost_secret_is_replaced_by_a_rotation(lost, e2b, post):
    await registration.rotate(lost.pk)
    fresh = await is_sent(lost, e2b)
    assert (await post(recent(), secret=fresh)).status_code == 202


async def test_lost_secret_is_replaced_by_registering(lost, e2b, post):
    await registration.register(lost.pk, URL, ALL)
    kept = await on_record(lost)
    assert [hook.secret for hook in at_e2b(e2b)] == [kept.webhook_secret]
    assert (await post(recent(), secret=kept.webhook_secret)).status_code == 202


async def test_lost_secret_is_sent_to_nobody(lost, e2b):
    before = at_e2b(e2b)[0].secret
    await upkeep.tend_all()
    assert at_e2b(e2b)[0].secret == before
    assert not view_of((await on_record(lost)).health).error
