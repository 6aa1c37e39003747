"""What a backend, a worker, Redis or a clock can do to a poll: the record stays right, and nobody is hammered."""

import time
from datetime import timedelta

import httpx
import pytest
from django.utils import timezone

from sandboxes.e2b import E2BClient, Timing
from sandboxes.metrics import polling
from sandboxes.metrics.polling import asking, tick
from sandboxes.metrics.series import frame_store
from sandboxes.models import AccountHealth, MetricFrame, Sandbox
from tests.sandboxes.metrics.test_polling import no_pause_between_ticks  # noqa: F401 - a fixture
from tests.support import records
from tests.support.watching import run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("mailbox", "no_pause_between_ticks")]
GOOD = {
    "timestampUnix": 0, "cpuCount": 2, "cpuUsedPct": 12.5, "memUsed": 2**28, "memTotal": 2**29, "diskUsed": 2**30,
    "diskTotal": 2**33,
}  # fmt: skip


class Backend:
    """Answers every call by `answer`, and drives the client's clock: nobody waits."""

    def __init__(self):
        self.calls, self.clock = 0, 1000.0
        self.answer = lambda _: httpx.Response(500)

    def __call__(self, request):
        self.calls += 1
        return self.answer(request)

    def tells(self, **figures):
        """Each sandbox asked for has this sample, made just now unless told otherwise."""
        sample = GOOD | {"timestampUnix": int(time.time())} | figures

        def answer(request):
            ids = request.url.params["sandbox_ids"].split(",")
            # Not `json=`: NaN is no JSON, but backends have sent it.
            body = ",".join(f'"{one}":{_json(sample)}' for one in ids)
            return httpx.Response(200, text=f'{{"sandboxes":{{{body}}}}}', headers={"content-type": "application/json"})

        self.answer = answer

    async def sleep(self, seconds):
        self.clock += seconds


def _json(sample):
    figures = ",".join(f'"{name}":{value}' for name, value in sample.items())
    return f"{{{figures}}}"


@pytest.fixture
def backend(monkeypatch):
    it = Backend()
    timing = Timing(monotonic=lambda: it.clock, sleep=it.sleep, uniform=lambda low, high: high)
    monkeypatch.setattr(
        tick,
        "client_for",
        lambda account: E2BClient(account.url, "k", transport=httpx.MockTransport(it), timing=timing),
    )
    return it


@pytest.fixture
def box():
    return records.sandbox("iabc", started_at=timezone.now() - timedelta(hours=1))


def poll(box):
    return run(polling.poll(box.account))


def hold_ms(box, mailbox):
    return mailbox.pttl(f"sandwarden:cooldown:{asking.cooldown_of(box.account_id)}")


def _silent(backend):
    def answer(request):
        backend.clock += 60
        raise httpx.ReadTimeout("nothing came", request=request)

    return answer


SHAPES = {
    "500": lambda _: httpx.Response(500, json={"code": 500, "message": "oops"}),
    "a web page": lambda _: httpx.Response(502, html="<html>bad gateway</html>"),
    "a web page that says 200": lambda _: httpx.Response(200, html="<html>hello</html>"),
    "half a body": lambda _: httpx.Response(200, text='{"sandboxes":{"iabc":{"timest'),
    "nothing at all": lambda _: httpx.Response(200, text=""),
    "a list": lambda _: httpx.Response(200, json=[]),
}


@pytest.mark.parametrize("shape", [*SHAPES, "nothing for a minute"])
def test_a_failed_call_is_told_and_changes_nothing_else(backend, box, shape):
    backend.tells()
    assert poll(box).fresh == [True]
    before = Sandbox.objects.filter(pk=box.pk).values().get()
    backend.calls, backend.answer = 0, SHAPES.get(shape) or _silent(backend)
    assert poll(box) is None
    assert backend.calls <= 4, "a call and its three retries at most"
    assert MetricFrame.objects.count() == 1
    assert Sandbox.objects.filter(pk=box.pk).values().get() == before
    health = AccountHealth.objects.get(account=box.account)
    assert health.poll_error
    assert health.reachable is False
    backend.tells(timestampUnix=int(time.time()) + 5)
    assert poll(box).fresh == [True]
    health.refresh_from_db()
    assert (health.reachable, health.poll_error) == (True, "")


