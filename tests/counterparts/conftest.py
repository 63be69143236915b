"""Starts the examples, each on an empty database."""

import json
import os
import socket
import subprocess
import time
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", HERE.parent.parent / "target"))
PASSWORD = "a-strong-one"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(url, process):
    for _ in range(200):
        assert process.poll() is None, "the program ended"
        try:
            return httpx.get(url)
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError(f"{url} does not answer")


class App:
    """A running example."""

    def __init__(self, url, outbox):
        self.url, self.outbox, self.read = url, outbox, {}

    def browser(self):
        return Browser(self.url)

    def mail(self, kind):
        """The mail of this kind that was not read before."""
        for _ in range(100):
            lines = self.outbox.read_text().splitlines() if self.outbox.exists() else []
            mails = [mail for mail in map(json.loads, lines) if mail["kind"] == kind]
            if len(mails) > self.read.get(kind, 0):
                self.read[kind] = len(mails)
                return mails[-1]
            time.sleep(0.05)
        raise AssertionError(f"no new mail of the kind {kind}")

    def token(self, kind):
        """The token of the link in that mail."""
        return self.mail(kind)["link"].split("token=")[1]

    def member(self, name):
        """A browser in which a new account with a verified address is signed in."""
        browser = self.browser()
        form = {"email": f"{name}@example.com", "username": name, "password": PASSWORD}
        assert browser.post("/register", json=form).status_code == 202
        confirmed = browser.post("/email/verify-confirm", json={"token": self.token("verify_email")})
        assert confirmed.status_code == 200, confirmed.text
        assert browser.login(name).status_code == 200
        return browser


class Browser(httpx.Client):
    """Sends the CSRF token with every request."""

    def __init__(self, url):
        # A million iterations of PBKDF2 take seconds in a debug build.
        super().__init__(base_url=url, headers={"origin": url}, timeout=60)
        self.event_hooks["request"].append(self.add_token)

    def add_token(self, request):
        token = self.cookies.get("csrf_token")
        if token:
            request.headers["x-csrf-token"] = token

    def login(self, name, password=PASSWORD):
        return self.post("/login", data={"username": name, "password": password})


@pytest.fixture
def start(tmp_path):
    """Starts an example, with these variables besides its own."""
    running = []

    def start(name, **variables):
        # A browser accepts passkeys on this host without TLS.
        url = f"http://localhost:{free_port()}"
        outbox = tmp_path / f"{name}.outbox"
        environment = {
            **os.environ,
            "BIND": url.removeprefix("http://").replace("localhost", "127.0.0.1"),
            "DATABASE_URL": f"sqlite://{tmp_path / name}.db?mode=rwc",
            "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz",
            "FRONTEND_URL": url,
            "PUBLIC_URL": url,
            "OUTBOX": str(outbox),
            "COOKIE_SECURE": "false",
            **variables,
        }
        program = TARGET / "debug" / "examples" / name
        with (tmp_path / f"{name}.log").open("w") as log:
            running.append(subprocess.Popen([program], env=environment, stdout=log, stderr=log))
        wait_for(f"{url}/me", running[-1])
        return App(url, outbox)

    yield start
    for process in running:
        process.kill()
        process.wait()


@pytest.fixture
def chromium():
    with sync_playwright() as playwright:
        # As root, Chromium has no sandbox.
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()


def judge(page):
    """Asserts that axe finds nothing on a page."""
    found = Axe().run(page)
    assert found.violations_count == 0, f"{page.url}: {found.generate_report()}"


def node(script, given=None, *arguments):
    """Runs a script, which reads and writes JSON."""
    done = subprocess.run(
        ["node", HERE / script, *arguments],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)
