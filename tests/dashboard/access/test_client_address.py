"""Only our own proxies' entries of X-Forwarded-For count."""

import pytest

from dashboard.access.client_address import client_address, of_meta

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


def test_request_tells_its_peer_and_header():
    assert of_meta({"REMOTE_ADDR": PEER, "HTTP_X_FORWARDED_FOR": "10.9.9.9,203.0.113.5"}, 1) == "203.0.113.5"
    assert of_meta({"REMOTE_ADDR": PEER}, 1) == PEER
    assert of_meta({}, 0) == ""