def test_empty_answers_are_dated_from_the_first_and_over_with_a_sample(backend, box):
    """Of a sandbox that has run for an hour; nobody is asked one by one for it."""
    backend.answer = lambda _: httpx.Response(200, json={"sandboxes": {}})
    poll(box)
    health = AccountHealth.objects.get(account=box.account)
    first = health.last_poll_at
    for _ in range(2):
        poll(box)
    health.refresh_from_db()
    assert (health.no_metrics_since, health.poll_error, backend.calls) == (first, "", 3)
    assert health.last_poll_at is not None
    assert first is not None
    assert health.last_poll_at > first
    backend.tells()
    poll(box)
    health.refresh_from_db()
    assert health.no_metrics_since is None


@pytest.mark.parametrize("what", ["young", "500"])
def test_silence_that_is_explained_says_nothing_of_the_backend(backend, box, what):
    if what == "young":
        Sandbox.objects.update(started_at=timezone.now() - timedelta(seconds=20))
        backend.answer = lambda _: httpx.Response(200, json={"sandboxes": {}})
    else:
        backend.answer = SHAPES["500"]
    poll(box)
    assert AccountHealth.objects.get(account=box.account).no_metrics_since is None


def test_backend_known_to_have_no_metrics_is_not_asked(backend, box):
    account = box.account
    account.capabilities = {"metrics": False, "bulk_metrics": False, "at": timezone.now().isoformat()}
    account.save()
    for _ in range(3):
        assert poll(box) is not None
    health = AccountHealth.objects.get(account=account)
    assert (backend.calls, health.poll_error, health.no_metrics_since) == (0, "", None)


def singly(request):
    """A backend with the single call alone, which has no sample for anybody."""
    if request.url.path.endswith("/sandboxes/metrics"):
        return httpx.Response(404, json={"code": 404, "message": "no matching operation was found"})
    return httpx.Response(200, json=[])


@pytest.mark.parametrize("known", [{}, {"bulk_metrics": False}])
def test_backend_that_keeps_no_samples_is_asked_for_one_sandbox_a_tick(backend, box, known):
    """All 40 are asked until three minutes have passed without a sample; then one, and all again once it has one.

    Its empty answers are no error: the call is there.
    """
    account = box.account
    account.capabilities = known | {"at": timezone.now().isoformat()}
    account.save()
    for number in range(39):
        records.sandbox(f"i{number}", of=account, started_at=box.started_at)
    backend.answer = singly
    bulk = 0 if known else 1
    assert poll(box) is not None
    health = AccountHealth.objects.get(account=account)
    assert (backend.calls, health.poll_error, health.no_metrics_since) == (40 + bulk, "", health.last_poll_at)

    AccountHealth.objects.update(no_metrics_since=timezone.now() - timedelta(minutes=4))
    backend.calls = 0
    poll(box)
    assert backend.calls == 1 + bulk
    sample = GOOD | {"timestampUnix": int(time.time())}
    backend.answer = lambda request: (
        singly(request) if request.url.path.endswith("/sandboxes/metrics") else httpx.Response(200, json=[sample])
    )
    assert sum(poll(box).fresh) == 1
    backend.calls = 0
    assert sum(poll(box).fresh) == 39  # and that of the first is no newer
    assert backend.calls == 40 + bulk


def test_backend_known_without_the_single_call_is_not_asked_one_by_one(backend, box):
    account = box.account
    account.capabilities = {"metrics": False, "at": timezone.now().isoformat()}
    account.save()
    backend.answer = singly
    assert poll(box) is None
    assert backend.calls == 1


