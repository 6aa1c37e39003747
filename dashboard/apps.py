"""The Django app `dashboard`."""

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.utils.translation import gettext, gettext_lazy, ngettext

from dashboard.access import sessions
from dashboard.ui import translation


class DashboardConfig(AppConfig):
    name = "dashboard"
    verbose_name = gettext_lazy("Dashboard")

    def ready(self) -> None:
        """Has pure modules translate by Django too."""
        translation.install(gettext, ngettext)
        user_logged_in.connect(sessions.begin, dispatch_uid="sessions")
