"""Latest metrics of many sandboxes, and one sandbox's history."""

from datetime import UTC, datetime
from urllib.parse import parse_qs

import httpx
import pytest

from sandboxes.e2b import BadAnswer, NotFound, ServerFailed

BULK = "/sandboxes/metrics"


def asked(request):
    return parse_qs(request.url.query.decode())["sandbox_ids"][0].split(",")


def backend(api, sample, *, malformed=(), silent=()):
    """Answers as E2B: one malformed ID spoils the whole call; a silent one has no sample yet."""

    def answer(request):
        ids = asked(request)
        if len(ids) > 100 or set(ids) & set(malformed):
            return httpx.Response(400, json={"code": 400, "message": "invalid sandbox ID"})
        return httpx.Response(200, json={"sandboxes": {one: sample() for one in ids if one not in silent}})

    return api.get(BULK).mock(side_effect=answer)


def ids(number):
    return [f"i{one:020d}" for one in range(number)]


async def test_it_works(client, api, sample):
    route = backend(api, sample)

    answer = await client.latest_metrics(ids(250))

    assert set(answer.samples) == set(ids(250))
    assert answer.samples[ids(1)[0]].cpu_used_pct == 12.34
    assert sorted(len(asked(call.request)) for call in route.calls) == [50, 100, 100]
    assert (answer.calls, answer.refused_ids, answer.unread_ids, answer.failures) == (3, (), (), ())


async def test_no_ids_need_no_call(client, api, sample):
    route = backend(api, sample)

    assert (await client.latest_metrics([])).samples == {}
    assert route.call_count == 0


async def test_an_id_given_twice_is_asked_once(client, api, sample):
    route = backend(api, sample)

    await client.latest_metrics(["a", "b", "a"])

    assert asked(route.calls.last.request) == ["a", "b"]


async def test_one_without_a_sample_is_simply_absent(client, api, sample):
    backend(api, sample, silent=["b"])

    answer = await client.latest_metrics(["a", "b"])

    assert (set(answer.samples), answer.unread_ids) == ({"a"}, ())


async def test_malformed_ids_are_isolated_and_reported(client, api, sample):
    many = ids(250)
    many[7], many[8], many[222] = "UPPER", "0198-a-b", "x_y"
    backend(api, sample, malformed=["UPPER", "0198-a-b", "x_y"])

    answer = await client.latest_metrics(many)

    assert sorted(answer.refused_ids) == ["0198-a-b", "UPPER", "x_y"]
    assert len(answer.samples) == 247
    assert answer.calls < 50


async def test_a_backend_that_refuses_everything_is_not_asked_for_each_id(client, api, sample):
    route = backend(api, sample, malformed=ids(2000))

    answer = await client.latest_metrics(ids(2000))

    assert route.call_count == answer.calls == 240
    assert len(answer.refused_ids) + len(answer.unread_ids) == 2000


async def test_what_one_failed_call_leaves_unread_is_told(client, api, sample):
    def answer(request):
        if "i00000000000000000150" in asked(request):
            return httpx.Response(500)
        return httpx.Response(200, json={"sandboxes": {one: sample() for one in asked(request)}})

    api.get(BULK).mock(side_effect=answer)

    read = await client.latest_metrics(ids(250))

    assert (len(read.samples), len(read.unread_ids)) == (150, 100)
    assert [type(failure) for failure in read.failures] == [ServerFailed]


async def test_when_all_fails_it_is_raised(client, api):
    api.get(BULK).mock(return_value=httpx.Response(500))

    with pytest.raises(ServerFailed):
        await client.latest_metrics(ids(250))


async def test_a_backend_without_the_bulk_call_is_not_asked_for_every_chunk(client, api):
    route = api.get(BULK).mock(return_value=httpx.Response(404, json={"code": 404, "message": "not found"}))

    with pytest.raises(NotFound):
        await client.latest_metrics(ids(10_000))

    assert route.call_count <= 8


async def test_another_shape_is_a_bad_answer(client, api, listed):
    api.get(BULK).mock(return_value=httpx.Response(200, json=listed("metrics")))

    with pytest.raises(BadAnswer):
        await client.latest_metrics(["a"])


async def test_one_odd_sample_does_not_hide_the_others(client, api, sample):
    api.get(BULK).mock(return_value=httpx.Response(200, json={"sandboxes": {"a": sample(), "b": sample(memUsed={})}}))

    assert set((await client.latest_metrics(["a", "b"])).samples) == {"a"}
    assert client.unreadable_entries == 1


async def test_without_the_bulk_call_they_are_read_one_by_one_within_a_budget(client, api, sample, clock):
    older, newer = sample(timestampUnix=1787313500), sample(timestampUnix=1787313590, cpuUsedPct=50)
    route = api.get(url__regex=r".*/sandboxes/\w+/metrics").mock(
        side_effect=lambda request: (
            httpx.Response(404, json={"code": 404, "message": "gone"})
            if "/dead/" in request.url.path
            else httpx.Response(200, json=[] if "/quiet/" in request.url.path else [newer, older])
        )
    )

    answer = await client.metrics_one_by_one(["a", "dead", "quiet", "b", "c", "d"], max_calls=4)

    assert {one: metric.cpu_used_pct for one, metric in answer.samples.items()} == {"a": 50, "b": 50}
    assert (answer.unread_ids, answer.gone_ids) == (("c", "d"), ("dead",))
    assert route.call_count == answer.calls == 4
    now = int(clock.now().timestamp())
    assert dict(route.calls.last.request.url.params) == {"start": str(now - 120), "end": str(now)}


async def test_history_is_asked_with_both_ends_and_comes_oldest_first(client, api, sample):
    answer = [sample(timestampUnix=10), sample(timestampUnix=5)]
    route = api.get("/sandboxes/i1/metrics").mock(return_value=httpx.Response(200, json=answer))

    history = await client.metrics_history(
        "i1", datetime(2026, 8, 21, 12, 0, 0, 900_000, UTC), datetime(2026, 8, 21, 12, 30, 0, 100_000, UTC)
    )

    assert [metric.timestamp_unix for metric in history] == [5, 10]
    assert dict(route.calls.last.request.url.params) == {"start": "1787313600", "end": "1787315401"}
