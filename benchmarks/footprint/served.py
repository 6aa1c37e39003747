"""How soon a stack that was just started serves a page."""

import time

import httpx

from benchmarks.stack.supervised import START_SECONDS


def served(port: int) -> float:
    """Seconds from now until the sign-in page is served."""
    began = time.monotonic()
    while time.monotonic() - began < START_SECONDS:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/login/", trust_env=False, timeout=5).status_code == 200:
                return time.monotonic() - began
        except httpx.TransportError:
            time.sleep(0.05)
    raise RuntimeError("no page was served")
