"""Calls every operation of an OpenAPI document, with input of every kind."""

import subprocess
import sys
from pathlib import Path

from conftest import PASSWORD
from openapi_spec_validator import validate

# poem's 405 names no methods, and poem-openapi reads `false` as a text. A session cookie that proves
# nothing does not hide a token.
EXCLUDED = "unsupported_method,negative_data_rejection,ignored_auth"


def test_no_answer_is_outside_the_document(start, tmp_path):
    app = start("openapi_app")
    app.member("ada")
    form = {"username": "ada", "password": PASSWORD, "scope": "notes:write"}
    tokens = app.browser().post("/token", data=form)
    assert tokens.status_code == 200, tokens.text
    token = tokens.json()["access_token"]
    document = app.browser().get("/openapi.json").json()
    validate(document)
    assert sorted(document["paths"]) == ["/api/dashboard", "/api/greeting", "/api/notes"]
    run = subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"),
            "run",
            f"{app.url}/openapi.json",
            f"--header=Authorization: Bearer {token}",
            f"--exclude-checks={EXCLUDED}",
            "--phases=coverage,fuzzing",
            "--max-examples=50",
            "--seed=1",
        ],
        # It leaves a report where it runs.
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout
    assert "Tested: 3" in run.stdout, run.stdout
