"""A browser without scripts on the server-rendered example, and axe on each of its pages."""

import re

from conftest import PASSWORD, judge
from playwright.sync_api import expect


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

    def visit(path):
        page.goto(f"{app.url}{path}")
        judge(page)

    for path in ["/", "/sign-up", "/sign-in", "/forgot-password", "/reset-password?token=a"]:
        visit(path)
    sign_up(page, app, "ada")
    page.goto(f"{app.url}/sign-in")
    sign_in(page, "ada", "wrong")
    judge(page)
    fill(page, "Mail a link", email="ada@example.com")
    judge(page)
    sign_in(page, "ada")
    for path in ["/", "/account", "/notes", "/verify-email?token=a"]:
        visit(path)


def test_a_mail_signs_in_without_scripts(start, chromium):
    app = start("server_rendered")
    page = chromium.new_context(java_script_enabled=False).new_page()
    sign_up(page, app, "ada")

    page.goto(f"{app.url}/notes")
    fill(page, "Mail a link", email="ada@example.com")
    expect(page).to_have_url(f"{app.url}/sign-in?next=%2Fnotes")
    fill(page, "Use the code", code="00000000")
    expect(page.get_by_role("alert")).not_to_be_empty()
    code = re.search(r"\b\d{8}\b", app.mail("email_login")["body"]).group()
    fill(page, "Use the code", code=code)
    expect(page).to_have_url(f"{app.url}/notes")

    page.goto(f"{app.url}/account")
    fill(page, "Sign out")
    page.goto(f"{app.url}/sign-in")
    fill(page, "Mail a link", email="ada@example.com")
    link = app.mail("email_login")["link"]
    for _ in range(2):
        page.goto(link)
    page.get_by_role("button", name="Sign in as a…@example.com").click()
    page.goto(f"{app.url}/account")
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