@pytest.mark.parametrize(("headers", "least_ms"), [({"Retry-After": "45"}, 40_000), ({}, 5_000)])
def test_a_refusal_is_obeyed_by_every_part_also_when_it_does_not_say_how_long(backend, box, mailbox, headers, least_ms):
    backend.answer = lambda _: httpx.Response(429, json={"code": 429, "message": "slow down"}, headers=headers)
    assert poll(box) is None
    assert hold_ms(box, mailbox) > least_ms
    asked = backend.calls
    assert asked <= 4
    for shard in range(3):
        assert run(polling.poll(box.account, shard, 3)) is None
    assert backend.calls == asked


def test_a_budget_that_is_used_up_holds_every_part_before_one_is_refused(backend, box, mailbox):
    backend.tells()
    tells = backend.answer

    def last_of_its_window(request):
        answer = tells(request)
        answer.headers.update({"RateLimit-Remaining": "0", "RateLimit-Reset": "20"})
        return answer

    backend.answer = last_of_its_window
    assert poll(box).fresh == [True]
    assert 15_000 < hold_ms(box, mailbox) <= 20_000
    assert run(polling.poll(box.account, 1, 2)) is None
    assert backend.calls == 1


def test_redis_that_forgot_everything_changes_nothing(backend, box, mailbox):
    backend.tells()
    poll(box)
    mailbox.flushdb()
    assert poll(box).fresh == [False]
    assert MetricFrame.objects.count() == 2


def test_a_worker_that_dies_before_it_has_written_has_not_been(backend, box, monkeypatch):
    backend.tells()

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(frame_store, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            poll(box)
    assert not MetricFrame.objects.exists()
    assert poll(box).fresh == [True]


def test_a_worker_that_dies_while_it_writes_leaves_nothing_half_written(backend, box, monkeypatch):
    backend.tells()
    poll(box)
    Sandbox.objects.filter(pk=box.pk).update(state="paused")

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(frame_store, "keep_last_samples", killed)
        with pytest.raises(KeyboardInterrupt):
            poll(box)
    assert MetricFrame.objects.count() == 1
    poll(box)
    assert Sandbox.objects.get(pk=box.pk).sampled_at is not None


def test_a_clock_that_was_put_back_goes_on_from_what_it_knows(backend, box):
    backend.tells()
    poll(box)
    MetricFrame.objects.update(at=timezone.now() + timedelta(hours=1))
    assert poll(box).fresh == [False], "a frame of the future still tells what was seen"
    assert MetricFrame.objects.filter(at__lte=timezone.now()).count() == 1


def test_a_sample_of_the_future_is_of_now_and_counts_once(backend, box):
    backend.tells(timestampUnix=int(time.time()) + 7200)
    frame = poll(box)
    assert (frame.ages, frame.fresh) == ([0], [True])
    assert poll(box).fresh == [False]
    backend.tells(timestampUnix=int(time.time()) + 7200, cpuUsedPct=50.0)
    assert poll(box).fresh == [True]


def test_a_sandbox_without_memory_counts_for_cpu_alone(backend, box):
    backend.tells(memUsed=0, memTotal=0, diskUsed=0, diskTotal=0)
    poll(box)
    row = MetricFrame.objects.get()
    assert (row.cpu, row.mem, row.mem_total, row.disk) == ([1250], [0], [0], [0])


@pytest.mark.parametrize("figures", [{"cpuUsedPct": "NaN"}, {"cpuUsedPct": 1e999}, {"memUsed": -1}, {"cpuUsedPct": -5}])
def test_what_is_no_number_is_no_sample(backend, box, figures):
    backend.tells(**figures)
    frame = poll(box)
    assert frame is None or frame.ages == [MetricFrame.NO_SAMPLE]
    assert not any(row.fresh[0] for row in MetricFrame.objects.all())
