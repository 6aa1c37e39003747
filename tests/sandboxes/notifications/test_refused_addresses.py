"""Where nothing is ever sent, however it is spelled, and whichever library connects."""

import re
import socket
from pathlib import Path

import pytest

from sandboxes.models import Channel, Delivery
from sandboxes.notifications.addresses import BadChannel
from sandboxes.notifications.senders import apprise
from tests.support import channels
from tests.support.channels import send_all, tell
from tests.support.sink import Answer, Sink

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("mailbox")]
METADATA = "169.254.169.254"


@pytest.fixture
def names(monkeypatch):
    """What names lead to, for this process; everything else is looked up as ever."""
    known: dict[str, str] = {}
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, port, *rest, **more: real(known.get(host, host), port, *rest, **more)
    )
    return known


@pytest.mark.parametrize("private", [False, True])
def test_metadata_address_is_not_taken(private: bool) -> None:
    with pytest.raises(BadChannel, match="link-local"):
        channels.channel("hook", "webhook", f"https://{METADATA}/", allow_private=private)


def test_name_that_leads_there_fails_for_good_where_it_is_connected_to(names) -> None:
    names["harmless.example"] = METADATA
    channels.channel("hook", "webhook", "http://harmless.example/x")
    tell("hook")
    send_all()
    failed = Delivery.objects.get()
    assert (failed.state, failed.error) == (
        "failed", f"harmless.example leads to {METADATA}, where nothing is ever sent",
    )  # fmt: skip


@pytest.mark.parametrize("url", ["https://127.0.0.1/", "https://10.0.0.7/", "https://localhost/", "https://[::1]/"])
def test_private_address_needs_the_switch(url: str) -> None:
    with pytest.raises(BadChannel, match="private address"):
        channels.channel("hook", "webhook", url, allow_private=False)
    assert channels.channel("hook", "webhook", url).destination


def test_name_that_leads_to_a_private_address_needs_it_too(names, sink: Sink) -> None:
    names["inside.example"] = "127.0.0.1"
    made = channels.channel("hook", "webhook", f"{sink.url}/x".replace("127.0.0.1", "inside.example"))
    Channel.objects.filter(pk=made.pk).update(allow_private=False)
    tell("hook")
    send_all()
    assert sink.requests == []
    assert Delivery.objects.get().error == "inside.example leads to 127.0.0.1, which is a private address"


def test_plain_http_is_for_private_networks() -> None:
    with pytest.raises(BadChannel, match="use https"):
        channels.channel("hook", "webhook", "http://hooks.example.com/", allow_private=False)


def test_redirect_is_not_followed(sink: Sink) -> None:
    channels.channel("hook", "webhook", f"{sink.url}/first")
    sink.answer(Answer(307, b"", {"Location": f"{sink.url}/second"}))
    tell("hook")
    send_all()
    assert [one.path for one in sink.requests] == ["/first"]
    assert Delivery.objects.get().error == "it answered 307: redirects are not followed"


@pytest.mark.parametrize("url", [
    "mailto://user:pass@example.com", "syslog://", "json://example.com", "xml://example.com", "form://example.com",
    "apprise://example.com/token", "dbus://", "macosx://", "file:///etc/passwd", "schan://x", "no address",
    "tgram://123456789:abcdefghijklmnopqrstuvwxyzabcdefg/1/?attach=/etc/passwd",
    "workflows://host/workflow/signature/?template=/etc/passwd",
    "ntfy://host/topic?verify=no", "ntfy://host/topic?+X-Header=1", "discord://1/2?include=http://example.com/config",
])  # fmt: skip
def test_apprise_takes_its_list_alone(url: str) -> None:
    with pytest.raises(BadChannel):
        channels.channel("any", "apprise", url)


def test_apprise_never_reaches_metadata_nor_without_the_switch_a_private_address(sink: Sink) -> None:
    at = sink.url.removeprefix("http://")
    channels.channel("cloud", "apprise", f"ntfy://{METADATA}/topic")
    channels.channel("inside", "apprise", f"ntfy://{at}/topic", allow_private=False)
    tell("cloud", "inside")
    send_all()
    errors = dict(Delivery.objects.values_list("channel_name", "error"))
    assert errors == {
        "cloud": f"it leads to {METADATA}, where nothing is ever sent",
        "inside": "it leads to 127.0.0.1, which is a private address",
    }
    assert sink.requests == []


def test_apprise_follows_no_redirect(sink: Sink) -> None:
    at = sink.url.removeprefix("http://")
    channels.channel("ntfy", "apprise", f"ntfy://{at}/topic")
    sink.answer(Answer(302, b"", {"Location": f"{sink.url}/elsewhere"}))
    tell("ntfy")
    send_all()
    assert len(sink.requests) == 1
    assert Delivery.objects.get().state != "sent"


def test_documentation_lists_what_apprise_takes() -> None:
    text = (Path(__file__).parents[3] / "docs" / "notifications.md").read_text()
    listed = re.findall(r"^- (?:schemes|parameters of an address): `(.+)`$", text, re.MULTILINE)
    assert [set(found.split()) for found in listed] == [set(apprise.SCHEMES), set(apprise.PARAMETERS)]


def test_every_scheme_of_the_list_is_one_that_apprise_has() -> None:
    from apprise import Apprise

    known = {
        str(scheme)
        for plugin in Apprise().details()["schemas"]
        for scheme in [*(plugin["protocols"] or []), *(plugin["secure_protocols"] or [])]
    }
    assert known >= apprise.SCHEMES
