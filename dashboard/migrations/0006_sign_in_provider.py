"""Providers at which people sign in, besides the environment's."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("dashboard", "0005_sign_in_rules")]

    operations = [
        migrations.CreateModel(
            "SignInProvider",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slug", models.SlugField(max_length=40, unique=True)),
                ("name", models.CharField(max_length=40)),
                ("issuer", models.URLField(unique=True)),
                ("client_id", models.CharField(max_length=200)),
                ("client_secret", models.TextField(blank=True, default="")),
                ("role_claim", models.CharField(default="groups", max_length=100)),
                ("roles", models.TextField()),
                ("enabled", models.BooleanField(default=True)),
            ],
            options={"ordering": ("name",)},
        )
    ]
