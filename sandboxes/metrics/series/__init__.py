"""Samples over time: frames as they come, series a sandbox and hour, minutes of the fleet, and what reads them."""

from sandboxes.metrics.series.backfill import backfill_looked_at, backfill_some
from sandboxes.metrics.series.backfill_queue import look_at
from sandboxes.metrics.series.reading import sandbox_metrics
from sandboxes.metrics.series.rollup_samples import compact_all
from sandboxes.metrics.series.thinning import Columns

__all__ = ["Columns", "backfill_looked_at", "backfill_some", "compact_all", "look_at", "sandbox_metrics"]
