//! The structs whose tables are generated, behind one trait for every database.

use std::ops::Deref;

use crudauth::email::RecordingSender;
use crudauth::legacy::{Bcrypt, Pbkdf2};
use crudauth::{
    AuthUser, EmailConfig, HashingConfig, MigrateError, Mount, Mounted, Mounts, Plan, RateLimits,
    migrations, slice,
};
use crudauth_tests::{Database, FRONTEND, SECRET};

/// The kinds of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Counted,
    Uuid,
    Text,
}

/// A struct, its mount, and what its table holds.
pub(super) trait Subject: 'static {
    type Auth: Mounts<slice::Session> + Deref<Target = Mounted<<Self::Auth as Mount>::User>>;

    const TABLE: &'static str;
    const KEY: Key;
    const HAS_USERNAME: bool;
    const IS_EMAIL_OPTIONAL: bool;
    const IS_EXACT: bool;
    /// Whether times are numbers.
    const HAS_EPOCHS: bool;

    fn plan(database: &Database) -> impl Future<Output = Result<Plan, MigrateError>> + Send;
    fn run(database: &Database) -> impl Future<Output = Result<usize, MigrateError>> + Send;
    fn build(
        database: &Database,
        outbox: &RecordingSender,
    ) -> impl Future<Output = Result<Self::Auth, crudauth::BuildError>> + Send;
}

macro_rules! subjects {
    ($($subject:ident $auth:ident: $key:ident, $username:literal, $optional:literal, $exact:literal, $epochs:literal;
        $(#[$attribute:meta])* struct $table:ident { $($field:tt)* })*) => {$(
        pub(super) struct $subject;

        mod $table {
            use super::*;

            #[derive(Clone, Debug, AuthUser)]
            $(#[$attribute])*
            #[allow(dead_code, reason = "read by the library only")]
            pub(crate) struct User { $($field)* }

            #[crudauth::routes(user = User, session, email)]
            pub(crate) struct Auth;
        }

        impl Subject for $subject {
            type Auth = $table::Auth;

            const TABLE: &'static str = stringify!($table);
            const KEY: Key = Key::$key;
            const HAS_USERNAME: bool = $username;
            const IS_EMAIL_OPTIONAL: bool = $optional;
            const IS_EXACT: bool = $exact;
            const HAS_EPOCHS: bool = $epochs;

            async fn plan(database: &Database) -> Result<Plan, MigrateError> {
                match database {
                    Database::Sqlite(pool) => migrations!($table::Auth).plan(pool).await,
                    Database::Postgres(pool) => migrations!($table::Auth).plan(pool).await,
                    Database::MySql(pool) => migrations!($table::Auth).plan(pool).await,
                }
            }

            async fn run(database: &Database) -> Result<usize, MigrateError> {
                match database {
                    Database::Sqlite(pool) => migrations!($table::Auth).run(pool).await,
                    Database::Postgres(pool) => migrations!($table::Auth).run(pool).await,
                    Database::MySql(pool) => migrations!($table::Auth).run(pool).await,
                }
            }

            async fn build(
                database: &Database,
                outbox: &RecordingSender,
            ) -> Result<Self::Auth, crudauth::BuildError> {
                macro_rules! build {
                    ($pool:expr) => {
                        $table::Auth::builder($pool.clone(), SECRET)
                            .email(EmailConfig::new(outbox.clone(), FRONTEND))
                            .hashing(HashingConfig::cheap())
                            .rate_limits(RateLimits::off())
                            .legacy_hash(Bcrypt::default().cost(4))
                            .legacy_hash(Pbkdf2::default().iterations(1_000))
                            .build()
                            .await
                    };
                }
                match database {
                    Database::Sqlite(pool) => build!(pool),
                    Database::Postgres(pool) => build!(pool),
                    Database::MySql(pool) => build!(pool),
                }
            }
        }
    )*};
}

subjects! {
    Plain Auth: Counted, true, false, false, false;
    #[auth(table = "plain")]
    struct plain { id: i64, email: String, username: String }

    Keyed Auth: Uuid, false, false, false, false;
    #[auth(table = "keyed")]
    struct keyed { id: uuid::Uuid, email: String }

    Texts Auth: Text, true, true, false, false;
    #[auth(table = "texts")]
    struct texts {
        #[auth(generate = ulid)]
        id: String,
        username: String,
        #[auth(blank_is_null)]
        email: Option<String>,
    }

    Epochs Auth: Counted, true, true, true, true;
    #[auth(table = "epochs", times = "seconds")]
    struct epochs {
        id: i64,
        #[auth(exact)]
        username: String,
        email: Option<String>,
        created_at: i64,
    }
}
