"""The Django app `dashboard`."""

from django.apps import AppConfig
from django.utils.translation import gettext, gettext_lazy, ngettext

from dashboard.ui import translation


class DashboardConfig(AppConfig):
    name = "dashboard"
    verbose_name = gettext_lazy("Dashboard")

    def ready(self) -> None:
        """Has pure modules translate by Django too."""
        translation.install(gettext, ngettext)
