"""Passkeys of another authenticator, and the verdict of another server about the same answers."""

from authenticator import Authenticator
from conftest import PASSWORD, node
from fido2.webauthn import AuthenticatorData


def options_of(browser, path, **body):
    answer = browser.post(path, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["public_key"]


def test_a_passkey_of_fido2_registers_signs_in_and_proves_its_owner(start):
    app = start("account_management")
    device = Authenticator(app.url)
    ada = app.member("ada")
    assert ada.post("/sudo", json={"password": PASSWORD}).status_code == 200
    creation = options_of(ada, "/passkeys/register/options")
    made = device.create(creation)
    registered = ada.post("/passkeys/register/verify", json={"credential": made})
    assert registered.status_code == 201, registered.text

    browser = app.browser()
    request = options_of(browser, "/passkeys/sign-in/options")
    signed = device.get(request)
    done = browser.post("/passkeys/sign-in/verify", json={"credential": signed})
    assert done.status_code == 200, done.text
    assert browser.get("/me").json()["username"] == "ada"
    again = browser.post("/passkeys/sign-in/verify", json={"credential": signed})
    assert again.status_code == 400, again.text

    proof = device.get(options_of(browser, "/passkeys/sudo/options"))
    elevated = browser.post("/sudo", json={"passkey": proof})
    assert elevated.status_code == 200, elevated.text

    verdict = node("judge.mjs", {
        "origin": app.url,
        "registration": {"options": creation, "credential": made},
        "assertion": {"options": request, "credential": signed},
    })
    assert verdict == {"registered": True, "signed": True}


def test_both_servers_accept_an_offered_passkey_without_its_user(start):
    app = start("account_management")
    device = Authenticator(app.url)
    app.member("ada")
    browser = app.browser()
    form = {"username": "ada", "password": PASSWORD, "offer_passkey": "true"}
    creation = browser.post("/login", data=form).json()["passkey_offer"]["public_key"]
    made = device.create(creation, AuthenticatorData.FLAG(0))
    registered = browser.post("/passkeys/register/verify", json={"credential": made})
    assert registered.status_code == 201, registered.text
    request = options_of(browser, "/passkeys/sign-in/options")
    signed = device.get(request)
    done = browser.post("/passkeys/sign-in/verify", json={"credential": signed})
    assert done.status_code == 200, done.text
    verdict = node("judge.mjs", {
        "origin": app.url,
        "registration": {"options": creation, "credential": made, "isOffer": True},
        "assertion": {"options": request, "credential": signed},
    })
    assert verdict == {"registered": True, "signed": True}


def test_both_servers_refuse_a_wrong_signature(start):
    app = start("account_management")
    device, other = Authenticator(app.url), Authenticator(app.url)
    ada = app.member("ada")
    assert ada.post("/sudo", json={"password": PASSWORD}).status_code == 200
    creation = options_of(ada, "/passkeys/register/options")
    made = device.create(creation)
    assert ada.post("/passkeys/register/verify", json={"credential": made}).status_code == 201
    other.id, other.handle = device.id, device.handle
    browser = app.browser()
    request = options_of(browser, "/passkeys/sign-in/options")
    forged = other.get(request)
    refused = browser.post("/passkeys/sign-in/verify", json={"credential": forged})
    assert refused.status_code == 401, refused.text
    verdict = node("judge.mjs", {
        "origin": app.url,
        "registration": {"options": creation, "credential": made},
        "assertion": {"options": request, "credential": forged},
    })
    assert verdict == {"registered": True, "signed": False}
