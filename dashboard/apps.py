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
        """Has pure modules translate by Django too, and sign-ins be audited."""
        from dashboard.access import audited  # noqa: PLC0415 - it needs the models, which are loaded only now

        translation.install(gettext, ngettext)
        audited.watch()
        user_logged_in.connect(sessions.begin, dispatch_uid="sessions")
