"""Tokens and idempotent answers in Django's admin; a token's text is shown once, when it is made."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from dashboard.models import (
    ApiToken,
    IdempotentAnswer,
    Member,
    SavedView,
    Selection,
    SignInProvider,
    SignInRules,
    TableColumns,
)
from sandboxes.admin.reading import ReadOnly


class TokenForm(forms.ModelForm):  # type: ignore[type-arg]
    """A new token needs a name only: it may do all but look inside, as far as its maker may."""

    class Meta:
        model = ApiToken
        fields = ("name",)


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Made and revoked, never changed: the audit trail names tokens."""

    form = TokenForm
    list_display = ("name", "created_at", "last_used_at", "revoked_at")
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    search_fields = ("name",)
    actions = ("revoke",)
    readonly_fields = ("created_at", "last_used_at", "revoked_at")

    def get_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> tuple[str, ...]:  # noqa: ARG002
        return ("name",) if obj is None else ("name", *self.readonly_fields)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """Who may delete tokens may revoke them."""
        return request.user.has_perm("dashboard.delete_apitoken")

    def save_model(self, request: HttpRequest, obj: ApiToken, form: TokenForm, change: bool) -> None:  # noqa: ARG002
        made, text = ApiToken.make(obj.name, made_by=request.user)
        obj.pk, obj.digest = made.pk, made.digest
        obj.shown_once = text  # type: ignore[attr-defined]

    def response_add(self, request: HttpRequest, obj: ApiToken, post_url_continue: str | None = None) -> HttpResponse:  # noqa: ARG002
        """The token's text stands in this answer and nowhere else: a message would carry it in a cookie."""
        context = {**self.admin_site.each_context(request), "token": obj, "text": obj.shown_once}  # type: ignore[attr-defined]
        return TemplateResponse(request, "admin/token_made.html", context, headers={"Cache-Control": "no-store"})

    @admin.action(description=gettext_lazy("Revoke"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        """It opens nothing from now on."""
        number = queryset.filter(revoked_at=None).update(revoked_at=timezone.now())
        self.message_user(request, gettext("%(number)s revoked.") % {"number": number}, messages.SUCCESS)


@admin.register(Member)
class MemberAdmin(ReadOnly):
    """Who has which role, and in which accounts; given and changed in Settings."""

    list_display = ("user", "role", "accounts", "invited_by", "invited_until")
    list_filter = ("role",)
    search_fields = ("user__username",)
    list_select_related = ("user",)
    fields = ("user", "role", "accounts", "invited_by", "invited_until", "last_seen_at")


@admin.register(SignInProvider)
class SignInProviderAdmin(ReadOnly):
    """Where people sign in; set in Settings, the client secret is shown nowhere."""

    list_display = ("name", "slug", "issuer", "enabled")
    fields = ("name", "slug", "issuer", "client_id", "role_claim", "roles", "enabled")


@admin.register(SignInRules)
class SignInRulesAdmin(ReadOnly):
    """What everybody needs to sign in; changed in Settings."""

    list_display = ("second_factor_from", "passwords_allowed")


@admin.register(IdempotentAnswer)
class IdempotentAnswerAdmin(ReadOnly):
    """First answers under idempotency keys; a body may hold data, so it is not shown."""

    list_display = ("token", "key", "status", "created_at")
    list_filter = ("status", "created_at")
    search_fields = ("token", "key")
    fields = ("token", "key", "digest", "status", "created_at")


@admin.register(SavedView)
class SavedViewAdmin(ReadOnly):
    """Views of the table that people saved; made, shared and deleted on the page."""

    list_display = ("name", "user", "shared", "address", "created_at")
    list_filter = ("shared",)
    search_fields = ("name", "user__username", "address")
    list_select_related = ("user",)


@admin.register(TableColumns)
class TableColumnsAdmin(ReadOnly):
    """Which columns each person sees."""

    list_display = ("user", "names")
    search_fields = ("user__username",)
    list_select_related = ("user",)


@admin.register(Selection)
class SelectionAdmin(ReadOnly):
    """What a question about many was asked about, kept for an hour."""

    list_display = ("id", "user", "many", "created_at")
    search_fields = ("user__username",)
    list_select_related = ("user",)

    @admin.display(description="sandboxes")
    def many(self, selection: Selection) -> int:
        """How many it holds."""
        return len(selection.keys)
