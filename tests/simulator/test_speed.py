"""A fleet of ten thousand is read in little time, which the benchmarks and the poller build on."""

import time

import httpx

from simulator import DEFAULT_API_KEY, ManualClock, Options
from simulator.app import create

FLEET = 10_000


async def test_ten_thousand_sandboxes_are_listed_and_measured_in_under_two_seconds_of_cpu() -> None:
    clock = ManualClock()
    app = create(Options(sandboxes=FLEET, births_per_minute=0, past_hours=0), clock)
    clock.advance(60)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), headers={"X-API-Key": DEFAULT_API_KEY})
    client.base_url = httpx.URL("http://simulator")
    async with client:
        ids = await _all(client)
        assert len(set(ids)) == len(ids) == FLEET
        began = time.process_time()
        measured = 0
        for place in range(0, FLEET, 100):
            answer = await client.get("/sandboxes/metrics", params={"sandbox_ids": ",".join(ids[place : place + 100])})
            measured += answer.content.count(b"timestampUnix")
        assert measured == FLEET
        assert time.process_time() - began < 2


async def _all(client: httpx.AsyncClient) -> list[str]:
    ids: list[str] = []
    token = ""
    while True:
        answer = await client.get("/v2/sandboxes", params={"nextToken": token} if token else {})
        ids += [entry["sandboxID"] for entry in answer.json()]
        token = answer.headers.get("x-next-token", "")
        if not token:
            return ids
