"""A frame tells disk used as a share of the disk: half the bytes, and more than exact enough for what changes slowly."""

import django.contrib.postgres.fields
from django.db import migrations, models

SHARE = """
ALTER TABLE sandboxes_metricframe ADD COLUMN disk_share smallint[];
UPDATE sandboxes_metricframe SET disk_share = coalesce((
    SELECT array_agg(CASE WHEN total > 0 THEN least(used * 30000::bigint / total, 30000) ELSE 0 END ORDER BY place)
    FROM unnest(disk, disk_total) WITH ORDINALITY AS u (used, total, place)
), '{}');
ALTER TABLE sandboxes_metricframe ALTER COLUMN disk_share SET NOT NULL, DROP COLUMN disk"""
KIB = """
ALTER TABLE sandboxes_metricframe ADD COLUMN disk integer[];
UPDATE sandboxes_metricframe SET disk = coalesce((
    SELECT array_agg(share * total::bigint / 30000 ORDER BY place)
    FROM unnest(disk_share, disk_total) WITH ORDINALITY AS u (share, total, place)
), '{}');
ALTER TABLE sandboxes_metricframe ALTER COLUMN disk SET NOT NULL, DROP COLUMN disk_share"""


class Migration(migrations.Migration):
    dependencies = [("sandboxes", "0005_partitions_and_rollups")]

    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(SHARE, KIB)],
            [
                migrations.RemoveField("metricframe", "disk"),
                migrations.AddField(
                    "metricframe",
                    "disk_share",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.SmallIntegerField(),
                        help_text="Disk used, in 30,000ths of disk_total.",
                        size=None,
                    ),
                    preserve_default=False,
                ),
            ],
        ),
    ]
