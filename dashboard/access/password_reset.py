"""A forgotten password: a link that works once, for an hour; by mail to whoever asks, or handed over by an admin."""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from dashboard.access import brake, mail
from dashboard.access.invitations import PasswordForm
from dashboard.models import SignInRules
from sandboxes.core import acting, queue


class AskForm(forms.Form):
    """A name or an address."""

    username = forms.CharField(max_length=254)


def address_of(user: User) -> str:
    """The link, built from PUBLIC_URL. A changed password or a later sign-in voids it."""
    key = urlsafe_base64_encode(force_bytes(user.pk))
    return settings.PUBLIC_URL + reverse("password-reset-link", args=[key, default_token_generator.make_token(user)])


def send(text: str) -> None:
    """Mails a link to whoever has this name or address and a password; says nothing of whether there is anybody."""
    people = User.objects.filter(is_active=True).exclude(email="")
    for user in [*people.filter(username=text), *people.filter(email__iexact=text).exclude(username=text)][:5]:
        if user.has_usable_password():
            mail.reset(user, address_of(user))


@never_cache
def ask(request: HttpRequest) -> HttpResponse:
    """The form; the answer is the same whoever is asked for, and as quick: a worker looks for them."""
    form = AskForm(request.POST or None)
    asked = request.method == "POST" and form.is_valid()
    by_mail = mail.is_set() and SignInRules.current().passwords_allowed
    if asked and by_mail and _may_ask(request, form.cleaned_data["username"]):
        queue.try_enqueue("dashboard.tasks.mail_reset", form.cleaned_data["username"], expires_seconds=600)
    context = {"form": form, "asked": asked, "by_mail": by_mail}
    return render(request, "access/password_reset.html", context, status=422 if form.errors else 200)


@never_cache
@sensitive_post_parameters()
def choose(request: HttpRequest, key: str, token: str) -> HttpResponse:
    """The link's page: a new password, twice. Signing in with it comes after, with the second factor."""
    user = _user(key)
    if user is None or not default_token_generator.check_token(user, token):
        return render(request, "access/password_reset.html", {"over": True}, status=410)
    form = PasswordForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        with acting.acting("user", user.get_username()):
            user.set_password(form.cleaned_data["password"])
            user.save(update_fields=["password"])
        messages.success(request, _("The new password is set. Sign in with it."))
        return redirect("login")
    context = {"form": form, "username": user.get_username(), "choose": True}
    return render(request, "access/password_reset.html", context, status=422 if form.errors else 200)


def _may_ask(request: HttpRequest, name: str) -> bool:
    try:
        brake.count(request, f"reset:{name}")
    except brake.TooManyTries:
        return False
    return True


def _user(key: str) -> User | None:
    try:
        number = int(urlsafe_base64_decode(key).decode())
    except (ValueError, OverflowError):
        return None
    return User.objects.filter(pk=number, is_active=True).first() if number < 2**31 else None
