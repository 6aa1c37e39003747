"""Settings, API tokens: made and shown once, revoked, never changed."""

from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from dashboard.models import ApiToken
from dashboard.settings import permissions
from dashboard.settings.forms import TokenForm


@permissions.staff_changes
def page(request: HttpRequest) -> HttpResponse:
    """All tokens; a POST makes one, whose text stands in this answer and nowhere else."""
    form = TokenForm(request.POST) if request.method == "POST" else TokenForm()
    text, made = "", None
    if request.method == "POST" and form.is_valid():
        made, text = ApiToken.make(form.cleaned_data["name"])
        permissions.wrote(request, made, "Token made", added=True)
    context = {
        "tokens": ApiToken.objects.order_by(F("revoked_at").desc(nulls_first=True), "-created_at"),
        "form": form,
        "made": made,
        "text": text,
    }
    return permissions.show(request, "tokens", context, wrong=request.method == "POST" and made is None)


@require_POST
@permissions.staff_changes
def revoke(request: HttpRequest, token_id: int) -> HttpResponse:
    """It opens nothing from now on."""
    token = get_object_or_404(ApiToken, pk=token_id)
    if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()):
        permissions.changed(request, token, f"Token {token.name} revoked")
    return redirect("settings-tokens")
