"""The newest sample of every running sandbox, each tick: asked in bulk, published, and kept as one row a part."""

from sandboxes.metrics.polling.health import status
from sandboxes.metrics.polling.parts import delay_seconds, due, shards_for
from sandboxes.metrics.polling.tick import poll, poll_all, poll_part
from sandboxes.metrics.series.frame_store import Part

__all__ = ["Part", "delay_seconds", "due", "poll", "poll_all", "poll_part", "shards_for", "status"]
