"""Signing in and out."""

from django.contrib.auth.views import LoginView, LogoutView

login = LoginView.as_view(template_name="login.html", redirect_authenticated_user=True)
logout = LogoutView.as_view()
