"""Codes of another authenticator app."""

import time

import pyotp
from conftest import PASSWORD


def test_codes_of_pyotp_enrol_and_sign_in(start):
    app = start("account_management")
    ada = app.member("ada")
    setup = ada.post("/mfa/totp/setup", json={"password": PASSWORD}).json()
    codes = pyotp.parse_uri(setup["otpauth_uri"])
    assert codes.secret == setup["secret"]
    confirmed = ada.post("/mfa/totp/confirm", json={"code": codes.now()})
    assert confirmed.status_code == 200, confirmed.text

    browser = app.browser()
    challenge = browser.login("ada").json()
    assert challenge["mfa_required"] is True
    # The code of the enrolment is used up. The next one is accepted early, for clocks that differ.
    used = browser.post("/mfa/verify", json={"challenge": challenge["challenge"], "code": codes.now()})
    assert used.status_code == 401, used.text
    following = codes.at(time.time(), counter_offset=1)
    done = browser.post("/mfa/verify", json={"challenge": challenge["challenge"], "code": following})
    assert done.status_code == 200, done.text
    assert browser.get("/me").json()["username"] == "ada"
