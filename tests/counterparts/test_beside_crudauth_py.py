"""crudauth-py 0.8.2 serves the same accounts as the example `email_password`."""

import pytest
from conftest import PASSWORD
from crudauth import CookieConfig, CRUDAuth
from crudauth.models import AuthUserMixin
from fastapi import FastAPI
from fastapi.testclient import TestClient
from guide import python_of
from sqlalchemy import String
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NEW = "\ufb01ve-strong-words"


class Base(DeclarativeBase):
    pass


class User(Base, AuthUserMixin):
    __tablename__ = "users"
    full_name: Mapped[str | None] = mapped_column(default=None)
    plan: Mapped[str] = mapped_column(String(16), default="free")


class Python(TestClient):
    """A browser in front of crudauth-py."""

    def login(self, name, password=PASSWORD):
        answer = self.post("/login", data={"username": name, "password": password})
        self.headers["x-csrf-token"] = self.cookies.get("csrf_token", "")
        return answer


@pytest.fixture
def served(tmp_path):
    """An app of crudauth-py with the verifier of the guide, on the database that the example opens."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'email_password.db'}")
    sessions = async_sessionmaker(engine, expire_on_commit=False)

    async def session():
        async with sessions() as one:
            yield one

    settings = python_of("existing_tables.md", CRUDAuth=lambda *_, **given: given)["auth"]
    auth = CRUDAuth(
        session=session,
        user_model=User,
        SECRET_KEY="a-secret-key-of-crudauth-py-in-a-test",
        cookies=CookieConfig(secure=False),
        warn_on_memory_backend=False,
        **settings,
    )

    async def create():
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        await auth.initialize()

    app = FastAPI()
    app.include_router(auth.router)
    with TestClient(app) as client:
        client.portal.call(create)
        yield app
        client.portal.call(engine.dispose)


def test_accounts_of_either_side_work_at_the_other(served, start):
    def register(client, name):
        return client.post("/register", json={"username": name, "email": f"{name}@example.com", "password": PASSWORD})

    def changed(client, old, new):
        return client.post("/change-password", json={"current_password": old, "new_password": new})

    there = Python(served)
    assert register(there, "ada").status_code == 200
    assert there.login("ada").status_code == 200
    app = start("email_password")
    here = app.browser()
    assert here.login("ada").status_code == 200
    # The new hash changes nothing at the other side.
    assert there.get("/me").status_code == 200
    assert Python(served).login("ada").status_code == 200
    assert Python(served).login("ada", "wrong").status_code == 401

    assert changed(here, PASSWORD, NEW).status_code == 200
    assert there.get("/me").status_code == 401
    assert there.login("ada").status_code == 401
    assert there.login("ada", NEW).status_code == 200
    answer = changed(there, NEW, PASSWORD)
    assert answer.status_code == 200, answer.text
    assert here.get("/me").status_code == 401
    assert here.login("ada", NEW).status_code == 401
    assert here.login("ada").status_code == 200

    assert register(app.browser(), "bob").status_code == 202
    assert Python(served).login("bob").status_code == 200
    assert Python(served).login("bob@example.com").status_code == 200
    assert register(Python(served), "carol").status_code == 200
    assert app.browser().login("carol@example.com").status_code == 200
