"""What is kept of samples when they have gone: a sandbox's minutes and hours, the fleet's, and those of its groups."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from sandboxes.models.account import Account
from sandboxes.models.metrics import MetricSeries
from sandboxes.models.sandbox import Sandbox


class SeriesRollup(models.Model):
    """Least, mean and greatest value of each step of one sandbox: arrays in order of time, one entry a step."""

    at = models.DateTimeField()
    steps = ArrayField(models.SmallIntegerField(), help_text="Which steps of the row there were samples in, from 0.")
    samples = ArrayField(models.SmallIntegerField())
    cpu_min = ArrayField(models.SmallIntegerField(), help_text="Hundredths of a percent.")
    cpu_mean = ArrayField(models.SmallIntegerField())
    cpu_max = ArrayField(models.SmallIntegerField())
    mem_min = ArrayField(models.IntegerField(), help_text="KiB")
    mem_mean = ArrayField(models.IntegerField())
    mem_max = ArrayField(models.IntegerField())
    disk_min = ArrayField(models.IntegerField(), help_text="KiB")
    disk_mean = ArrayField(models.IntegerField())
    disk_max = ArrayField(models.IntegerField())

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.pk} {self.at:%d %H:%M}"


class SeriesMinutes(SeriesRollup):
    """One sandbox's hour, minute by minute."""

    sandbox = models.ForeignKey(Sandbox, models.CASCADE, related_name="minutes", db_index=False, db_constraint=False)

    class Meta:
        verbose_name_plural = "series minutes"
        constraints = [models.UniqueConstraint(fields=["sandbox", "at"], name="series_minutes_once")]


class SeriesHours(SeriesRollup):
    """One sandbox's day (UTC), hour by hour."""

    sandbox = models.ForeignKey(Sandbox, models.CASCADE, related_name="hours", db_index=False, db_constraint=False)

    class Meta:
        verbose_name_plural = "series hours"
        constraints = [models.UniqueConstraint(fields=["sandbox", "at"], name="series_hours_once")]


class Figures(models.Model):
    """Sums, extremes and histograms of samples: all of them add up over shards, groups, accounts and time.

    Shares are percent: CPU of all cores, memory and disk of the own limit; one without a limit counts for CPU alone.
    Extremes are null without a sample. A histogram has 101 steps of 1%: percentiles are read from added histograms.
    """

    samples = models.PositiveIntegerField()
    cpu_sum = models.FloatField()
    mem_sum = models.FloatField()
    cpu_min = models.FloatField(null=True)
    cpu_max = models.FloatField(null=True)
    mem_min = models.FloatField(null=True)
    mem_max = models.FloatField(null=True)
    disk_samples = models.PositiveIntegerField(default=0)
    disk_sum = models.FloatField(default=0)
    disk_min = models.FloatField(null=True)
    disk_max = models.FloatField(null=True)
    cpu_hist = ArrayField(models.IntegerField(), size=101)
    mem_hist = ArrayField(models.IntegerField(), size=101)

    class Meta:
        abstract = True


class FleetMinute(Figures):
    """An account's minute: counts from the record, figures from its frames."""

    account = models.ForeignKey(Account, models.CASCADE, db_index=False)  # the constraint below serves
    minute = models.DateTimeField()
    source = models.CharField(max_length=8, choices=MetricSeries.Source.choices, default="poll")
    running = models.PositiveIntegerField(help_text="At the end of the minute, as are paused and burn.")
    paused = models.PositiveIntegerField()
    started = models.PositiveIntegerField(default=0, help_text="Sandboxes created in the minute.")
    ended = models.PositiveIntegerField(default=0)
    burn_usd_per_hour = models.DecimalField(max_digits=14, decimal_places=6, default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "minute"], name="fleet_minute_once")]
        indexes = [BrinIndex(fields=["minute"], name="fleet_minute_by_time")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.minute:%d %H:%M}"


class FleetSteps(Figures):
    """An account's minutes added up; `minutes` of the step's were known."""

    account = models.ForeignKey(Account, models.CASCADE, db_index=False)
    minutes = models.PositiveSmallIntegerField()
    running_sum = models.PositiveBigIntegerField(help_text="Over its minutes: divided by `minutes` it is the mean.")
    running_min = models.PositiveIntegerField()
    running_max = models.PositiveIntegerField()
    paused_sum = models.PositiveBigIntegerField()
    paused_min = models.PositiveIntegerField()
    paused_max = models.PositiveIntegerField()
    burn_sum = models.DecimalField(max_digits=18, decimal_places=6, help_text="USD an hour, over its minutes.")
    burn_min = models.DecimalField(max_digits=14, decimal_places=6)
    burn_max = models.DecimalField(max_digits=14, decimal_places=6)
    started = models.PositiveIntegerField()
    ended = models.PositiveIntegerField()

    class Meta:
        abstract = True


class FleetTen(FleetSteps):
    """An account's ten minutes: of a week there are a thousand, as many as a chart has points."""

    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "fleet ten minutes"
        constraints = [models.UniqueConstraint(fields=["account", "at"], name="fleet_ten_once")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.at:%d %H:%M}"


class FleetHour(FleetSteps):
    """An account's hour."""

    hour = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "hour"], name="fleet_hour_once")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.hour:%d %H}:00"


class FleetGroup(Figures):
    """One template's or owner's samples in one, ten or sixty minutes: the biggest by name, the rest as one."""

    class Kind(models.TextChoices):
        TEMPLATE = "template"
        OWNER = "owner"

    account = models.ForeignKey(Account, models.CASCADE, db_index=False)
    span_seconds = models.PositiveSmallIntegerField(help_text="60, 600 or 3600.")
    at = models.DateTimeField()
    kind = models.CharField(max_length=8, choices=Kind.choices)
    name = models.CharField(max_length=200, blank=True, help_text="Empty: of those that name none, and of the rest.")
    rest = models.BooleanField(default=False, help_text="All that were too small to be kept by name.")
    sandboxes = models.PositiveIntegerField(help_text="How many gave samples: of an hour the most in one minute.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "kind", "span_seconds", "at", "rest", "name"], name="fleet_group_once"
            )
        ]
        indexes = [models.Index(fields=["span_seconds", "at"], name="fleet_group_by_time")]

    def __str__(self) -> str:
        return f"{self.kind} {'(rest)' if self.rest else self.name or '(none)'} {self.at:%d %H:%M}"
