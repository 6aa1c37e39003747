"""The Django app `sandboxes`."""

from django.apps import AppConfig


class FleetConfig(AppConfig):
    name = "sandboxes"
    verbose_name = "Fleet"
