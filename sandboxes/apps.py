"""The Django app `sandboxes`."""

from django.apps import AppConfig


class FleetConfig(AppConfig):
    name = "sandboxes"
    verbose_name = "Fleet"

    def ready(self) -> None:
        from sandboxes.core import account_changes, acting  # noqa: PLC0415 - the first needs the models, loaded only now

        account_changes.watch()
        acting.watch()
