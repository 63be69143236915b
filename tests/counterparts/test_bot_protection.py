"""Puzzles, solved by the library and by the widget of ALTCHA, and by the page of the example."""

import base64
import json
import time

from conftest import HERE, PASSWORD, judge, node
from playwright.sync_api import expect

WIDGET = HERE / "node_modules/altcha/dist/main/altcha.min.js"


def form(name):
    return {"email": f"{name}@example.com", "username": name, "password": PASSWORD}


def register(app, name, answer):
    return app.browser().post("/register", json=form(name) | {"altcha": answer})


def solved(app):
    return node("solve.mjs", app.browser().get("/bot-check").json())


def changed(answer, **members):
    """The answer with other members."""
    members = json.loads(base64.b64decode(answer)) | members
    return base64.b64encode(json.dumps(members).encode()).decode()


def accounts(app):
    """The names that can sign in."""
    fields = {name: {"username": name, "password": PASSWORD} for name in ["ada", "eve"]}
    sent = {name: app.browser().post("/login", data=body | {"altcha": solved(app)}) for name, body in fields.items()}
    return [name for name, answer in sent.items() if answer.status_code == 200]


def test_a_solution_of_the_library_is_accepted_once(start):
    app = start("bot_protection")
    missing = app.browser().post("/register", json=form("ada"))
    assert (missing.status_code, missing.json()["code"]) == (403, "bot-check-required")
    answer = solved(app)
    assert register(app, "ada", answer).status_code == 202
    again = register(app, "eve", answer)
    assert (again.status_code, again.json()["code"]) == (403, "bot-check-failed")
    # At another route as well.
    fields = {"username": "ada", "password": PASSWORD, "altcha": answer}
    assert app.browser().post("/login", data=fields).status_code == 403
    assert accounts(app) == ["ada"]


def test_a_wrong_solution_is_refused(start):
    app = start("bot_protection")
    answer = solved(app)
    members = json.loads(base64.b64decode(answer))
    salt = members["salt"].split("?")[0]
    for wrong in [
        changed(answer, number=members["number"] + 1),
        changed(answer, salt=f"{salt}?expires={int(time.time()) + 9999}&"),
        changed(answer, signature="0" * 64),
        changed(answer, algorithm="SHA-1"),
        "x",
    ]:
        refused = register(app, "eve", wrong)
        assert (refused.status_code, refused.json()["code"]) == (403, "bot-check-failed"), wrong
    # The right one has not been used up.
    assert register(app, "ada", answer).status_code == 202
    assert accounts(app) == ["ada"]


def test_an_expired_solution_is_refused(start):
    app = start("bot_protection", PUZZLE_SECONDS="10")
    answer = solved(app)
    time.sleep(11)
    refused = register(app, "eve", answer)
    assert (refused.status_code, refused.json()["code"]) == (403, "bot-check-failed")
    assert accounts(app) == []


def test_the_widget_solves_a_puzzle(start, chromium):
    app = start("bot_protection")
    page = chromium.new_context(bypass_csp=True).new_page()
    page.goto(app.url)
    page.add_script_tag(path=WIDGET, type="module")
    widget = '<form><altcha-widget challenge="/bot-check" auto="onload"></altcha-widget></form>'
    page.evaluate("html => document.body.insertAdjacentHTML('beforeend', html)", widget)
    page.wait_for_function("document.querySelector('input[name=altcha]')?.value")
    answer = page.input_value("input[name=altcha]")
    assert register(app, "ada", answer).status_code == 202


def test_the_page_solves_the_puzzles_of_its_forms(start, chromium):
    app = start("bot_protection")
    page = chromium.new_context(bypass_csp=True).new_page()
    page.goto(app.url)
    judge(page)
    sign_up = page.locator("form[action='/register']")
    for name, value in form("ada").items():
        sign_up.locator(f"[name={name}]").fill(value)
    sign_up.get_by_role("button").click()
    token = app.token("verify_email")
    page.goto(f"{app.url}/verify-email?token={token}")
    page.get_by_role("button", name="Verify my address").click()
    expect(page.locator("#verify")).to_be_hidden()
    log_in = page.locator("form[action='/login']")
    log_in.locator("[name=username]").fill("ada")
    log_in.locator("[name=password]").fill(PASSWORD)
    log_in.get_by_role("button").click()
    expect(page.locator("#name")).to_have_text("ada", timeout=30_000)
    judge(page)
