"""Alerts, Channels: where notifications go, how each does, what was delivered; added, changed and tested by admins."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from dashboard.access import callers, deliveries
from dashboard.access.rights import Verb
from dashboard.alerts import channels_rows
from dashboard.alerts.channels_form import ChannelForm, blank
from sandboxes.models import Channel
from sandboxes.notifications import book, outbox, trial
from sandboxes.notifications.addresses import BadChannel


@login_required
def page(request: HttpRequest) -> HttpResponse:
    """The list; `channel` opens one, `add` the form of a new one of that kind, `show=open` what was not delivered."""
    adds = request.GET.get("add", "")
    chosen = None if adds else _chosen(request)
    form = None
    if callers.may(callers.of_request(request), Verb.SYSTEM):
        form = blank(adds) if adds in Channel.Kind.values else ChannelForm.of(chosen) if chosen is not None else None
    return _show(request, chosen, form)


@require_POST
@login_required
def add(request: HttpRequest) -> HttpResponse:
    """A new one; what is wrong is said at its field, and nothing that was typed is lost."""
    form = ChannelForm(request.POST)
    if form.is_valid():
        try:
            made = book.add(form.wanted())
        except BadChannel as wrong:
            form.refuse(wrong)
        else:
            messages.success(request, _("%(name)s was added. Send a test to see that it works.") % {"name": made.name})
            return _back(made)
    return _show(request, None, form, status=422)


@require_POST
@login_required
def change(request: HttpRequest, channel_id: int) -> HttpResponse:
    """Saves or removes it: `do` says which."""
    channel = get_object_or_404(Channel, pk=channel_id)
    if request.POST.get("do") == "remove":
        book.remove(channel)
        messages.success(request, _("%(name)s was removed.") % {"name": channel.name})
        return redirect("alert-channels")
    form = ChannelForm(request.POST, channel=channel)
    if form.is_valid():
        try:
            book.change(channel, form.wanted())
        except BadChannel as wrong:
            form.refuse(wrong)
        else:
            messages.success(request, _("%(name)s was saved.") % {"name": channel.name})
            return _back(channel)
    return _show(request, Channel.objects.get(pk=channel_id), form, status=422)


@require_POST
@login_required
def test(request: HttpRequest, channel_id: int) -> HttpResponse:
    """Sends one message now; the next page says what came of it."""
    channel = get_object_or_404(Channel, pk=channel_id)
    tried = trial.send(channel, callers.of_request(request).label)
    if tried.delivered:
        took = channels_rows.took(tried.ms)
        messages.success(request, _("%(name)s: delivered in %(took)s.") % {"name": channel.name, "took": took})
    else:
        messages.error(request, _("%(name)s: not delivered: %(why)s") % {"name": channel.name, "why": tried.error})
    return _back(channel)


@require_POST
@login_required
def replay(request: HttpRequest, channel_id: int, delivery_id: int) -> HttpResponse:
    """The same message once more, under the same ID."""
    channel = get_object_or_404(Channel, pk=channel_id)
    delivery = get_object_or_404(deliveries.of_channel(channel), pk=delivery_id)
    try:
        outbox.send_again(delivery)
        messages.success(request, _("It is sent again, under the same ID."))
    except outbox.NotAgain as why:
        messages.error(request, _("Not sent again: %(why)s.") % {"why": why})
    return _back(channel)


def _chosen(request: HttpRequest) -> Channel | None:
    """The channel that the address names, else the first."""
    key = request.GET.get("channel", "")
    if key.isdecimal() and len(key) < 19:
        return get_object_or_404(Channel, pk=int(key))
    return Channel.objects.first()


def _show(request: HttpRequest, chosen: Channel | None, form: ChannelForm | None, *, status: int = 200) -> HttpResponse:
    only_open = request.GET.get("show") == "open"
    context: dict[str, Any] = {
        "channels": channels_rows.channels(),
        "chosen": chosen,
        "deliveries": channels_rows.deliveries(chosen, only_open=only_open) if chosen is not None else [],
        "only_open": only_open,
        "form": form,
        "may_change": callers.may(callers.of_request(request), Verb.SYSTEM),
        "kinds": channels_rows.kinds(),
    }
    if request.headers.get("HX-Request"):
        status = 200  # htmx shows nothing else
    response = render(request, "alerts/channels.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


def _back(channel: Channel) -> HttpResponse:
    return redirect(f"{reverse('alert-channels')}?channel={channel.pk}")
