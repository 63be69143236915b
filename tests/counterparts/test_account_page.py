"""Chromium on the page of account_management, with an authenticator app and a passkey."""

import pyotp
from conftest import PASSWORD, judge
from playwright.sync_api import expect


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def fill(page, action, button, **fields):
    """Fills the form of that action, and sends it."""
    form = page.locator(f"form[data-action={action}]")
    for name, value in fields.items():
        form.locator(f"[name={name}]").fill(value)
    form.get_by_role("button", name=button, exact=True).click()


def shows(page, heading):
    expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()


def sign_up_and_in(page, app, name):
    page.goto(f"{app.url}/#sign-up")
    fill(page, "sign-up", "Sign up", email=f"{name}@example.com", username=name, password=PASSWORD)
    page.goto(f"{app.url}/verify-email?token={app.token('verify_email')}")
    press(page, "Confirm")
    expect(page.locator("[data-view=link] .result")).not_to_be_empty()
    page.goto(app.url)
    judge(page)
    fill(page, "log-in", "Log in", username=name, password=PASSWORD)
    shows(page, "Your account")
    judge(page)


def add_authenticator(page):
    """Adds an authenticator. Returns it, and the recovery codes."""
    fill(page, "set-up", "Show the QR code", password=PASSWORD)
    expect(page.locator("#qr")).to_be_visible()
    app = pyotp.TOTP(page.locator("#secret").inner_text())
    fill(page, "confirm", "Add the authenticator", code=app.now())
    shows(page, "Your recovery codes")
    judge(page)
    return app, page.locator("#codes li").all_inner_texts()


def virtual_authenticator(page):
    """A platform authenticator that verifies its user."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable", {"enableUI": False})
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_an_owner_protects_and_leaves_an_account(start, chromium):
    app = start("account_management")
    page = chromium.new_context(bypass_csp=True).new_page()
    sign_up_and_in(page, app, "ada")
    _, codes = add_authenticator(page)
    assert len(codes) == 10

    press(page, "Log out")
    fill(page, "log-in", "Log in", username="ada", password=PASSWORD)
    shows(page, "Enter a code")
    judge(page)
    fill(page, "verify", "Log in", code="000000")
    expect(page.locator("[data-view=code] .result")).not_to_be_empty()
    fill(page, "verify", "Log in", code=codes[0])
    shows(page, "Your account")
    expect(page.locator("#factor")).to_have_text("on, 9 recovery codes left")
    expect(page.locator("#sessions li")).to_have_count(1)
    expect(page.locator("#sessions li")).to_contain_text("(this one)")

    fill(page, "delete", "Delete my account")
    expect(page.locator("#proof")).to_be_hidden()
    page.get_by_label("Delete my account and everything in it").check()
    press(page, "Delete my account")
    expect(page.locator("#proof")).to_be_visible()
    fill(page, "sudo", "Prove it", password=PASSWORD, code=codes[1])
    expect(page.locator("#proof")).to_be_hidden()
    press(page, "Export my data")
    expect(page.locator("#export")).to_be_visible()
    page.get_by_label("Delete my account and everything in it").check()
    press(page, "Delete my account")
    shows(page, "Log in")
    expect(page.locator("#notice")).not_to_be_empty()
    fill(page, "log-in", "Log in", username="ada", password=PASSWORD)
    expect(page.locator("[data-view=log-in] .result").first).not_to_be_empty()

    page.goto(f"{app.url}/restore-account?token={app.token('deletion_requested')}")
    press(page, "Confirm")
    expect(page.locator("[data-view=link] .result")).not_to_be_empty()
    page.goto(app.url)
    fill(page, "log-in", "Log in", username="ada", password=PASSWORD)
    shows(page, "Enter a code")


def test_a_passkey_signs_in_and_proves_its_owner(start, chromium):
    app = start("account_management")
    page = chromium.new_context(bypass_csp=True).new_page()
    virtual_authenticator(page)
    sign_up_and_in(page, app, "ada")
    press(page, "Do it")
    expect(page.locator("#proof")).to_be_visible()
    fill(page, "sudo", "Prove it", password=PASSWORD)
    expect(page.locator("#proof")).to_be_hidden()
    press(page, "Add a passkey")
    expect(page.locator("#passkeys li")).to_have_count(1)
    judge(page)

    # The browser offers the passkey in the field of the name, and the authenticator accepts.
    press(page, "Log out")
    shows(page, "Your account")
    press(page, "Do it")
    expect(page.locator("#proof")).to_be_visible()
    press(page, "Prove it with a passkey")
    expect(page.locator("#proof")).to_be_hidden()
    press(page, "Do it")
    expect(page.get_by_text("Done.", exact=True)).to_be_visible()
    press(page, "Remove")
    expect(page.locator("#passkeys li")).to_have_count(0)
