"""When we looked for the cause of a silent death, and the index of those not looked at yet."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sandboxes", "0002_prices_and_policies")]
    operations = [
        migrations.AddField(
            "sandbox",
            "cause_looked_at",
            models.DateTimeField(blank=True, help_text="Why it died was asked once.", null=True),
        ),
        migrations.AddIndex(
            "sandbox",
            models.Index(
                fields=["account", "-ended_at"],
                condition=models.Q(cause_looked_at=None, end_reason__in=["unknown", "vanished"]),
                name="sandbox_cause_open",
            ),
        ),
    ]
