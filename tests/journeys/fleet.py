"""The one `make run` that all journeys walk through: the simulated fleet, and the same fleet as a program sees it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import httpx
from playwright.sync_api import Browser, BrowserContext

from runner.embedded import proc
from tests.browser.test_live_fleet import PASSWORD, enter
from tests.journeys.modes import Mode
from tests.runner.conftest import Supervised

TOKEN = "a-token-for-the-journeys-0123456789"
FIRST_SECONDS = 120
MARKS = "journeys"
GRACE_SECONDS = 3_600


class Fleet:
    """Signed in once; every journey has a window of its own with that session."""

    def __init__(self, stack: Supervised, browser: Browser) -> None:
        self.stack = stack
        self.browser = browser
        self.base = f"http://127.0.0.1:{stack.port}"
        self.rest = httpx.Client(
            base_url=f"{self.base}/api/v1", headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False, timeout=30
        )
        self.session: Any = None

    def get(self, path: str, **parameters: Any) -> Any:
        """The answer of a GET."""
        return self.rest.get(path, params=parameters).raise_for_status().json()

    def sandboxes(self, **parameters: Any) -> list[dict[str, Any]]:
        """The first page of what the filter matches."""
        return cast("list[dict[str, Any]]", self.get("/sandboxes", **parameters)["items"])

    def sign_in(self) -> None:
        """Waits for a fleet with samples, and keeps the session of somebody who signed in."""
        page = self.browser.new_page()
        page.goto(self.base)
        enter(page)
        self.session = page.context.storage_state()
        page.context.close()
        sampled = proc.wait_until(lambda: self._sampled() > 100, FIRST_SECONDS)
        assert sampled, "no fleet with samples"

    def _sampled(self) -> int:
        return sum(one["cpu_pct"] is not None for one in self.sandboxes(state="running", limit=500))

    @contextmanager
    def window(self, mode: Mode, **more: Any) -> Iterator[BrowserContext]:
        """A window of its own, signed in, in the mode's theme; gone after the block."""
        context = self.browser.new_context(storage_state=self.session, **(mode.context | more))
        context.add_cookies([{"name": "theme", "value": mode.theme, "url": self.base}])
        try:
            yield context
        finally:
            context.close()

    def frozen(self, on: bool) -> None:
        """Freezes policies, or lifts that."""
        self.rest.put("/freeze", json={"frozen": on, "reason": "set by the test"}).raise_for_status()

    def marked(self, least: int = 1) -> list[dict[str, Any]]:
        """The pending actions of a policy that pauses in an hour what it has marked, `least` of them at least."""
        self._policy_that_marks()
        found: list[dict[str, Any]] = []

        def enough() -> bool:
            found[:] = self.get("/actions", state="grace", limit=500)["items"]
            return len(found) >= least

        assert proc.wait_until(enough, 60), f"{len(found)} marked, {least} wanted"
        return found

    def _policy_that_marks(self) -> None:
        if any(one["name"] == MARKS for one in self.get("/policies")["items"]):
            return
        policy = {
            "name": MARKS, "enabled": True, "mode": "enforce", "action": "pause", "grace_seconds": GRACE_SECONDS,
            "match": {"metadata": {"env": "staging"}}, "orphan_when": {"older_than_seconds": 1_800},
            "max_fleet_fraction": 1.0,
        }  # fmt: skip
        made = self.rest.post("/policies", json=policy).raise_for_status().json()
        self.rest.post(f"/policies/{made['id']}/run").raise_for_status()

    def policy(self, name: str) -> dict[str, Any]:
        """The policy of that name."""
        return next(one for one in self.get("/policies")["items"] if one["name"] == name)

    def without_policy(self, name: str) -> None:
        """A journey that makes it finds none from before."""
        for one in self.get("/policies")["items"]:
            if one["name"] == name:
                self.rest.delete(f"/policies/{one['id']}").raise_for_status()


@contextmanager
def running(stack: Supervised, browser: Browser) -> Iterator[Fleet]:
    """The stack started, its fleet known."""
    stack.start(E2B_API_URL="", LOG_LEVEL="WARNING", SANDWARDEN_ADMIN_PASSWORD=PASSWORD, SANDWARDEN_API_TOKEN=TOKEN)
    stack.hears("The fleet is simulated", FIRST_SECONDS)
    fleet = Fleet(stack, browser)
    fleet.sign_in()
    try:
        yield fleet
    finally:
        fleet.rest.close()
