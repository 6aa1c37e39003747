"""Settings, People: who may sign in, with which role and in which accounts; invitations, and who was deactivated."""

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.validators import RegexValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from dashboard.access import callers, invitations, mail, password_reset, people
from dashboard.models import Member
from dashboard.settings import permissions
from dashboard.settings.access_fields import AccountsField, account_names

ROLES: Final = Member.Role.choices


class PersonForm(forms.Form):
    """Whom to invite, as what, for which accounts (none ticked: all)."""

    username = forms.CharField(
        max_length=150,
        validators=[RegexValidator(r"^[\w.@+-]+\Z", gettext_lazy("Letters, digits and . @ + - _ only"))],
    )
    email = forms.EmailField(required=False)
    role = forms.ChoiceField(choices=ROLES)
    accounts = AccountsField()


class RoleForm(forms.Form):
    """Another role, or other accounts."""

    role = forms.ChoiceField(choices=ROLES)
    accounts = AccountsField()


@permissions.staff_changes
def page(request: HttpRequest) -> HttpResponse:
    """Everybody; a POST invites somebody, whose link stands in this answer and nowhere else."""
    form = PersonForm(request.POST) if request.method == "POST" else PersonForm(initial={"role": "viewer"})
    made, link, mailed = None, "", False
    if request.method == "POST" and form.is_valid():
        try:
            made, text = people.invite(callers.of_request(request), **form.cleaned_data)
            link = invitations.address_of(text)
            mailed = mail.invite(made, request.user.get_username(), link)
            permissions.wrote(
                request, made, f"Invited {made.get_username()} as {form.cleaned_data['role']}", added=True
            )
        except people.Taken as taken:
            form.add_error("username", str(taken))
        except people.NotGiven as lacking:
            form.add_error("role", str(lacking))
    shown = {"form": form, "made": made, "link": link, "mailed": mailed}
    return _show(request, shown, wrong=request.method == "POST" and made is None)


def _show(request: HttpRequest, shown: Mapping[str, Any], *, wrong: bool = False) -> HttpResponse:
    names = account_names()
    everybody = [_row(user, names) for user in people.everybody()]
    context = {"people": everybody, "roles": ROLES, "choices": names, **shown}
    return permissions.show(request, "people", context, wrong=wrong)


@require_POST
@permissions.staff_changes
def person(request: HttpRequest, user_id: int) -> HttpResponse:
    """Another role, deactivated, or active again: `do` says which."""
    user, do = get_object_or_404(people.everybody(), pk=user_id), request.POST.get("do", "")
    try:
        if do in {"deactivate", "activate"}:
            people.set_active(user, active=do == "activate")
            told = _("%(name)s can sign in again") if do == "activate" else _("%(name)s is deactivated and signed out")
            permissions.changed(request, user, told % {"name": user.get_username()})
        elif do == "reset":
            return _hand_over(request, user)
        elif do == "role":
            _give(request, user)
    except (people.LastAdmin, people.NotGiven) as refused:
        messages.error(request, str(refused))
    return redirect("settings-people")


def _hand_over(request: HttpRequest, user: User) -> HttpResponse:
    """A link for a new password stands in this answer and nowhere else; the old password goes on working until then."""
    permissions.wrote(request, user, f"Link for a new password of {user.get_username()} made")
    form = PersonForm(initial={"role": "viewer"})
    return _show(request, {"form": form, "made": user, "link": password_reset.address_of(user), "reset": True})


def _give(request: HttpRequest, user: User) -> None:
    form = RoleForm(request.POST)
    if not form.is_valid():
        messages.error(request, str(next(iter(form.errors.values()))[0]))
        return
    role, accounts = form.cleaned_data["role"], form.cleaned_data["accounts"]
    people.change(callers.of_request(request), user, role, accounts)
    where = ", ".join(account_names(accounts).values()) if accounts is not None else _("all accounts")
    permissions.changed(request, user, f"{user.get_username()}: {role}, {where}")


def _row(user: User, names: Mapping[int, str]) -> dict[str, Any]:
    role, accounts = callers.role_of(user)
    member: Member | None = getattr(user, "member", None)
    waits = bool(member and member.invitation and member.invited_until)
    return {
        "user": user,
        "role": role,
        "role_word": dict(ROLES)[role],
        "accounts": accounts,
        "account_names": None if accounts is None else [names[key] for key in accounts if key in names],
        "invited_until": member.invited_until if member is not None and waits else None,
        "invitation_over": bool(
            waits and member is not None and member.invited_until and member.invited_until <= timezone.now()
        ),
    }
