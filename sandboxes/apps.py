"""The Django app `sandboxes`."""

from django.apps import AppConfig


class FleetConfig(AppConfig):
    name = "sandboxes"
    verbose_name = "Fleet"

    def ready(self) -> None:
        from sandboxes.core import account_changes  # noqa: PLC0415 - it needs the models, which are loaded only now

        account_changes.watch()
