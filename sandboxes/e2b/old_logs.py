"""A sandbox's log from the API's first version, for backends without the second; filters on our side."""

import json

from sandboxes.e2b.wire import LogLine, OldLogLine, OldLogLines

LEVELS = ("debug", "info", "warn", "error")


def lines(answer: OldLogLines, *, level: str | None = None, search: str | None = None) -> list[LogLine]:
    """All lines of at least `level` whose message contains `search` (case counts)."""
    found = list(answer.log_entries) or [_parsed(line) for line in answer.logs]
    return [line for line in found if _rank(line.level) >= _rank(level) and (search or "") in line.message]


def _rank(level: str | None) -> int:
    """An unknown word ranks as info: it is shown unless only warnings are wanted."""
    if level is None:
        return 0
    return LEVELS.index(level) if level in LEVELS else LEVELS.index("info")


def _parsed(old: OldLogLine) -> LogLine:
    """A line is mostly a JSON object in text, with `level` and `message` among its keys."""
    try:
        content = json.loads(old.line)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        return LogLine(timestamp=old.timestamp, message=old.line)
    level = str(content.pop("level", ""))
    message = str(content.pop("message", "") or content.pop("line", "") or old.line)
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in content.items()}
    return LogLine(timestamp=old.timestamp, level=level, message=message, fields=texts)
