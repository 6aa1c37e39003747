"""Only our own proxies' entries of X-Forwarded-For count."""

import pytest

from sandboxes.client_address import client_address, of_meta, of_scope

PEER = "192.0.2.1"


@pytest.mark.parametrize(
    ("proxies", "forwarded", "found"),
    [
        (0, ["203.0.113.5"], PEER),
        (1, ["203.0.113.5"], "203.0.113.5"),
        (1, ["10.9.9.9, 203.0.113.5"], "203.0.113.5"),
        (2, ["10.9.9.9, 203.0.113.5, 198.51.100.2"], "203.0.113.5"),
        (2, ["203.0.113.5"], "203.0.113.5"),
        (2, ["10.9.9.9, 203.0.113.5", "198.51.100.2"], "203.0.113.5"),
        (1, [], PEER),
        (1, [""], PEER),
        (1, ["unknown"], PEER),
        (1, ["203.0.113.5:4711"], "203.0.113.5"),
        (1, ["[2001:db8::7]:443"], "2001:db8::7"),
        (1, ["2001:db8::7"], "2001:db8::7"),
    ],
)
def test_client_address_is_what_the_outermost_trusted_proxy_saw(proxies, forwarded, found):
    assert client_address(PEER, forwarded, proxies) == found


def test_scope_and_request_say_the_same():
    headers = [(b"x-forwarded-for", b"10.9.9.9"), (b"x-forwarded-for", b"203.0.113.5")]
    assert of_scope({"client": (PEER, 1), "headers": headers}, 1) == "203.0.113.5"
    assert of_scope({"client": None, "headers": headers}, 0) == ""
    assert of_meta({"REMOTE_ADDR": PEER, "HTTP_X_FORWARDED_FOR": "10.9.9.9,203.0.113.5"}, 1) == "203.0.113.5"
