"""One POST to a webhook, and what came of it in E2B's words."""

import socket
from dataclasses import dataclass

import httpx

from simulator.deliveries import ErrorClass


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one POST came to."""

    response: httpx.Response | None
    error_class: ErrorClass | None
    message: str | None


async def post(client: httpx.AsyncClient, url: str, body: bytes, headers: dict[str, str]) -> Outcome:
    """Send it; never raises for what the network or the receiver does."""
    try:
        response = await client.post(url, content=body, headers=headers)
    except httpx.TimeoutException as error:
        return Outcome(None, "timeout", str(error) or "timed out")
    except httpx.ConnectError as error:
        unknown_host = isinstance(_root(error), socket.gaierror)
        return Outcome(None, "dns_error" if unknown_host else "transport_error", str(error))
    except httpx.TransportError as error:
        return Outcome(None, "transport_error", str(error))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Outcome(None, "request_error", str(error))
    if response.is_success:
        return Outcome(response, None, None)
    return Outcome(response, "http_error", f"HTTP {response.status_code}")


def _root(error: BaseException) -> BaseException:
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__ or error
    return error
