"""The newest sample of every running sandbox, each tick: asked in bulk, published, and kept as one row a part."""

from sandboxes.polling.health import status
from sandboxes.polling.parts import delay_seconds, due, shards_for
from sandboxes.polling.tick import poll, poll_all, poll_part
from sandboxes.series.frame_store import Part

__all__ = ["Part", "delay_seconds", "due", "poll", "poll_all", "poll_part", "shards_for", "status"]
