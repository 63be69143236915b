"""Codes of other authenticator apps."""

import subprocess
import time

import pyotp
import pytest
from conftest import PASSWORD


def of_pyotp(setup):
    codes = pyotp.parse_uri(setup["otpauth_uri"])
    assert codes.secret == setup["secret"]
    now = time.time()
    return codes.at(now), codes.at(now, counter_offset=1)


def of_oathtool(setup):
    settings = ["--totp=sha1", "--digits=6", "--time-step-size=30s", "--window=1", "--base32"]
    program = ["oathtool", *settings, setup["secret"]]
    return subprocess.run(program, capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.parametrize("codes", [of_pyotp, of_oathtool])
def test_codes_of_another_app_enrol_and_sign_in(start, codes):
    app = start("account_management")
    ada = app.member("ada")
    code, following = codes(ada.post("/mfa/totp/setup", json={"password": PASSWORD}).json())
    confirmed = ada.post("/mfa/totp/confirm", json={"code": code})
    assert confirmed.status_code == 200, confirmed.text

    browser = app.browser()
    challenge = browser.login("ada").json()
    assert challenge["mfa_required"] is True
    # The code of the enrolment is used up. The next one is accepted early, for clocks that differ.
    used = browser.post("/mfa/verify", json={"challenge": challenge["challenge"], "code": code})
    assert used.status_code == 401, used.text
    done = browser.post("/mfa/verify", json={"challenge": challenge["challenge"], "code": following})
    assert done.status_code == 200, done.text
    assert browser.get("/me").json()["username"] == "ada"
