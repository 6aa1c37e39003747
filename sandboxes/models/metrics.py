"""Samples as they come: one frame a tick and shard, one series row a sandbox and hour."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from sandboxes.models.account import Account
from sandboxes.models.sandbox import Sandbox


class MetricFrame(models.Model):
    """All running sandboxes of one account and shard at one poll tick; every array has one entry a sandbox.

    A sandbox's latest sample may be older than the tick: `ages` says by how many seconds. An entry with age
    `NO_SAMPLE` has none yet. Samples whose age is not new are skipped by compaction.
    """

    NO_SAMPLE = -1
    DISK_STEPS = 30_000

    # No constraint in the database, here and in the series: to drop a partition would lock what it refers to.
    account = models.ForeignKey(Account, models.CASCADE, db_index=False, db_constraint=False)
    shard = models.PositiveSmallIntegerField(default=0, help_text="Its keys leave this when divided by shards.")
    shards = models.PositiveSmallIntegerField(default=1, help_text="In so many parts the account was polled.")
    kept = models.BooleanField(default=True, help_text="The first of its minute: stays for a week, the others a day.")
    at = models.DateTimeField(help_text="The tick, on our clock.")
    clock_unix = models.BigIntegerField(
        help_text="The tick on the backend's clock: a sample's own time is this minus its age."
    )
    # 8 bytes each on purpose: PostgreSQL packs their equal upper halves, but no ascending 4-byte numbers.
    keys = ArrayField(models.BigIntegerField(), help_text="Sandbox primary keys, ascending.")
    ages = ArrayField(models.SmallIntegerField(), help_text="Seconds from the sample to the tick.")
    fresh = ArrayField(models.BooleanField(), help_text="Whether the sample was in no frame before.")
    cpu = ArrayField(models.SmallIntegerField(), help_text="CPU in hundredths of a percent of all cores.")
    mem = ArrayField(models.IntegerField(), help_text="Memory used, KiB.")
    mem_total = ArrayField(models.IntegerField(), help_text="Memory allocated, KiB.")
    disk_share = ArrayField(models.SmallIntegerField(), help_text="Disk used, in 30,000ths of disk_total.")
    disk_total = ArrayField(models.IntegerField(), help_text="Disk allocated, KiB; 0 when unknown.")
    compacted = models.BooleanField(default=False, help_text="Its fresh samples are in MetricSeries.")

    class Meta:
        # In the database it is partitioned by `kept` and by time, and a unique key of such a table has both.
        constraints = [models.UniqueConstraint(fields=["account", "at", "shard", "kept"], name="frame_once")]
        indexes = [models.Index(fields=["at"], condition=models.Q(compacted=False), name="frame_to_compact")]

    def __str__(self) -> str:
        return f"{self.account_id}/{self.shard} {self.at:%H:%M:%S}"

    @property
    def disk(self) -> list[int]:
        """Disk used, KiB, to 0.003% of what is allocated; 0 when unknown."""
        return [share * total // self.DISK_STEPS for share, total in zip(self.disk_share, self.disk_total, strict=True)]


class MetricSeries(models.Model):
    """One sandbox's samples of one hour, arrays in order of time, with extremes so that a search can skip."""

    class Source(models.TextChoices):
        POLL = "poll"
        BACKFILL = "backfill"

    sandbox = models.ForeignKey(Sandbox, models.CASCADE, related_name="series", db_index=False, db_constraint=False)
    hour = models.DateTimeField()
    source = models.CharField(max_length=8, choices=Source.choices)
    step_seconds = models.PositiveSmallIntegerField(help_text="5, 60 or 3600; a back-fill's own step.")
    offsets = ArrayField(models.SmallIntegerField(), help_text="Seconds after the hour.")
    cpu = ArrayField(models.SmallIntegerField(), help_text="Hundredths of a percent.")
    mem = ArrayField(models.IntegerField(), help_text="KiB")
    disk = ArrayField(models.IntegerField(), help_text="KiB")
    cpu_max = models.SmallIntegerField()
    mem_max = models.IntegerField()
    rolled = models.BooleanField(default=False, help_text="As it stands it is in SeriesMinutes and SeriesHours.")

    class Meta:
        verbose_name_plural = "metric series"
        constraints = [models.UniqueConstraint(fields=["sandbox", "hour", "source"], name="series_once")]
        indexes = [
            models.Index(fields=["hour"], condition=models.Q(rolled=False), name="series_to_roll"),
            models.Index(fields=["sandbox", "hour"], condition=models.Q(rolled=False), name="series_not_rolled"),
        ]

    def __str__(self) -> str:
        return f"{self.sandbox_id} {self.hour:%d %H:%M}"
