//! Databases that other systems wrote: their accounts sign in with their passwords, every flow works,
//! and the other system goes on inserting rows. `fixtures/README.md` lists the accounts.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test panics")]

mod auth_js;
mod better_auth;
mod django;
mod fastapi_users;
mod page;
mod supabase;
mod wordpress;

use std::ops::Deref;

use crudauth::email::RecordingSender;
use crudauth::testing::App;
use crudauth::{AuthRow, Backend, Migrations, Mount, Mounted, Mounts, slice};
use crudauth_tests::{Database, Kind, every_flow_works};
use serde_json::Value;
use sqlx::Pool;

/// The accounts of a dump.
struct People {
    /// Identifiers and passwords. The first is an address.
    sign_in: &'static [(&'static str, &'static str)],
    /// Disabled, or without a password.
    refused: &'static [(&'static str, &'static str)],
    /// The account of an INSERT that the other system runs after the migration.
    later: (&'static str, &'static str),
    /// Statement of the page that moves the hashes into the table.
    moves: Option<fn(Kind) -> &'static str>,
}

impl People {
    async fn move_hashes(&self, database: &Database) {
        if let Some(moves) = self.moves {
            database.run_script(moves(database.kind())).await;
        }
    }
}

/// Migrates without a blocker, and leaves nothing to do.
async fn migrate<A: Mount, DB: Backend>(pool: &Pool<DB>)
where
    A::User: AuthRow<DB>,
{
    let migrations = Migrations::<A::User>::new();
    let plan = migrations.plan(pool).await.unwrap();
    assert!(plan.blockers().is_empty(), "{plan}");
    migrations.run(pool).await.unwrap();
    let again = migrations.plan(pool).await.unwrap();
    assert!(again.is_empty(), "{again}");
}

/// Signs every account in, by the old and by the new hash, and runs every flow.
async fn assert_moved<A>(
    auth: &A,
    outbox: &RecordingSender,
    database: &Database,
    people: &People,
    new: Value,
    later: &str,
) where
    A: Mount + Mounts<slice::Session> + Deref<Target = Mounted<A::User>>,
{
    let app = App::new(auth, auth.routes()).mails(outbox);
    let refused = async |name: &str, password: &str| {
        let form = [("username", name), ("password", password)];
        assert_eq!(app.client().post_form("/login", form).await.status, 401, "{name}");
    };
    for (name, password) in people.sign_in {
        app.signed_in(name, password).await;
        app.signed_in(name, password).await;
    }
    for (name, password) in people.refused {
        refused(name, password).await;
    }
    refused(people.sign_in[0].0, "not-the-password-1").await;
    every_flow_works(auth, outbox, Some(people.sign_in[0]), new).await;
    database.run_script(later).await;
    people.move_hashes(database).await;
    app.signed_in(people.later.0, people.later.1).await;
}

/// The parameter of `formats` is inferred from the builder.
fn with_formats<B>(builder: B, formats: impl FnOnce(B) -> B) -> B {
    formats(builder)
}

/// A test for each database that the system wrote. The struct `User` and the mount `Auth` are those
/// of the caller.
macro_rules! moved {
    ($system:literal, $people:ident, $new:expr, $formats:expr, [$($test:ident $kind:ident),*]) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                use crudauth::EmailConfig;
                use crudauth::email::RecordingSender;
                use crudauth_tests::{Database, FRONTEND, Kind, Log, SECRET};

                let (database, _) = Database::create(Kind::$kind).await;
                database.run_script(crate::dump!($system, $test, ".sql")).await;
                let Database::$kind(pool) = database.clone() else { unreachable!() };
                crate::migrate::<Auth, _>(&pool).await;
                $people.move_hashes(&database).await;
                let outbox = RecordingSender::default();
                let log = Log::listen();
                let email = EmailConfig::new(outbox.clone(), FRONTEND);
                let auth = crate::with_formats(Auth::builder(pool, SECRET), $formats)
                    .email(email)
                    .build()
                    .await
                    .unwrap();
                assert_eq!(log.count("WARN"), 0, "{}", log.text());
                let later = crate::dump!($system, $test, "_later.sql");
                crate::assert_moved(&auth, &outbox, &database, &$people, $new, later).await;
            }
        )*
    };
}

/// The text of a fixture.
macro_rules! dump {
    ($system:literal, $test:ident, $end:literal) => {
        include_str!(concat!("../fixtures/", $system, "/", stringify!($test), $end))
    };
}

use {dump, moved};
