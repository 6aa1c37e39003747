"""A page that looks at some accounts leads on to pages that look at the same."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from dashboard.access import keeping
from sandboxes.models import AccountHealth
from tests.support import records

PAGES = ("/", "/sandboxes/", "/events/", "/cleanup/", "/cost/", "/settings/", "/settings/audit/", "/table/facets/")
ELSEWHERE = re.compile(r"/(static|admin|api|login|logout|invitation)/")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('<a href="/cost/">', '<a href="/cost/?account=a,b">'),
        ('<a href="/cost/?x=1#y">', '<a href="/cost/?x=1&amp;account=a,b#y">'),
        ('<a href="?x=1">', '<a href="?x=1&amp;account=a,b">'),
        ('<tr data-address="?">', '<tr data-address="?account=a,b">'),
        ('<div hx-get="/fleet/needs/">', '<div hx-get="/fleet/needs/?account=a,b">'),
        ('<a href="/cost/?account=c">', '<a href="/cost/?account=c">'),
        ('<a href="?account=">', '<a href="?account=">'),
        ('<a href="?discount=1">', '<a href="?discount=1&amp;account=a,b">'),
        ('<a href="#at">', '<a href="#at">'),
        ('<a href="//elsewhere/">', '<a href="//elsewhere/">'),
        ('<link href="/static/a.css">', '<link href="/static/a.css">'),
        ('<form method="post" action="/act/"></form>', '<form method="post" action="/act/?account=a,b"></form>'),
        ("<form></form>", '<form><input type="hidden" name="account" value="a,b"></form>'),
        ('<form><select name="account"></select></form>', '<form><select name="account"></select></form>'),
    ],
)  # fmt: skip
def test_address_in_a_page(before: str, after: str) -> None:
    assert keeping.in_page(before, "a,b") == after


def test_odd_name_stays_a_name() -> None:
    assert keeping.in_page('<a href="/">', 'a"&b') == '<a href="/?account=a%22%26b">'
    assert 'value="a&quot;&amp;b"' in keeping.in_page("<form>", 'a"&b')


@pytest.fixture
def client(db: None, static_files: object, mailbox: object) -> Client:
    for name in ("a", "b", "c"):
        records.sandbox(f"i{name}", of=records.account(name))
    client = Client()
    client.force_login(records.member("ada", "admin"))
    return client


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_names_its_accounts(client: Client, page: str) -> None:
    body = client.get(page, {"account": "a,b"}).content.decode()
    links = [link.replace("&amp;", "&") for link in re.findall(r'\s(?:href|action|hx-get)="([/?][^"]*)"', body)]
    asked = [parse_qs(urlsplit(link).query, keep_blank_values=True) for link in links if not ELSEWHERE.match(link)]
    assert len(asked) > 3 or page.startswith("/table")
    assert all("account" in query for query in asked), links


def test_redirect_keeps_them(client: Client) -> None:
    answer = client.post("/cleanup/freeze/?account=a", {"to": "freeze"})
    assert answer["Location"] == "/cleanup/?account=a"


def test_menu_offers_every_choice(client: Client) -> None:
    body = client.get("/cost/?account=a,b&range=7d&cursor=x").content.decode()
    assert "2 of 3 accounts" in " ".join(body.split())
    assert 'href="/cost/?account=a&amp;range=7d"' in body  # b taken away, or a alone
    assert 'href="/cost/?account=&amp;range=7d"' in body  # with c that is all of them
    assert 'href="/cost/?account=c&amp;range=7d"' in body


def test_menu_tells_how_each_account_is(client: Client) -> None:
    AccountHealth.objects.update_or_create(
        account=records.account("b"), defaults={"sync_error": "401", "sync_failed_at": records.NOW}
    )
    body = client.get("/").content.decode()
    assert "All accounts" in body
    assert body.count("not listed yet") == 2
    assert "list failing for" in body


def test_one_account_has_no_switcher(client: Client) -> None:
    one = Client()
    one.force_login(records.member("bob", "viewer", [records.account("a").pk]))
    body = one.get("/").content.decode()
    assert "data-switcher" not in body
    assert not re.search(r'name="account" value|account=b', body)
