"""A browser without scripts on the server-rendered example, and axe on each of its pages."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import PASSWORD
from playwright.sync_api import expect, sync_playwright


@pytest.fixture
def chromium():
    with sync_playwright() as playwright:
        # As root, Chromium has no sandbox.
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()


def fill(page, button, **fields):
    """Fills the form with that button, and sends it."""
    form = page.locator("form").filter(has=page.get_by_role("button", name=button, exact=True))
    for name, value in fields.items():
        form.locator(f"[name={name}]").fill(value)
    form.get_by_role("button", name=button, exact=True).click()


def sign_up(page, app, name):
    page.goto(f"{app.url}/sign-up")
    fill(page, "Sign up", email=f"{name}@example.com", username=name, password=PASSWORD)
    page.goto(f"{app.url}/verify-email?token={app.token('verify_email')}")
    fill(page, "Confirm")


def sign_in(page, name, password=PASSWORD):
    fill(page, "Sign in", username=name, password=password)


def test_every_form_works_without_scripts(start, chromium):
    app = start("server_rendered")
    page = chromium.new_context(java_script_enabled=False).new_page()
    page.goto(f"{app.url}/sign-up")
    fill(page, "Sign up", email="ada@example.com", username="ada", password="short")
    expect(page).to_have_url(f"{app.url}/sign-up")
    expect(page.locator("#password-error")).not_to_be_empty()
    assert page.input_value("#email") == "ada@example.com", "what was typed is still there"
    assert page.input_value("#password") == ""
    sign_up(page, app, "ada")

    page.goto(f"{app.url}/notes")
    expect(page).to_have_url(f"{app.url}/sign-in?next=%2Fnotes")
    sign_in(page, "ada", "wrong")
    expect(page.get_by_role("alert")).not_to_be_empty()
    sign_in(page, "ada")
    expect(page).to_have_url(f"{app.url}/notes")
    fill(page, "Save", text="<b>Remember</b> the milk")
    expect(page.get_by_role("listitem")).to_have_text("<b>Remember</b> the milk")

    page.goto(f"{app.url}/account")
    fill(page, "Change", current_password=PASSWORD, new_password="another-strong-one")
    expect(page.get_by_role("status")).not_to_be_empty()
    fill(page, "Sign out")
    page.goto(f"{app.url}/forgot-password")
    fill(page, "Send a link", email="ada@example.com")
    page.goto(f"{app.url}/reset-password?token={app.token('reset_password')}")
    fill(page, "Save", new_password="a-third-strong-one")
    expect(page).to_have_url(re.compile("/sign-in"))
    sign_in(page, "ada", "a-third-strong-one")
    expect(page).to_have_url(f"{app.url}/account")


def test_every_page_is_accessible(start, chromium):
    app = start("server_rendered")
    # axe is a script, which the policy of the app forbids.
    page = chromium.new_context(bypass_csp=True).new_page()

    def judge(path):
        page.goto(f"{app.url}{path}")
        found = Axe().run(page)
        assert found.violations_count == 0, f"{path}: {found.generate_report()}"

    for path in ["/", "/sign-up", "/sign-in", "/forgot-password", "/reset-password?token=a"]:
        judge(path)
    sign_up(page, app, "ada")
    page.goto(f"{app.url}/sign-in")
    sign_in(page, "ada", "wrong")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    sign_in(page, "ada")
    for path in ["/", "/account", "/notes", "/verify-email?token=a"]:
        judge(path)
