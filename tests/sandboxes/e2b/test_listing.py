"""The whole list: pages, states side by side, what moves meanwhile, and backends that do it their own way."""

from datetime import UTC, datetime
from urllib.parse import parse_qs, unquote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandboxes.e2b import E2BClient, NoProgress, NotFound, ServerFailed
from sandboxes.e2b.calls import metadata_query
from sandboxes.e2b.timing import ServerClock

LIST = "/v2/sandboxes"


def pages(api, **by_state):
    """`running=[[…], […]]`: the pages of each state; tokens are offsets."""

    def answer(request):
        query = parse_qs(request.url.query.decode())
        mine = by_state.get(query["state"][0], [[]])
        number = int(query.get("nextToken", ["0"])[0])
        if isinstance(mine[number], httpx.Response):
            return mine[number]
        more = {"X-Next-Token": str(number + 1)} if number + 1 < len(mine) else {}
        return httpx.Response(200, json=mine[number], headers=more)

    return api.get(LIST).mock(side_effect=answer)


async def test_it_works(client, api, listed):
    pages(api, running=[[listed("a"), listed("b")], [listed("c")]], paused=[[listed("d", state="paused")]])

    inventory = await client.list_all()

    assert sorted(item.sandbox_id for item in inventory.items) == ["a", "b", "c", "d"]
    assert (inventory.pages, inventory.complete, inventory.failure) == (3, True, None)


async def test_an_empty_fleet_is_complete(client, api):
    pages(api)

    inventory = await client.list_all()

    assert (inventory.items, inventory.complete) == ([], True)


async def test_the_number_of_running_ones_is_told(client, api):
    api.get(LIST).mock(return_value=httpx.Response(200, json=[], headers={"X-Total-Running": "1234"}))

    assert (await client.list_all()).total_running == 1234


async def test_one_resumed_while_we_read_counts_in_its_later_run(client, api, listed):
    pages(
        api,
        running=[[listed("a", startedAt="2026-08-21T12:00:00Z")]],
        paused=[[listed("a", state="paused", startedAt="2026-08-21T11:00:00Z")]],
    )

    inventory = await client.list_all()

    assert [(item.sandbox_id, item.state) for item in inventory.items] == [("a", "running")]


async def test_one_paused_while_we_read_counts_as_last_seen(client, api, clock, listed):
    def answer(request):
        clock.seconds += 1
        state = parse_qs(request.url.query.decode())["state"][0]
        return httpx.Response(200, json=[listed("a", state=state)])

    api.get(LIST).mock(side_effect=answer)

    assert [item.state for item in (await client.list_all()).items] == ["paused"]
    assert [item.state for item in (await client.list_all(("paused", "running"))).items] == ["running"]


async def test_a_backend_that_ignores_the_state_is_filtered_here(client, api, listed):
    everything = [listed("a"), listed("b", state="paused"), listed("c", state="hibernated")]
    api.get(LIST).mock(return_value=httpx.Response(200, json=everything))

    items = (await client.list_all(("running",))).items

    assert [item.sandbox_id for item in items] == ["a", "c"]


async def test_a_missing_state_is_the_one_asked_for(client, api):
    pages(api, paused=[[{"sandboxID": "a"}]])

    assert [item.state for item in (await client.list_all()).items] == ["paused"]


async def test_a_backend_that_ignores_the_metadata_filter_is_filtered_here(client, api, listed):
    pages(api, running=[[listed("a", metadata={"env": "prod", "x": "1"}), listed("b", metadata={})]])

    items = (await client.list_all(metadata={"env": "prod"})).items

    assert [item.sandbox_id for item in items] == ["a"]


async def test_a_later_page_that_fails_leaves_the_list_incomplete(client, api, listed):
    pages(api, running=[[listed("a")], httpx.Response(500)])

    inventory = await client.list_all()

    assert [item.sandbox_id for item in inventory.items] == ["a"]
    assert not inventory.complete
    assert isinstance(inventory.failure, ServerFailed)


async def test_a_first_page_that_fails_is_raised(client, api, listed):
    pages(api, running=[[listed("a")]], paused=[httpx.Response(500)])

    with pytest.raises(ServerFailed):
        await client.list_all()


async def test_an_unreadable_entry_costs_itself_and_not_the_list(client, api, listed):
    pages(api, running=[[listed("a"), {"state": "running"}, listed("x" * 400)]])

    inventory = await client.list_all()

    assert [item.sandbox_id for item in inventory.items] == ["a"]
    assert inventory.complete
    assert inventory.doubts.to_list() == [{"what": "entry", "count": 2, "example": "None"}]
    assert client.unreadable_entries == 2


async def test_a_bad_optional_field_costs_that_field(client, api, listed):
    pages(api, running=[[listed("a", startedAt="<unknown>"), listed("b", endAt="2026-08-21 14:03:07 +0000 UTC")]])

    inventory = await client.list_all()

    assert [(item.sandbox_id, item.started_at is None, item.end_at is None) for item in inventory.items] == [
        ("a", True, False), ("b", False, True),
    ]  # fmt: skip
    assert inventory.complete
    assert {one["what"]: one["example"] for one in inventory.doubts.to_list()} == {"startedAt": "a", "endAt": "b"}


