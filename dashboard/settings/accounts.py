"""Settings, Accounts: all of them with how they do; one is tested and added, changed, disabled or deleted."""

from typing import Any

from asgiref.sync import async_to_sync
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dashboard.access import callers
from dashboard.access.rights import Verb
from dashboard.accounts import capability_words, changing, deleting, same_fleet, testing, tries
from dashboard.settings import permissions
from dashboard.settings.account import ACTIONS
from dashboard.settings.account_forms import AddForm, ConnectForm, EditForm
from dashboard.settings.account_rows import capabilities, rows
from sandboxes.core.accounts import kept_accounts
from sandboxes.models import Account
from sandboxes.models.fields import opened

REFUSALS = (changing.KeyNeeded, changing.Invalid, deleting.SetByEnvironment)


@permissions.staff_changes
def page(request: HttpRequest) -> HttpResponse:
    """The list; a POST tests what is typed (`do`: `test`) or the account that it names, or adds one after its test."""
    if request.method != "POST":
        return _show(request, AddForm())
    if name := request.POST.get("account", ""):
        account = _named(name)
        tested = _tested(request, account.url, opened(account, "api_key") or "", account.name)
        return _show(request, AddForm(), tested)
    if request.POST.get("do") == "test":
        return _test_typed(request)
    return _add(request, AddForm(request.POST))


@require_POST
@permissions.staff_changes
def one(request: HttpRequest, name: str) -> HttpResponse:
    """Saves title, address and key, enables, disables, or deletes, as `do` says; deleting asks for the name."""
    account, do = _named(name), request.POST.get("do", "")
    try:
        if do == "save":
            _save(request, account)
        elif do in {"enable", "disable"}:
            changing.change(account, {"enabled": do == "enable"})
            told = _("%(name)s is enabled") if do == "enable" else _("%(name)s is disabled: nothing is polled there")
            messages.success(request, told % {"name": name})
        elif do == "delete":
            _delete(request, account)
    except REFUSALS as refused:
        messages.error(request, str(refused))
    return redirect("settings-accounts")


def _test_typed(request: HttpRequest) -> HttpResponse:
    """The form keeps what was typed, but for the key: a page never carries one."""
    typed = ConnectForm(request.POST)
    form = AddForm(initial={field: request.POST.get(field, "") for field in ("name", "title", "url")})
    if not typed.is_valid():
        wrong = "; ".join(str(errors[0]) for errors in typed.errors.values())
        return _show(request, form, {"wrong": wrong})
    url, key = typed.cleaned_data["url"], typed.cleaned_data["api_key"]
    return _show(request, form, _tested(request, url, key, request.POST.get("name") or url))


def _add(request: HttpRequest, form: AddForm) -> HttpResponse:
    if not form.is_valid():
        return _show(request, form, wrong=True)
    typed = form.cleaned_data
    if not typed["anyway"]:
        tested = _tested(request, typed["url"], typed["api_key"], typed["name"])
        if not tested.get("ok"):
            return _show(request, form, tested | {"not_added": True}, wrong=True)
    fields = {name: typed[name] for name in ("title", "url", "api_key")}
    try:
        made = changing.add(typed["name"], fields)
    except changing.NameInUse as taken:
        form.add_error("name", str(taken))
    except changing.Invalid as wrong:
        form.add_error("url" if wrong.field == "url" else "name", str(wrong))
    else:
        told = _("%(name)s added, read-only. Its first sync starts within seconds")
        messages.success(request, told % {"name": made.name})
        return redirect("settings-accounts")
    return _show(request, form, wrong=True)


def _save(request: HttpRequest, account: Account) -> None:
    form = EditForm(request.POST)
    if not form.is_valid():
        messages.error(request, str(next(iter(form.errors.values()))[0]))
        return
    fields = {name: form.cleaned_data[name] for name in ("title", "url")}
    if form.cleaned_data["api_key"]:
        fields["api_key"] = form.cleaned_data["api_key"]
    changing.change(account, fields)
    messages.success(request, _("%(name)s saved") % {"name": account.name})


def _delete(request: HttpRequest, account: Account) -> None:
    if request.POST.get("confirm", "").strip() != account.name:
        messages.error(request, _("Not deleted: type %(name)s to confirm") % {"name": account.name})
        return
    deleting.delete(account)
    messages.success(request, _("%(name)s deleted") % {"name": account.name})


def _tested(request: HttpRequest, url: str, key: str, name: str) -> dict[str, Any]:
    if wait := tries.wait_seconds(callers.of_request(request)):
        told = _("At most %(most)s tests a minute: try again in %(wait)s s")
        return {"wrong": told % {"most": tries.MOST, "wait": f"{wait:.0f}"}}
    found = async_to_sync(testing.ask_backend)(url, key)
    can = capability_words.table(found.capabilities.to_dict()) if found.capabilities else {}
    lacking = [(capability_words.title(word), one.says) for word, one in can.items() if one.state in {"no", "partly"}]
    same = same_fleet.name_of(found.listed)
    return {
        "of": name,
        "ok": found.ok,
        "checks": found.checks,
        "lacking": lacking,
        "same": same if same != name else "",
    }


def _named(name: str) -> Account:
    account = next((one for one in kept_accounts() if one.name == name), None)
    if account is None:
        raise Http404
    return account


def _show(
    request: HttpRequest, form: AddForm, tested: dict[str, Any] | None = None, *, wrong: bool = False
) -> HttpResponse:
    accounts = kept_accounts()
    context = {
        "rows": rows(accounts),
        "shown": [one for one in accounts if one.enabled],
        "capabilities": capabilities([one for one in accounts if one.enabled]),
        "actions": dict(ACTIONS),
        "form": form,
        "tested": tested,
        "may_add": permissions.may(request, Verb.SYSTEM),
    }
    return permissions.show(request, "accounts", context, wrong=wrong)
