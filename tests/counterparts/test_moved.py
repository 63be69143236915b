"""Django goes on with its users after the example `moved_in` has moved in."""

import sys
from types import SimpleNamespace

import django
import pytest
from conftest import PASSWORD
from django.conf import settings
from django.urls import path
from guide import python_of, sql_of

OLD = "a-plain-account-2"
# Its ligature is normalised to two letters before the app hashes it.
NEW = "\ufb01ve-strong-words"


def set_up():
    """A project as `startproject` makes it, with the backend of the guide."""
    apps = ["admin", "auth", "contenttypes", "sessions", "messages"]
    parts = ["sessions.middleware.Session", "auth.middleware.Authentication", "messages.middleware.Message"]
    processors = ["template.context_processors.request"]
    processors += [f"contrib.{app}.context_processors.{app}" for app in ["auth", "messages"]]
    settings.configure(
        AUTHENTICATION_BACKENDS=["guide_moving.CrudauthBackend", "django.contrib.auth.backends.ModelBackend"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3"}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=[f"django.contrib.{app}" for app in apps],
        MIDDLEWARE=[f"django.contrib.{part}Middleware" for part in parts],
        SECRET_KEY="the-secret-key-of-a-test",
        STATIC_URL="static/",
        TEMPLATES=[{
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {"context_processors": [f"django.{name}" for name in processors]},
        }],
        USE_TZ=True,
    )
    django.setup()
    from django.contrib import admin
    from django.test.utils import setup_test_environment

    setup_test_environment()
    settings.ROOT_URLCONF = (path("admin/", admin.site.urls),)
    sys.modules["guide_moving"] = SimpleNamespace(**python_of("moving.md"))


@pytest.fixture
def users(tmp_path):
    """The users of Django, in the database that the example opens."""
    if not settings.configured:
        set_up()
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.db import connection

    connection.settings_dict["NAME"] = str(tmp_path / "moved_in.db")
    call_command("migrate", verbosity=0)
    yield User.objects
    connection.close()


def test_every_password_works_in_django_and_in_the_app(users, start):
    from django.contrib.auth import authenticate

    def signed_in(name, password):
        """The account that Django signs in, and the backend that did it."""
        user = authenticate(username=name, password=password)
        return user and (user.username, user.backend.split(".")[-1])

    users.create_user("ada", "ada@example.com", OLD, first_name="Ada")
    users.create_user("late", "late@example.com", OLD)
    app = start("moved_in")
    ada = app.browser()
    assert ada.login("ada@example.com", OLD).status_code == 200
    assert ada.get("/dashboard").json()["name"] == "Ada"
    assert users.get(username="ada").password.startswith("$argon2id$")
    # Django's own backend reads the hashes of those who have not signed in to the app.
    assert signed_in("ada", OLD) == ("ada", "CrudauthBackend")
    assert signed_in("late", OLD) == ("late", "ModelBackend")
    assert signed_in("ada", "wrong") is None

    changed = ada.post("/change-password", json={"current_password": OLD, "new_password": NEW})
    assert changed.status_code == 200, changed.text
    assert signed_in("ada", OLD) is None
    assert signed_in("ada", NEW) == ("ada", "CrudauthBackend")
    user = users.get(username="ada")
    user.set_password(OLD)
    user.save()
    assert ada.get("/me").status_code == 200, "Django ends no session of the app"
    assert app.browser().login("ada", NEW).status_code == 401
    assert app.browser().login("ada", OLD).status_code == 200

    form = {"username": "bob", "email": "bob@example.com", "password": PASSWORD}
    assert app.browser().post("/register", json=form).status_code == 202
    assert signed_in("bob", PASSWORD) == ("bob", "CrudauthBackend")
    users.create_user("Later", "Later@example.com", OLD)
    assert app.browser().login("Later@example.com", OLD).status_code == 200


def test_the_admin_pages_of_django_work_after_the_move(users, start):
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client

    users.create_superuser("root", "root@example.com", OLD)
    key = users.create_user("ada", "ada@example.com", OLD).pk
    pages = Client()

    def log_in():
        form = {"username": "root", "password": OLD, "next": "/admin/"}
        answer = pages.post("/admin/login/", form)
        assert answer.status_code == 302, answer.content

    def save(**changes):
        """Changes fields in the form of an account, and leaves the others as the page shows them."""
        page = pages.get(f"/admin/auth/user/{key}/change/")
        assert page.status_code == 200
        form = page.context["adminform"].form
        fields = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
        fields = {name: value for name, value in (fields | changes).items() if value not in (None, False)}
        joined = fields.pop("date_joined")
        fields |= {"date_joined_0": joined.date(), "date_joined_1": joined.time()}
        answer = pages.post(f"/admin/auth/user/{key}/change/", fields)
        assert answer.status_code == 302, answer.content.decode()

    log_in()
    app = start("moved_in")
    ada, root = app.browser(), app.browser()
    assert ada.login("ada", OLD).status_code == 200
    assert ada.post("/email/verify-request", json={"email": "ada@example.com"}).status_code == 200
    assert ada.post("/email/verify-confirm", json={"token": app.token("verify_email")}).status_code == 200
    assert ada.get("/me").json()["email_verified"] is True
    assert root.login("root", OLD).status_code == 200
    assert root.get("/me").json()["is_superuser"] is True
    assert pages.get("/admin/").status_code == 302, "the new hash ends the session of Django"
    log_in()
    found = pages.get("/admin/auth/user/", {"q": "ada@example"})
    assert [user.username for user in found.context["cl"].result_list] == ["ada"]

    save(is_staff=True)
    assert ada.get("/staff").json()["is_staff"] is True
    save(is_active=False)
    assert ada.get("/me").status_code == 401
    save(is_active=True, username="grace", email="grace@example.com")
    with connection.cursor() as cursor:
        cursor.execute(sql_of("moving.md", "UPDATE auth_user SET username_key").replace("= 7", f"= {key}"))
    passwords = {"password1": NEW, "password2": NEW, "usable_password": "true"}
    assert pages.post(f"/admin/auth/user/{key}/password/", passwords).status_code == 302
    grace = app.browser()
    assert grace.login("grace@example.com", NEW).status_code == 200
    assert "email_verified" not in grace.get("/me").json()
    own = {"old_password": OLD, "new_password1": NEW, "new_password2": NEW}
    refused = pages.post("/admin/password_change/", own).context["form"].errors
    assert list(refused) == ["old_password"], "this form asks no backend"

    assert pages.post(f"/admin/auth/user/{key}/delete/", {"post": "yes"}).status_code == 302
    assert grace.get("/me").status_code == 401
    call_command("check", fail_level="WARNING")
    call_command("migrate", check_unapplied=True)
    call_command("makemigrations", check_changes=True, dry_run=True)
