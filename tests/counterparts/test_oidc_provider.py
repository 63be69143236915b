"""Sign-in with a certified OpenID provider."""

import re
import subprocess
import time

import httpx
import pytest
from conftest import HERE, free_port, judge, wait_for
from playwright.sync_api import expect


class Issuer:
    """A provider, whose signing key a restart replaces."""

    def __init__(self):
        self.port, self.process, self.domain = free_port(), None, "example.com"
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self, app, kid):
        self.stop()
        script = HERE / "provider.mjs"
        self.process = subprocess.Popen(["node", script, str(self.port), app.url, kid, self.domain])
        wait_for(f"{self.url}/.well-known/openid-configuration", self.process)

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def issuer():
    issuer = Issuer()
    yield issuer
    issuer.stop()


second = issuer

def client_of(issuer, start):
    """The example, as a client of `oidc-provider`."""
    # The provider may be down when the app starts.
    app = start("sign_in_with_oidc", OIDC_ISSUER=issuer.url, OIDC_CLIENT_SECRET="secret")
    issuer.start(app, "first")
    return app


@pytest.fixture
def app(start, issuer):
    return client_of(issuer, start)


def consent(person, name, url):
    """Signs in on the pages of the provider, and returns the URL of the callback."""
    answer = person.get(url)
    for _ in range(12):
        if answer.is_redirect:
            url = str(answer.next_request.url)
            if "/callback" in url:
                return url
            answer = person.get(url)
            continue
        assert answer.status_code == 200, answer.text
        action = re.search(r'action="([^"]+)"', answer.text).group(1)
        prompt = re.search(r'name="prompt" value="(\w+)"', answer.text).group(1)
        fields = {"prompt": prompt}
        if prompt == "login":
            fields |= {"login": name, "password": "anything"}
        answer = person.post(action, data=fields)
    raise AssertionError("the provider sends nobody back")


def sign_in(browser, name, person=None):
    begun = browser.get("/oauth/oidc/authorize")
    assert begun.status_code == 307, begun.text
    person = person or httpx.Client()
    return browser.get(consent(person, name, begun.headers["location"]))


def test_a_person_signs_up_signs_in_and_manages_the_connection(app):
    ada = app.browser()
    assert "error=" not in sign_in(ada, "ada").headers["location"]
    me = ada.get("/me").json()
    assert (me["username"], me["email"]) == ("ada", "ada@example.com")
    again = app.browser()
    sign_in(again, "ada")
    assert again.get("/me").json()["user_id"] == me["user_id"]
    other = app.browser()
    sign_in(other, "eve")
    assert other.get("/me").json()["user_id"] != me["user_id"]

    connections = ada.get("/oauth/connections").json()
    assert [one["provider"] for one in connections] == ["oidc"]
    last = ada.delete(f"/oauth/connections/{connections[0]['id']}")
    assert last.status_code == 409, "the last way in stays"
    assert ada.post("/set-password", json={"new_password": "a-strong-one"}).status_code == 200
    removed = ada.delete(f"/oauth/connections/{connections[0]['id']}")
    assert removed.status_code == 200, removed.text
    assert ada.login("ada").status_code == 200
    connected = ada.post("/oauth/oidc/connect", json={})
    assert connected.status_code == 200, connected.text
    with httpx.Client() as person:
        ada.get(consent(person, "ada", connected.json()["url"]))
    assert len(ada.get("/oauth/connections").json()) == 1


def person_at(app, name):
    """The id of an account, and the ids of its connections, after a sign-in."""
    browser = app.browser()
    assert "error=" not in sign_in(browser, name).headers["location"]
    connections = browser.get("/oauth/connections").json()
    return browser.get("/me").json()["user_id"], [one["id"] for one in connections]


def test_a_subject_alone_opens_no_account_of_another_provider(start, app, second):
    second.domain = "other.example"
    other = client_of(second, start)
    ada, at_first = person_at(app, "ada")
    namesake, at_second = person_at(other, "ada")
    assert namesake != ada
    assert (len(at_first), len(at_second)) == (1, 1)
    assert at_first != at_second
    assert person_at(app, "ada") == (ada, at_first)


def test_one_subject_and_address_at_two_providers_are_two_identities(start, app, second):
    other = client_of(second, start)
    ada, at_first = person_at(app, "ada")
    # Both providers have verified the address.
    same, at_both = person_at(other, "ada")
    assert same == ada
    assert len(at_both) == 2
    assert at_first[0] in at_both


def test_fresh_proof_asks_the_person_again(app):
    ada = app.browser()
    with httpx.Client() as person:
        begun = ada.get("/oauth/oidc/authorize")
        ada.get(consent(person, "ada", begun.headers["location"]))
        fresh = ada.get("/oauth/oidc/authorize", params={"fresh": "true"})
        shown = person.get(fresh.headers["location"], follow_redirects=True)
        assert 'name="prompt" value="login"' in shown.text, "although the person is signed in there"
        ada.get(consent(person, "ada", fresh.headers["location"]))
    assert ada.get("/me").status_code == 200


def test_a_callback_counts_once(app):
    ada = app.browser()
    begun = ada.get("/oauth/oidc/authorize")
    with httpx.Client() as person:
        back = consent(person, "ada", begun.headers["location"])
    assert "error=" not in ada.get(back).headers["location"]
    assert "error=" in ada.get(back).headers["location"]


def test_a_key_that_is_rotated_before_a_sign_in_is_fetched(app, issuer):
    ada = app.browser()
    sign_in(ada, "ada")
    issuer.start(app, "second")
    again = app.browser()
    assert "error=" not in sign_in(again, "ada").headers["location"]
    assert again.get("/me").json()["username"] == "ada"


def test_a_logout_ends_the_session_there_and_the_others_of_the_person(app):
    laptop, phone = httpx.Client(), httpx.Client()
    ada, window, elsewhere = app.browser(), app.browser(), app.browser()
    sign_in(ada, "ada", laptop)
    sign_in(window, "ada", laptop)
    sign_in(elsewhere, "ada", phone)
    ended = ada.post("/oauth/oidc/logout", json={})
    assert ada.get("/me").status_code == 401
    assert window.get("/me").status_code == 200, "the provider has not been asked yet"
    shown = laptop.get(ended.json()["url"])
    action = re.search(r'action="([^"]+)"', shown.text).group(1)
    xsrf = re.search(r'name="xsrf" value="([^"]+)"', shown.text).group(1)
    back = laptop.post(action, data={"xsrf": xsrf, "logout": "yes"})
    assert back.headers["location"].rstrip("/") == app.url, back.text
    for _ in range(100):
        if window.get("/me").status_code == 401:
            break
        time.sleep(0.05)
    assert window.get("/me").status_code == 401, "the provider told the app"
    assert elsewhere.get("/me").status_code == 401, "its owner may not know which is which"


def test_the_button_of_the_page_signs_in(app, chromium):
    page = chromium.new_context(bypass_csp=True).new_page()
    page.goto(app.url)
    judge(page)
    page.get_by_role("link", name="Sign in with the provider").click()
    page.locator("[name=login]").fill("ada")
    page.locator("[name=password]").fill("anything")
    page.locator("[type=submit]").click()
    page.locator("[type=submit]").click()
    expect(page).to_have_url(f"{app.url}/")
    expect(page.locator("#name")).to_have_text("ada")
    expect(page.locator("#connections li")).to_have_count(1)
    judge(page)
    page.get_by_role("button", name="Log out").click()
    expect(page.locator("#signed-out")).to_be_visible()
