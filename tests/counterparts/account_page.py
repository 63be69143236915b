"""What a person does on the pages of the examples, most of it on that of account_management."""

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
    judge(page)
    fill(page, "sign-up", "Sign up", email=f"{name}@example.com", username=name, password=PASSWORD)
    page.goto(f"{app.url}/verify-email?token={app.token('verify_email')}")
    judge(page)
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
    judge(page)
    app = pyotp.TOTP(page.locator("#secret").inner_text())
    fill(page, "confirm", "Add the authenticator", code=app.now())
    shows(page, "Your recovery codes")
    judge(page)
    return app, page.locator("#codes li").all_inner_texts()


def virtual_authenticator(page):
    """A platform authenticator that verifies its user. Returns a function that sets whether the user is present."""
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
    added = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})

    def is_present(enabled):
        session.send("WebAuthn.setAutomaticPresenceSimulation", {**added, "enabled": enabled})

    return is_present
