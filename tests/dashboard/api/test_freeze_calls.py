"""`/freeze`: set, lifted and told over REST, with who did it on record."""

from typing import Any

import pytest

from sandboxes.models import Freeze

pytestmark = pytest.mark.django_db


def test_it_works(call: Any, mailbox: Any) -> None:
    assert call("GET", "/freeze").data == {"frozen": False, "items": []}
    frozen = call("PUT", "/freeze", {"frozen": True, "reason": "deploying"})
    assert (frozen.status_code, frozen.data["frozen"]) == (200, True)
    told = call("GET", "/freeze").data["items"][0]
    assert (told["reason"], told["lifted_at"], told["lifted_by"]) == ("deploying", None, None)
    assert told["by"].startswith("token ")
    lifted = call("PUT", "/freeze", {"frozen": False}).data
    assert (lifted["frozen"], lifted["items"][0]["lifted_by"]) == (False, told["by"])


def test_asking_twice_is_one_freeze(call: Any, mailbox: Any) -> None:
    for reason in ("first", "second"):
        call("PUT", "/freeze", {"frozen": True, "reason": reason})
    assert [row.reason for row in Freeze.objects.all()] == ["first"]
    assert call("PUT", "/freeze", {"frozen": False}).status_code == 200
    assert call("PUT", "/freeze", {"frozen": False}).status_code == 200
    assert Freeze.objects.count() == 1


@pytest.mark.parametrize("body", [{}, {"frozen": "yes"}, {"frozen": 1}, {"frozen": True, "for": 5}, []])
def test_what_makes_no_sense_is_400_and_freezes_nothing(call: Any, body: Any) -> None:
    assert call("PUT", "/freeze", body).status_code == 400
    assert not Freeze.objects.exists()
