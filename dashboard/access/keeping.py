"""The choice of accounts goes along: each link, form and request of a page that looks at some names them too.

Done to the page as it leaves, so that no link can forget it. One that says `account=` itself stays as it is: `account=`
alone leads to all.
"""

import re
from html import escape
from typing import Final
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

_OURS: Final = r"/(?!/|static/|admin/|api/|login/|logout/|invitation/)"
# Attributes that hold an address of ours, or a query alone.
_LINK: Final = re.compile(rf'(\s(?:href|action|hx-[a-z-]+|data-[a-z-]+)=")((?:{_OURS}|\?)[^"]*)"')
_ADDRESS: Final = re.compile(rf"{_OURS}|\?")
_NAMED: Final = re.compile(r"[?&;]account=")
_FORM: Final = re.compile(r"<form\b[^>]*>")
_POSTS: Final = re.compile(r'\smethod="post"', re.IGNORECASE)
_LEADING_ON: Final = ("Location", "HX-Redirect", "HX-Push-Url", "HX-Replace-Url")


def keep(request: HttpRequest, response: HttpResponseBase) -> None:
    """Adds `account=…` of the request to what of the answer leads on to pages of ours."""
    named = request.GET.get("account", "")
    if not named:
        return
    for header in _LEADING_ON:
        if header in response and _ADDRESS.match(response[header]):
            response[header] = _with(response[header], named, "&")
    if isinstance(response, HttpResponse) and response.headers.get("Content-Type", "").startswith("text/html"):
        response.content = in_page(response.content.decode(), named).encode()


def in_page(html: str, named: str) -> str:
    """The same page, or part of one, whose links and forms name the accounts."""
    linked = _LINK.sub(lambda found: f'{found[1]}{_with(found[2], named, "&amp;")}"', html)
    field = f'<input type="hidden" name="account" value="{escape(named)}">'
    parts, done = [], 0
    for form in _FORM.finditer(linked):
        parts.append(linked[done : form.end()])
        done = form.end()
        # One that asks sends its fields alone: the query of its address is dropped.
        if not _POSTS.search(form[0]) and 'name="account"' not in linked[done : linked.find("</form>", done)]:
            parts.append(field)
    return "".join([*parts, linked[done:]])


def _with(address: str, named: str, between: str) -> str:
    if _NAMED.search(address):
        return address
    whole, mark, fragment = address.partition("#")
    sign = "?" if "?" not in whole else "" if whole.endswith("?") else between
    return f"{whole}{sign}account={quote(named, safe=',')}{mark}{fragment}"
