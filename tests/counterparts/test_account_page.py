"""Chromium on the page of account_management, with an authenticator app and a passkey."""

import sqlite3
import time

from account_page import add_authenticator, fill, press, shows, sign_up_and_in, virtual_authenticator
from conftest import PASSWORD, judge
from playwright.sync_api import expect


def test_an_owner_protects_and_leaves_an_account(start, chromium):
    app = start("account_management")
    page = chromium.new_context().new_page()
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
    expect(page.locator("#proof [name=password]")).to_be_focused()
    judge(page)
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
    page = chromium.new_context().new_page()
    sign_up_and_in(page, app, "ada")
    # The page of the sign-in has asked for a passkey that this browser did not have yet.
    is_present = virtual_authenticator(page)
    press(page, "Add a passkey")
    expect(page.locator("#proof [name=password]")).to_be_focused()
    fill(page, "sudo", "Prove it", password=PASSWORD)
    expect(page.locator("#proof")).to_be_hidden()
    press(page, "Add a passkey")
    expect(page.locator("#passkeys li")).to_have_count(1)
    judge(page)

    is_present(False)
    press(page, "Log out")
    shows(page, "Log in")
    assert page.request.get(f"{app.url}/me").status == 401
    # The browser offers the passkey in the field of the name, and the authenticator accepts.
    is_present(True)
    page.reload()
    shows(page, "Your account")
    press(page, "Do it")
    expect(page.locator("#proof")).to_be_visible()
    press(page, "Prove it with a passkey")
    expect(page.locator("#proof")).to_be_hidden()
    press(page, "Do it")
    expect(page.get_by_text("Done.", exact=True)).to_be_visible()
    press(page, "Remove")
    expect(page.locator("#passkeys li")).to_have_count(0)


def test_a_code_or_a_passkey_is_the_second_step(start, chromium):
    app = start("account_management")
    page = chromium.new_context().new_page()
    is_present = virtual_authenticator(page)
    sign_up_and_in(page, app, "ada")
    codes, recovery_codes = add_authenticator(page)
    press(page, "Add a passkey")
    fill(page, "sudo", "Prove it", password=PASSWORD, code=recovery_codes[0])
    expect(page.locator("#proof")).to_be_hidden()
    press(page, "Add a passkey")
    expect(page.locator("#passkeys li")).to_have_count(1)

    # Without this, the offer in the field of the name is the first step.
    is_present(False)
    press(page, "Log out")
    fill(page, "log-in", "Log in", username="ada", password=PASSWORD)
    shows(page, "Enter a code")
    judge(page)
    is_present(True)
    press(page, "Use your passkey")
    shows(page, "Your account")
    expect(page.locator("#factor")).to_have_text("on, 9 recovery codes left")

    # The code of the enrolment is used up. The next one is accepted early.
    other = chromium.new_context().new_page()
    other.goto(app.url)
    fill(other, "log-in", "Log in", username="ada", password=PASSWORD)
    shows(other, "Enter a code")
    fill(other, "verify", "Log in", code=codes.at(time.time(), counter_offset=1))
    shows(other, "Your account")
    expect(other.locator("#sessions li")).to_have_count(2)
    expect(other.locator("#sessions li", has_text="(this one)")).to_have_count(1)
    press(other, "Sign out the others")
    expect(other.locator("#sessions li")).to_have_count(1)
    assert other.request.get(f"{app.url}/me").status == 200
    assert page.request.get(f"{app.url}/me").status == 401
    is_present(False)
    page.reload()
    shows(page, "Log in")


def test_a_superuser_finds_and_disables_an_account(start, chromium, tmp_path):
    app = start("account_management")
    bob = app.member("bob")
    page = chromium.new_context().new_page()
    sign_up_and_in(page, app, "ada")
    expect(page.locator("#admin")).to_be_hidden()
    with sqlite3.connect(tmp_path / "account_management.db") as database:
        database.execute("UPDATE users SET is_superuser = TRUE WHERE username = 'ada'")
    page.reload()
    accounts = page.locator("#accounts option")
    fill(page, "find", "Find", email="b")
    expect(accounts).to_have_text(["bob@example.com"])
    fill(page, "act", "Do it", reason="Asked for by its owner")
    expect(page.locator("#proof [name=password]")).to_be_focused()
    assert bob.get("/me").status_code == 200
    fill(page, "sudo", "Prove it", password=PASSWORD)
    expect(page.locator("#proof")).to_be_hidden()
    fill(page, "act", "Do it", reason="Asked for by its owner")
    expect(page.locator("#admin [data-kind=good]")).not_to_be_empty()
    assert bob.get("/me").status_code == 401
    fill(page, "find", "Find", email="b")
    expect(accounts).to_have_text(["bob@example.com (disabled)"])
    judge(page)

    page.get_by_label("Action").select_option("Enable")
    with page.expect_response("**/enable"):
        fill(page, "act", "Do it")
    fill(page, "find", "Find", email="")
    expect(accounts).to_have_text(["bob@example.com", "ada@example.com"])
    assert bob.login("bob").status_code == 200
