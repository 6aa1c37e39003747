"""Who signs in with a password: Django's check behind the brake, with no database connection held while it hashes."""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import HttpRequest

from dashboard.access import brake, factors
from dashboard.models import SignInRules


class Braked(ModelBackend):
    """For the pages, the question for the password, and Django's own forms alike. Without Redis it does not brake."""

    def get_user(self, user_id: int) -> User | None:
        """With their role: every request asks for both."""
        found = factors.with_factors(User.objects.select_related("member")).filter(pk=user_id).first()
        return found if found is not None and self.user_can_authenticate(found) else None

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **_more: Any
    ) -> User | None:
        """The user, None for a wrong pair.

        Raises PermissionDenied, and says so as `request.sign_in_braked`, after too many tries (brake.count).
        """
        if username is None or password is None:
            return None
        if request is None:
            return self.checked(username, password)
        try:
            tried = brake.count(request, username)
        except brake.TooManyTries:
            request.sign_in_braked = True  # type: ignore[attr-defined]
            raise PermissionDenied("too many wrong passwords") from None
        found = self.checked(username, password) if SignInRules.current().passwords_allowed else None
        if found is not None:
            brake.was_right(tried)
        return found

    def checked(self, username: str, password: str) -> User | None:
        user = User.objects.filter(username=username).first()
        give_back_connection()
        if user is None:
            get_user_model()().set_password(password)  # takes as long as a check: names can't be found out by time
            return None
        return user if user.check_password(password) and self.user_can_authenticate(user) else None


def give_back_connection() -> None:
    """To the pool, for the third of a second that a hash takes; the next query takes one again."""
    if not connection.in_atomic_block:
        connection.close()
