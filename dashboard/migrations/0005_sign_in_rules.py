"""What everybody needs to sign in."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0004_last_seen")]

    operations = [
        migrations.CreateModel(
            "SignInRules",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "second_factor_from",
                    models.CharField(
                        blank=True,
                        default="",
                        max_length=8,
                        choices=[
                            ("", "nobody"),
                            ("admin", "admins"),
                            ("operator", "operators and admins"),
                            ("viewer", "everybody"),
                        ],
                    ),
                ),
                ("passwords_allowed", models.BooleanField(default=True)),
            ],
            options={"verbose_name": "sign-in rules", "verbose_name_plural": "sign-in rules"},
        )
    ]
