"""A Redis that accepts and never answers is asked once; one that breaks connections off is asked again."""

import socketserver
import threading
from contextlib import contextmanager

import pytest
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeout

from runner.embedded import proc
from sandboxes.core import redis_client


@contextmanager
def listening(settings, handle):
    """Serves each connection by `handle(its socket)`; yields the list that gets an entry for each."""
    connected, over = [], threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            connected.append(True)
            handle(self.request, over)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        settings.REDIS_URL = f"redis://127.0.0.1:{server.server_address[1]}/0"
        yield connected
        over.set()
        server.shutdown()


def silent(_socket, over):
    over.wait(30)


def breaks_off(_socket, _over):
    """Its end closes the connection."""


async def test_silent_redis_is_asked_once(settings):
    with listening(settings, silent) as connected:
        async with redis_client.short(0.05) as client:
            with pytest.raises(RedisTimeout):
                await client.ping()
        assert proc.wait_until(lambda: bool(connected), 10)
        assert len(connected) == 1


def test_silent_redis_is_asked_once_by_blocking_code(settings):
    with listening(settings, silent) as connected:
        with redis_client.blocking(0.05) as client, pytest.raises(RedisTimeout):
            client.ping()
        assert proc.wait_until(lambda: bool(connected), 10)
        assert len(connected) == 1


async def test_redis_that_breaks_off_is_asked_again(settings, monkeypatch):
    monkeypatch.setattr(redis_client, "RETRIES", 2)
    with listening(settings, breaks_off) as connected:
        async with redis_client.short(5.0) as client:
            with pytest.raises(RedisError):
                await client.ping()
        with redis_client.blocking(5.0) as client, pytest.raises(RedisError):
            client.ping()
    assert len(connected) > 4
