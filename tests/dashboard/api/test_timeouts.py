"""How far an end may be moved: one maximum and one message, whichever way it is asked for."""

import json
from typing import Any

import pytest
from django.test import Client

from sandboxes.actions.permission import MOST_SECONDS, SECONDS_RANGE
from sandboxes.admin.cleanup import Answers
from tests.support import records


@pytest.mark.parametrize("kind", ["extend", "timeout", "resume"])
def test_timeout_has_one_maximum_for_pages_rest_and_admin(person: Client, call: Any, kind: str) -> None:
    boxes = [records.sandbox(state="paused" if kind == "resume" else "running") for _ in range(4)]
    page, one, rest = boxes[:3]
    said = f"seconds: {SECONDS_RANGE}"
    toast = person.post("/act/", {"kind": kind, "key": page.pk, "minutes": 30 * 1440 + 1})
    assert said in json.loads(toast["HX-Trigger"])["toast"]["text"]
    over = call("POST", f"/sandboxes/{rest.sandbox_id}/{kind}", {"seconds": MOST_SECONDS + 1})
    bulk = {"action": kind, "ids": [one.sandbox_id], "expected_count": 1, "seconds": MOST_SECONDS + 1}
    for refused in (over, call("POST", "/actions/bulk", bulk)):
        assert (refused.status_code, refused.data["message"]) == (400, said)
        assert refused.data["details"] == [{"field": "seconds", "why": SECONDS_RANGE}]
    form = Answers("extend", {"expected": 1, "seconds": MOST_SECONDS + 1})
    assert form.errors["seconds"] == [SECONDS_RANGE]
    assert person.post("/act/", {"kind": kind, "key": page.pk, "minutes": 30 * 1440}).status_code == 202
    assert call("POST", f"/sandboxes/{rest.sandbox_id}/{kind}", {"seconds": MOST_SECONDS}).status_code == 202
    asked = " ".join(person.post("/act/ask/", {"kind": kind, "key": boxes[3].pk}).content.decode().split())
    assert 'name="minutes" type="number" min="1" max="43200"' in asked