@pytest.mark.parametrize("answers", ["same token", "new tokens", "empty pages"])
async def test_list_without_an_end_is_given_up_after_a_few_pages(client, api, listed, answers):
    asked = 0

    def answer(request):
        nonlocal asked
        asked += 1
        token = "same" if answers == "same token" else f"token-{asked}"
        items = [] if answers == "empty pages" and asked > 1 else [listed("a")]
        return httpx.Response(200, json=items, headers={"X-Next-Token": token})

    api.get(LIST).mock(side_effect=answer)

    inventory = await client.list_all(("running",))

    assert (inventory.pages, inventory.complete) == (4, False)
    assert isinstance(inventory.failure, NoProgress)


async def test_list_that_names_fewer_than_the_backend_counts_is_incomplete(client, api, listed):
    api.get(LIST).mock(
        return_value=httpx.Response(200, json=[listed(f"a{n}") for n in range(100)], headers={"X-Total-Running": "250"})
    )

    inventory = await client.list_all(("running",))

    assert not inventory.complete
    assert "counts 250 running sandboxes and lists 100" in str(inventory.failure)


async def test_sandboxes_that_the_list_calls_dead_are_not_in_it(client, api, listed):
    words = ["Running", "PAUSED", "pausing", "dead", "Terminated", "killed"]
    pages(api, running=[[listed(f"i{n}", state=word) for n, word in enumerate(words)]])

    inventory = await client.list_all()

    assert [(item.sandbox_id, item.state, item.backend_state) for item in inventory.items] == [
        ("i0", "running", "Running"), ("i1", "paused", "PAUSED"), ("i2", "unknown", "pausing"),
    ]  # fmt: skip


async def test_get_of_a_dead_one_is_not_found(client, api, listed):
    api.get("/sandboxes/a").mock(return_value=httpx.Response(200, json=listed("a", state="dead")))

    with pytest.raises(NotFound):
        await client.get("a")


async def test_the_time_is_that_of_the_first_request_on_both_clocks(client, api, clock):
    first = clock.now()

    def answer(request):
        clock.seconds += 10
        return httpx.Response(200, json=[], headers={"Date": "Fri, 21 Aug 2026 13:00:00 GMT"})

    api.get(LIST).mock(side_effect=answer)

    inventory = await client.list_all(("running",))

    assert inventory.sent_at == first
    # The server said 13:00:00 when we had 12:00:10 at the most: it is 59:50 ahead at the least.
    assert inventory.clock_offset_seconds == 3590
    assert inventory.sent_at_server == datetime(2026, 8, 21, 12, 59, 50, tzinfo=UTC)


def test_clocks_that_may_agree_are_taken_as_equal_and_answers_narrow_the_span():
    def at(second, micro=0):
        return datetime(2026, 8, 21, 12, 0, second, micro, tzinfo=UTC)

    clock = ServerClock()
    assert clock.offset_seconds == 0
    clock.learn(at(10), at(10, 400_000), at(10, 500_000))
    assert clock.offset_seconds == 0
    clock.learn(at(18), at(19, 900_000), at(19, 950_000))
    assert clock.offset_seconds == 0  # a Date that the server renews once a second
    clock.learn(at(22), at(22, 0), at(21, 950_000))
    assert clock.offset_seconds == pytest.approx(0.05)
    clock.learn(at(40), at(45), at(45))
    assert clock.offset_seconds == pytest.approx(-3)  # this contradicts the others: the newest counts


async def test_of_two_dates_the_newer_counts(client, api):
    dates = [("Date", "Fri, 21 Aug 2026 11:59:59 GMT"), ("Date", "Fri, 21 Aug 2026 12:00:00 GMT")]
    api.get(LIST).mock(return_value=httpx.Response(200, json=[], headers=dates))

    assert (await client.list_page()).server_date == datetime(2026, 8, 21, 12, tzinfo=UTC)


async def test_the_metadata_filter_is_encoded_as_the_official_sdk_does(client, api):
    route = api.get(LIST).mock(return_value=httpx.Response(200, json=[]))

    await client.list_page(metadata={"k y": "v/1&x"}, states=("running", "paused"), limit=5, order="asc")

    query = route.calls.last.request.url.query
    assert query == b"state=running,paused&metadata=k%252520y%3Dv%252F1%252526x&order=asc&limit=5"


@given(st.dictionaries(st.text(min_size=1), st.text(), min_size=1))
def test_any_metadata_survives_its_three_layers(metadata):
    encoded = str(httpx.URL("http://h/").copy_with(params={"metadata": metadata_query(metadata)}).params["metadata"])
    pairs = parse_qs(encoded, keep_blank_values=True)

    assert {unquote(key): unquote(value[0]) for key, value in pairs.items()} == metadata


async def test_other_filters_are_sent_as_the_api_takes_them(client, api):
    route = api.get(LIST).mock(return_value=httpx.Response(200, json=[]))

    await client.list_page(template="base", started_after=datetime(2026, 8, 21, tzinfo=UTC), next_token="a+b/c=")

    assert dict(route.calls.last.request.url.params) == {
        "template": "base", "startedAfter": "2026-08-21T00:00:00Z", "limit": "100", "nextToken": "a+b/c=",
    }  # fmt: skip


@pytest.mark.parametrize(
    "url", ["", "api.e2b.app", "ftp://x", "http://", "http://user:pw@host", "http://h/?a=1", "http://h:99999"]
)
def test_a_base_url_that_is_none_says_how_it_should_look(url):
    with pytest.raises(Exception, match=r"must look like https://api\.e2b\.app"):
        E2BClient(url, None)
