"""Samples in three shapes: one frame a tick, one series row a sandbox and hour, one rollup a minute."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from sandboxes.models.account import Account
from sandboxes.models.sandbox import Sandbox


class MetricFrame(models.Model):
    """All running sandboxes of one account and shard at one poll tick; every array has one entry a sandbox.

    A sandbox's latest sample may be older than the tick: `ages` says by how many seconds. An entry with age
    `NO_SAMPLE` has none yet. Samples whose age is not new are skipped by compaction.
    """

    NO_SAMPLE = -1

    account = models.ForeignKey(Account, models.CASCADE, db_index=False)  # the constraint below serves
    shard = models.PositiveSmallIntegerField(default=0)
    at = models.DateTimeField(help_text="The tick, on our clock.")
    clock_unix = models.BigIntegerField(
        help_text="The tick on the backend's clock: a sample's own time is this minus its age."
    )
    keys = ArrayField(models.IntegerField(), help_text="Sandbox primary keys, ascending.")
    ages = ArrayField(models.SmallIntegerField(), help_text="Seconds from the sample to the tick.")
    fresh = ArrayField(models.IntegerField(), help_text="Indexes (from 1) whose sample was not in the frame before.")
    cpu = ArrayField(models.SmallIntegerField(), help_text="CPU in hundredths of a percent of all cores.")
    mem = ArrayField(models.IntegerField(), help_text="Memory used, KiB.")
    mem_total = ArrayField(models.IntegerField(), help_text="Memory allocated, KiB.")
    disk = ArrayField(models.IntegerField(), help_text="Disk used, KiB; 0 when unknown.")
    disk_total = ArrayField(models.IntegerField(), help_text="Disk allocated, KiB; 0 when unknown.")
    compacted = models.BooleanField(default=False, help_text="Its fresh samples are in MetricSeries.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "at", "shard"], name="frame_once")]
        indexes = [models.Index(fields=["at"], condition=models.Q(compacted=False), name="frame_to_compact")]

    def __str__(self) -> str:
        return f"{self.account_id}/{self.shard} {self.at:%H:%M:%S}"


class MetricSeries(models.Model):
    """One sandbox's samples of one hour, arrays in order of time, with extremes so that a search can skip."""

    class Source(models.TextChoices):
        POLL = "poll"
        BACKFILL = "backfill"

    sandbox = models.ForeignKey(Sandbox, models.CASCADE, related_name="series", db_index=False)
    hour = models.DateTimeField()
    source = models.CharField(max_length=8, choices=Source.choices)
    step_seconds = models.PositiveSmallIntegerField(help_text="5, 60 or 3600; a back-fill's own step.")
    offsets = ArrayField(models.SmallIntegerField(), help_text="Seconds after the hour.")
    cpu = ArrayField(models.SmallIntegerField(), help_text="Hundredths of a percent.")
    mem = ArrayField(models.IntegerField(), help_text="KiB")
    disk = ArrayField(models.IntegerField(), help_text="KiB")
    cpu_max = models.SmallIntegerField()
    mem_max = models.IntegerField()

    class Meta:
        verbose_name_plural = "metric series"
        constraints = [models.UniqueConstraint(fields=["sandbox", "hour", "source"], name="series_once")]
        indexes = [models.Index(fields=["hour"], name="series_by_hour")]

    def __str__(self) -> str:
        return f"{self.sandbox_id} {self.hour:%d %H:%M}"


class FleetMinute(models.Model):
    """An account's minute: counts and histograms of 101 steps of 1 %, which add over minutes and accounts."""

    account = models.ForeignKey(Account, models.CASCADE, db_index=False)  # the constraint below serves
    minute = models.DateTimeField()
    source = models.CharField(max_length=8, choices=MetricSeries.Source.choices, default="poll")
    running = models.PositiveIntegerField(help_text="At the end of the minute, as are paused and burn.")
    paused = models.PositiveIntegerField()
    started = models.PositiveIntegerField(default=0, help_text="Sandboxes created in the minute.")
    ended = models.PositiveIntegerField(default=0)
    samples = models.PositiveIntegerField()
    cpu_sum = models.FloatField(help_text="Percent, summed over samples.")
    mem_sum = models.FloatField(help_text="Percent of the own limit, summed over samples.")
    cpu_hist = ArrayField(models.IntegerField(), size=101)
    mem_hist = ArrayField(models.IntegerField(), size=101)
    burn_usd_per_hour = models.DecimalField(max_digits=14, decimal_places=6, default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "minute"], name="fleet_minute_once")]
        indexes = [BrinIndex(fields=["minute"], name="fleet_minute_by_time")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.minute:%d %H:%M}"
