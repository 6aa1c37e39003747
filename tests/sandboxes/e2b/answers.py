"""What a backend answers to the calls that tests make most."""

import httpx

LIST, ONE = "/v2/sandboxes", "/sandboxes/i1"
EMPTY = httpx.Response(200, json=[])


def said(status, message="no", **headers):
    return httpx.Response(status, json={"code": status, "message": message}, headers=headers)
