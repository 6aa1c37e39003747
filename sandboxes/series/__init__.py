"""Samples over time: frames as they come, series a sandbox and hour, minutes of the fleet, and what reads them."""

from sandboxes.series.backfill import backfill_looked_at, backfill_some
from sandboxes.series.compact import compact_all
from sandboxes.series.looks import look_at
from sandboxes.series.reading import sandbox_metrics
from sandboxes.series.thinning import Columns

__all__ = ["Columns", "backfill_looked_at", "backfill_some", "compact_all", "look_at", "sandbox_metrics"]
