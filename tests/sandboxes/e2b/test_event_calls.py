"""Events, webhooks, deliveries, logs and templates as they are asked for and read."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from sandboxes.e2b import NotFound
from sandboxes.e2b.old_logs import lines
from sandboxes.e2b.wire import OldLogLine, OldLogLines

ABSENT = httpx.Response(404, json={"code": 404, "message": "not found"})
WEBHOOK = {
    "id": "w1",
    "teamId": "t",
    "name": "n",
    "createdAt": "2026-08-21T10:00:00Z",
    "enabled": True,
    "url": "http://u",
}


async def test_events_are_read(client, api):
    event = {
        "version": "v2", "id": "e1", "type": "sandbox.lifecycle.killed", "timestamp": "2026-08-21T10:00:00.5Z",
        "eventData": {"kill_reason": "timeout"}, "sandboxId": "i1", "sandboxExecutionId": "x", "sandboxTemplateId": "t",
        "sandboxBuildId": "b", "sandboxTeamId": "team",
    }  # fmt: skip
    route = api.get("/events/sandboxes").mock(return_value=httpx.Response(200, json=[event]))

    (read,) = await client.events(offset=5, limit=10, types=["a.b", "c.d"])

    assert (read.id, read.sandbox_id, read.sandbox_execution_id) == ("e1", "i1", "x")
    assert read.event_data == {"kill_reason": "timeout"}
    assert read.timestamp == datetime(2026, 8, 21, 10, 0, 0, 500_000, UTC)
    assert route.calls.last.request.url.query == b"offset=5&limit=10&orderAsc=false&types=a.b&types=c.d"


async def test_one_sandboxs_events_oldest_first(client, api):
    route = api.get("/events/sandboxes/i1").mock(return_value=httpx.Response(200, json=[]))

    assert await client.events(sandbox_id="i1", order_asc=True) == []
    assert route.calls.last.request.url.params["orderAsc"] == "true"


async def test_an_unreadable_event_is_counted_and_skipped(client, api):
    good = {"id": "e", "timestamp": "2026-08-21T10:00:00Z", "sandboxId": "i"}
    api.get("/events/sandboxes").mock(return_value=httpx.Response(200, json=[{"id": "no time"}, good]))

    assert [event.id for event in await client.events()] == ["e"]
    assert client.unreadable_entries == 1


async def test_a_webhook_is_made_changed_read_and_deleted(client, api):
    made = api.post("/events/webhooks").mock(return_value=httpx.Response(201, json=WEBHOOK))
    changed = api.patch("/events/webhooks/w1").mock(return_value=httpx.Response(200, json=WEBHOOK))
    api.get("/events/webhooks/w1").mock(return_value=httpx.Response(200, json=WEBHOOK))
    api.get("/events/webhooks").mock(return_value=httpx.Response(200, json=[WEBHOOK]))
    deleted = api.delete("/events/webhooks/w1").mock(return_value=httpx.Response(200))

    webhook = await client.create_webhook(name="n", url="http://u", events=["x"], secret="sign-with-this")
    await client.update_webhook("w1", enabled=False)
    await client.delete_webhook("w1")

    assert json.loads(made.calls.last.request.content) == {
        "name": "n", "url": "http://u", "enabled": True, "events": ["x"], "signatureSecret": "sign-with-this",
    }  # fmt: skip
    assert json.loads(changed.calls.last.request.content) == {"enabled": False}
    assert deleted.called
    assert webhook == await client.get_webhook("w1") == (await client.webhooks())[0]


async def test_deliveries_and_their_attempts(client, api):
    attempts = [
        {"status": "failed", "durationMs": 5000, "requestBody": "{}", "errorClass": "timeout",
         "responseHttpStatusCode": None, "timestamp": "2026-08-21T10:00:00Z"},
        {"status": "success", "durationMs": 12, "requestBody": "{}", "responseHttpStatusCode": 202,
         "timestamp": "2026-08-21T10:00:10Z"},
    ]  # fmt: skip
    lost = {"eventId": "e2", "eventType": "t", "sandboxId": "i", "attempts": attempts[:1]}
    page = {"data": [{**lost, "eventId": "e1", "attempts": attempts}, lost], "nextCursor": "c2"}
    route = api.get("/events/webhooks/w1/deliveries").mock(return_value=httpx.Response(200, json=page))

    read = await client.deliveries("w1", cursor="c1", start=datetime(2026, 8, 21, tzinfo=UTC))

    assert [(group.event_id, group.arrived) for group in read.data] == [("e1", True), ("e2", False)]
    assert read.data[0].attempts[1].response_http_status_code == 202
    assert read.next_cursor == "c2"
    assert dict(route.calls.last.request.url.params) == {
        "cursor": "c1",
        "limit": "100",
        "start": "2026-08-21T00:00:00Z",
    }


async def test_delivery_figures(client, api):
    duration = {"minimum": 1.5, "average": 2, "maximum": 9}
    bucket = {"timestamp": "2026-08-21T10:00:00Z", "total": 3, "failed": 1, "durationMs": duration}
    body = {"total": 3, "failed": 1, "durationMs": duration, "buckets": [bucket]}
    api.get("/events/webhooks/w1/stats").mock(return_value=httpx.Response(200, json=body))

    stats = await client.delivery_stats("w1")

    assert (stats.total, stats.failed, stats.duration_ms.average, stats.buckets[0].failed) == (3, 1, 2.0, 1)


async def test_logs(client, api):
    body = {"logs": [{"timestamp": "2026-08-21T10:00:00Z", "level": "warn", "message": "m", "fields": {"a": "b"}}]}
    route = api.get("/v2/sandboxes/i1/logs").mock(return_value=httpx.Response(200, json=body))

    (line,) = await client.logs("i1", cursor=1755770400000, limit=10, direction="backward", level="info", search="m")

    assert (line.level, line.message, line.fields) == ("warn", "m", {"a": "b"})
    assert dict(route.calls.last.request.url.params) == {
        "cursor": "1755770400000", "limit": "10", "direction": "backward", "level": "info", "search": "m",
    }  # fmt: skip


async def test_logs_of_the_first_version_where_there_is_no_second(client, api):
    api.get("/v2/sandboxes/i1/logs").mock(return_value=ABSENT)
    entries: list[dict[str, Any]] = [
        {"timestamp": None, "level": level, "message": level, "fields": {}} for level in ("debug", "error")
    ]
    api.get("/sandboxes/i1/logs").mock(return_value=httpx.Response(200, json={"logs": [], "logEntries": entries}))

    assert [line.level for line in await client.logs("i1", level="warn")] == ["error"]


async def test_logs_of_a_sandbox_that_is_gone(client, api):
    api.get("/v2/sandboxes/i1/logs").mock(return_value=ABSENT)
    api.get("/sandboxes/i1/logs").mock(return_value=ABSENT)

    with pytest.raises(NotFound):
        await client.logs("i1")


def test_old_lines_are_json_in_text_or_plain_text():
    answer = OldLogLines(logs=(OldLogLine(line='{"level":"error","message":"boom","n":1}'), OldLogLine(line="plain")))

    structured, plain = lines(answer)

    assert (structured.level, structured.message, structured.fields) == ("error", "boom", {"n": "1"})
    assert plain.message == "plain"
    assert lines(answer, search="boo") == [structured]


async def test_templates_page_by_page(client, api):
    pages = [[{"templateID": "a", "names": ["base"], "cpuCount": 2}], [{"templateID": "b", "lastSpawnedAt": None}]]
    api.get("/v2/templates").mock(
        side_effect=[
            httpx.Response(200, json=pages[0], headers={"X-Next-Token": "2"}),
            httpx.Response(200, json=pages[1]),
        ]
    )

    first, second = await client.templates()

    assert (first.template_id, first.names, first.cpu_count) == ("a", ("base",), 2)
    assert (second.template_id, second.last_spawned_at) == ("b", None)


async def test_templates_of_the_first_version(client, api):
    api.get("/v2/templates").mock(return_value=ABSENT)
    api.get("/templates").mock(return_value=httpx.Response(200, json=[{"templateID": "a"}]))

    assert [template.template_id for template in await client.templates()] == ["a"]
