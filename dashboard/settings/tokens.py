"""Settings, API tokens: made and shown once, revoked, never changed."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dashboard.access import callers, tokens
from dashboard.access.people import NotGiven
from dashboard.access.rights import SCOPES
from dashboard.models import ApiToken
from dashboard.settings import permissions
from dashboard.settings.access_fields import LIVES, SCOPE_WORDS, account_names
from dashboard.settings.forms import TokenForm


@permissions.signed_in
def page(request: HttpRequest) -> HttpResponse:
    """One's own tokens, all of them for an admin of every account; a POST makes one, whose text stands in this answer
    and nowhere else."""
    caller = callers.of_request(request)
    form = TokenForm(request.POST) if request.method == "POST" else TokenForm()
    text, made = "", None
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            made, text = tokens.make(caller, request.user, **given)
            permissions.wrote(request, made, "Token made", added=True)
        except NotGiven:
            form.add_error("scopes", _("A token can’t do more than you can, nor in other accounts"))
    names = account_names()
    context = {
        "tokens": [(one, _where(one, names), scopes_of(one)) for one in tokens.seen_by(caller)],
        "scopes": [(name, word, name in caller.rights.scopes) for name, word in SCOPE_WORDS],
        "ticked": request.POST.getlist("scopes") if form.is_bound and made is None else ["read"],
        "lives": LIVES,
        "choices": names,
        "everywhere": caller.rights.accounts is None,
        "form": form,
        "made": made,
        "text": text,
    }
    return permissions.show(request, "tokens", context, wrong=request.method == "POST" and made is None)


@require_POST
@permissions.signed_in
def revoke(request: HttpRequest, token_id: int) -> HttpResponse:
    """It opens nothing from now on."""
    token = get_object_or_404(tokens.seen_by(callers.of_request(request)), pk=token_id)
    if tokens.revoke(token):
        permissions.changed(request, token, f"Token {token.name} revoked")
    return redirect("settings-tokens")


def scopes_of(token: ApiToken) -> list[str]:
    """In the order of the contract."""
    return [str(scope) for scope in SCOPES if scope in token.scopes]


def _where(token: ApiToken, names: dict[int, str]) -> str:
    if token.accounts is None:
        return _("all accounts")
    return ", ".join(names.get(key, _("deleted")) for key in token.accounts)
