"""Bodies within bounds: what is too large or too slow is refused before it fills the disk."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
from django.db import OperationalError

from config.bodies import ANONYMOUS_BYTES, Bounded, IsKnown


async def nobody(_: Mapping[bytes, bytes]) -> bool:
    """We know none of them."""
    return False


async def reads_all(_scope: Any, receive: Any, send: Any) -> None:
    """As Django does: the whole body first; nothing is answered to one who went away."""
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size += len(message["body"])
        if not message["more_body"]:
            await send({"type": "http.response.start", "status": 200, "size": size})
            return


async def asked(
    parts: list[bytes],
    *,
    length: int | None = None,
    hangs: bool = False,
    most: int = 10,
    cookie: str = "",
    is_known: IsKnown = nobody,
) -> dict[str, Any]:
    """The start of the answer to a request with these parts; with `hangs` its last part never comes."""
    sent: list[dict[str, Any]] = []
    left = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    if not hangs:
        left[-1]["more_body"] = False

    async def receive() -> Any:
        return left.pop(0) if left else await asyncio.Event().wait()

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    app: Callable[..., Awaitable[None]] = Bounded(reads_all, is_known, most_bytes=most, seconds=0.05)
    headers = [(b"content-length", str(length).encode())] if length is not None else []
    headers += [(b"cookie", cookie.encode())] if cookie else []
    await app({"type": "http", "headers": headers}, receive, send)
    return sent[0]


async def test_a_body_within_bounds_goes_through_whole() -> None:
    answer = await asked([b"12345", b"67890"], length=10)
    assert (answer["status"], answer["size"]) == (200, 10)


async def test_one_that_says_it_is_too_large_is_not_read() -> None:
    assert (await asked([b"1"], length=11))["status"] == 413


async def test_one_that_grows_too_large_is_cut_off() -> None:
    assert (await asked([b"123456", b"123456", b"1"]))["status"] == 413


async def test_one_that_never_ends_is_given_up() -> None:
    assert (await asked([b"1"], hangs=True))["status"] == 408


@pytest.mark.parametrize(("known", "status"), [(True, 200), (False, 413)])
@pytest.mark.parametrize("announced", [True, False])
async def test_larger_body_is_taken_from_whom_we_know_alone(known: bool, status: int, announced: bool) -> None:
    asked_of: list[dict[bytes, bytes]] = []

    async def is_known(headers: Mapping[bytes, bytes]) -> bool:
        asked_of.append(dict(headers))
        return known

    parts = [b"x" * ANONYMOUS_BYTES, b"x", b"x"]
    length = ANONYMOUS_BYTES + 2 if announced else None
    answer = await asked(parts, most=2 * ANONYMOUS_BYTES, length=length, cookie="a=b", is_known=is_known)
    assert (answer["status"], len(asked_of)) == (status, 1)
    assert asked_of[0][b"cookie"] == b"a=b"


async def test_who_cannot_be_asked_for_is_told_so() -> None:
    async def is_known(_: Mapping[bytes, bytes]) -> bool:
        raise OperationalError

    answer = await asked([b"x" * (ANONYMOUS_BYTES + 1)], most=2 * ANONYMOUS_BYTES, is_known=is_known)
    assert answer["status"] == 503
