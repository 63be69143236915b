"""Chromium on the page of email_password, before and after the address is verified."""

from account_page import fill, press, shows
from conftest import PASSWORD, judge
from playwright.sync_api import expect


def test_an_unverified_owner_gets_another_verification_mail(start, chromium):
    app = start("email_password")
    page = chromium.new_context().new_page()
    page.goto(f"{app.url}/#sign-up")
    fill(page, "sign-up", "Sign up", email="ada@example.com", username="ada", password=PASSWORD)
    app.mail("verify_email")
    page.goto(app.url)
    fill(page, "log-in", "Log in", username="ada", password=PASSWORD)
    shows(page, "Your account")
    expect(page.locator("[data-unverified]")).to_be_visible()
    judge(page)

    press(page, "Send the verification mail again")
    link = app.mail("verify_email")["link"]
    assert link.startswith(f"{app.url}/verify-email?token=")
    page.goto(link)
    shows(page, "Verify your email address")
    judge(page)
    press(page, "Verify my address")
    expect(page.locator("[data-view=verify-email] .result")).not_to_be_empty()
    page.goto(app.url)
    shows(page, "Your account")
    expect(page.locator("[data-unverified]")).to_be_hidden()
    judge(page)
