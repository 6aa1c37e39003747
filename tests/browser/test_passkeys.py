"""A passkey in a real browser, with its virtual authenticator: added, then asked for after the password."""

from typing import Any

from playwright.sync_api import Page, expect

from tests.support import records

PASSWORD = "long enough for a test"


def test_passkey_is_added_and_signs_in_after_the_password(site: str, page: Page, settings: Any) -> None:
    at = site.replace("127.0.0.1", "localhost")  # browsers take no passkeys for addresses
    settings.PUBLIC_URL = at
    ada = records.member("ada", "admin")
    ada.set_password(PASSWORD)
    ada.save()
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    kind = {"protocol": "ctap2", "transport": "internal", "hasUserVerification": True, "isUserVerified": True}
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": {**kind, "automaticPresenceSimulation": True}})
    sign_in(page, at)
    page.goto(f"{at}/settings/sign-in/")
    page.get_by_role("row", name="Passkey").get_by_role("link", name="Add…").click()
    page.get_by_label("Name").fill("Laptop")
    page.get_by_role("button", name="Add the passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    page.goto(f"{at}/settings/sign-in/")
    expect(page.get_by_role("row", name="Laptop")).to_be_visible()
    page.context.clear_cookies()
    sign_in(page, at)
    expect(page).to_have_url(f"{at}/login/second-factor/")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("link", name="Settings")).to_be_visible()


def sign_in(page: Page, at: str) -> None:
    page.goto(f"{at}/login/")
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
