"""Everything else by way of apprise, in a child process: it has a deadline, no environment and nothing to run or read.

Apprise opens its connections itself. In the child every connection is checked where it is made, redirects are off, and
no program can be started (`apprise_child`).
"""

import asyncio
import contextlib
import os
import sys
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import msgspec

from sandboxes.notifications.outcomes import Outcome, arrived, passing, refused
from sandboxes.notifications.outgoing import Outgoing, Target
from sandboxes.notifications.senders.http import DEADLINE_SECONDS
from sandboxes.notifications.wording import markdown

# Each talks HTTP to its service and does nothing else on this machine.
SCHEMES: Final = frozenset(
    {
        "discord", "tgram", "workflows", "gchat", "wxteams", "webex", "opsgenie", "ntfy", "ntfys", "gotify", "gotifys",
        "mmost", "mmosts", "rocket", "rockets", "zulip", "pover", "pbul", "splunk", "victorops", "pagertree", "signl4",
        "spike", "squadcast", "ilert", "betterstack", "incidentio", "twilio", "lark", "feishu", "dingtalk", "wecombot",
        "twist", "flock",
    }
)  # fmt: skip
# Of an address's parameters these alone: others read files (`template`), attach, or switch off the check of TLS.
PARAMETERS: Final = frozenset(
    {"avatar", "footer", "format", "from", "overflow", "preview", "priority", "silent", "sound", "tags", "thread", "to",
     "topic"}
)  # fmt: skip
ROOT: Final = Path(__file__).resolve().parents[3]
MOST_ANSWER_BYTES: Final = 4_096


def wrong_with(url: str) -> str:
    """Why the address is not taken, as far as it shows; empty where nothing is wrong."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "it is no URL"
    if parts.scheme not in SCHEMES:
        return f"its scheme is none of {', '.join(sorted(SCHEMES))}"
    # Some of its own parameters begin with a sign; a "+" is decoded to a space.
    for name, _ in parse_qsl(parts.query, keep_blank_values=True):
        if name.lower() not in PARAMETERS:
            return f"its parameter {name.strip()[:40]!r} is none of {', '.join(sorted(PARAMETERS))}"
    return ""


async def check(url: str) -> str:
    """Why apprise can't read the address; empty where it can. Sends nothing."""
    return wrong_with(url) or (await _child({"url": url, "send": False}, private=True)).error


async def send(target: Target, out: Outgoing) -> Outcome:
    """Apprise tells no more than whether it worked, and what it logged."""
    if wrong := wrong_with(target.url):
        return refused(wrong)
    body = markdown(out.message)
    return await _child({"url": target.url, "send": True, "title": out.message.title, "body": body},
                        private=target.allow_private)  # fmt: skip


async def _child(asked: dict[str, object], *, private: bool) -> Outcome:
    """Runs it for one message; killed at the deadline."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sandboxes.notifications.apprise_child", cwd=ROOT,
        env={"PATH": os.defpath, "LANG": "C.UTF-8", "HOME": "/nonexistent"},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            told, _ = await child.communicate(msgspec.json.encode({**asked, "private": private}))
    except TimeoutError:
        return passing(f"no answer within {DEADLINE_SECONDS:.0f} s")
    finally:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
    return _read(told)


def _read(told: bytes) -> Outcome:
    try:
        said = msgspec.json.decode(told[-MOST_ANSWER_BYTES:], type=dict[str, str])
    except (msgspec.DecodeError, UnicodeError):
        return passing("apprise ended without an answer")
    if said.get("state") == "sent":
        return arrived("taken")
    error = said.get("error") or "apprise could not send it"
    return refused(error) if said.get("state") == "refused" else passing(error)
