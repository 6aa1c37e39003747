"""The async client of the E2B API: typed answers, one family of errors, all calls of a backend in one place."""

from types import TracebackType
from typing import Self

from sandboxes.e2b.change_calls import ChangeCalls
from sandboxes.e2b.event_calls import EventCalls
from sandboxes.e2b.fleet_calls import FleetCalls


class E2BClient(FleetCalls, EventCalls, ChangeCalls):
    """For one account, within one event loop: `async with E2BClient(url, key) as client`.

    `base_url` may carry a path; without a key no key is sent. `timeout` (s) bounds each attempt,
    `deadline_seconds` a whole call with its retries, `max_concurrency` the requests under way at once. Reads are
    tried up to 4 times, changes again only when nothing was sent. `shared` keeps pauses for other workers too;
    `transport` and `timing` are for tests.
    Without `may_change` no call is sent that could change anything: ChangesForbidden.
    `key_unreadable` says why the stored key can't be opened: every call then raises KeyUnreadable with it.
    `unreadable_entries` counts entries of lists that made no sense. The key is never shown or logged.

    Raises BadRequest for a base URL and Unauthorized for a key that can't be one.
    """

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
