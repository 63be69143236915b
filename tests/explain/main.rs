//! Each statement that the library executes is searched by an index, in tables of 100,000 rows.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test panics")]

use std::sync::Arc;
use std::time::Duration;

use crudauth::email::RecordingSender;
use crudauth::testing::cheap_hashing;
use crudauth::{
    AccountConfig, AdminConfig, ApiKeyConfig, AuthUser, BearerConfig, EmailConfig,
    EmailLoginConfig, ManualClock, MfaConfig, OAuthConfig, PasskeyConfig, RateLimits, RefreshIn,
    Scopes, migrations, oauth,
};
use crudauth_tests::{Database, FRONTEND, Kind, SECRET, Statements};

mod fill;
mod flows;
mod plans;
mod providers;
mod templates;

crudauth::scopes! {
    ReportsRead = "reports:read";
}

/// A table of users, and the library's beside it.
pub(crate) struct Case {
    table: &'static str,
    suffixes: &'static [&'static str],
    /// Columns of compared forms.
    keys: &'static [&'static str],
    /// Whether the table existed, so that another program may insert rows without compared forms.
    is_adopted: bool,
    has_text_key: bool,
    /// Whether some accounts were deleted by the time in a column.
    has_deleted: bool,
}

const SUFFIXES: [&str; 16] = [
    "sessions",
    "token_families",
    "api_keys",
    "one_time_tokens",
    "rate_limits",
    "lockouts",
    "authenticators",
    "recovery_codes",
    "browser_trusts",
    "passkeys",
    "connections",
    "deletions",
    "suspensions",
    "audit",
    "invitations",
    "challenges",
];

/// The templates that no flow executes. The secret of the app stays, and no table has the columns of
/// crudauth-py: their search reads the whole table, once at a start. A verification of all chains
/// reads everything. No account leaves its row here; one that does is found by its key.
const UNUSED: [(&str, &str); 5] = [
    ("trail/sql.rs", "SELECT DISTINCT user_id"),
    ("account/sql.rs", "UPDATE {table} SET {erased}"),
    ("mfa/sql.rs", "UPDATE {+authenticators} SET secret = :new"),
    ("mfa/takeover_sql.rs", "SELECT {read id}"),
    ("mfa/takeover_sql.rs", "UPDATE {table} SET totp_secret_encrypted"),
];

/// Whether a statement may read more than it returns: the first page, which ends after 101 rows of the
/// primary key, and the search for another superuser, when one is disabled. The tests themselves make
/// superusers, as no route does.
fn may_scan(statement: &str) -> bool {
    let is_first_page = statement.ends_with("LIMIT 101") && !statement.contains("WHERE");
    let is_own = statement.contains("SET is_superuser = TRUE");
    // A third of the accounts of these tests is due, so that PostgreSQL reads them all. Of a few it
    // reads those.
    let is_of_purge = statement.ends_with(".expires_at LIMIT 100");
    is_own || is_first_page || is_of_purge || statement.ends_with("LIMIT 10")
}

/// The names and types of the columns of a table.
async fn columns(database: &Database, table: &str) -> Vec<(String, String)> {
    let sql = match database.kind() {
        Kind::Sqlite => {
            format!(
                "SELECT GROUP_CONCAT(name || ' ' || LOWER(type), ';') FROM pragma_table_info('{table}')"
            )
        }
        Kind::Postgres => format!(
            "SELECT STRING_AGG(column_name || ' ' || data_type, ';') \
             FROM information_schema.columns WHERE table_name = '{table}'"
        ),
        Kind::MySql => format!(
            "SELECT CAST(GROUP_CONCAT(CONCAT(column_name, ' ', data_type) SEPARATOR ';') AS CHAR) \
             FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = '{table}'"
        ),
    };
    let text = database.text(&sql).await;
    let columns = text.split(';').filter_map(|column| column.split_once(' '));
    columns.map(|(name, sql_type)| (name.to_owned(), sql_type.to_owned())).collect()
}

async fn analyze(database: &Database, case: &Case) {
    match database.kind() {
        Kind::Sqlite | Kind::Postgres => database.execute("ANALYZE").await,
        Kind::MySql => {
            let beside = case.suffixes.iter().map(|suffix| format!(", {}_{suffix}", case.table));
            let beside: String = beside.collect();
            database.execute(&format!("ANALYZE TABLE {}{beside}", case.table)).await;
        }
    }
}

/// The templates that none of the statements is a rendered form of.
fn missed(kind: Kind, case: &Case, statements: &[String]) -> Vec<(String, String)> {
    let mut templates = templates::templates();
    assert!(templates.len() > 50, "the sources are read");
    templates.retain(|(file, template)| {
        let is_unused =
            UNUSED.iter().any(|(name, start)| file.ends_with(name) && template.starts_with(start));
        let has_own_key = case.keys.contains(&"email_key");
        let needs_own_key = template.contains("{shown_recovery}");
        let needs_unfilled = template.contains("{identifier ");
        !is_unused
            && (has_own_key || !needs_own_key)
            && (case.is_adopted || !needs_unfilled)
            && (kind == Kind::MySql || !template.starts_with("SELECT hits"))
    });
    templates.retain(|(_, template)| {
        !statements.iter().any(|statement| templates::renders(template, statement))
    });
    templates
}

/// A struct, the table for it if it existed, and what is searched.
macro_rules! cases {
    ($(fn $name:ident on $kind:ident($table:literal, $case:expr) {
        sql $sql:expr;
        $(#[$attribute:meta])* struct User { $($field:tt)* }
    })*) => {$(
        mod $name {
            use super::*;

            #[derive(Clone, Debug, AuthUser)]
            #[auth(table = $table)]
            $(#[$attribute])*
            #[allow(dead_code, reason = "read by the library only")]
            struct User { $($field)* }

            #[crudauth::routes(user = User, session, bearer, api_keys, sessions, tokens, email, mfa, passkeys, oauth, account, admin, audit, email_login, invitations)]
            struct Auth;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn every_statement_is_searched_by_an_index() {
                let case = Case { table: $table, ..$case };
                let url = Database::create_empty(Kind::$kind).await;
                let pool = pool_of_one!($kind, &url);
                let database = Database::$kind(pool.clone());
                let sql: &str = $sql;
                for statement in sql.split(";\n").filter(|statement| !statement.is_empty()) {
                    database.execute(statement).await;
                }
                migrations!(Auth).run(&pool).await.unwrap();
                fill::fill(&database, &case).await;
                analyze(&database, &case).await;
                let (outbox, clock) = (RecordingSender::default(), Arc::new(ManualClock::default()));
                let provider = providers::Scripted::default();
                let own = oauth::Provider::own("own", provider.clone()).keep_tokens();
                let auth = Auth::builder(pool, SECRET)
                    .oauth(OAuthConfig::new(FRONTEND).provider(own))
                    .email(EmailConfig::new(outbox.clone(), FRONTEND))
                    .bearer(BearerConfig::default().grantable_scopes(ReportsRead).max_sign_ins(2))
                    .api_keys(ApiKeyConfig::default().max_keys(1))
                    .admin(AdminConfig::default().impersonates(true))
                    .mfa(MfaConfig::default().max_failures(3).trusted_browsers(Duration::from_hours(1)))
                    .passkeys(PasskeyConfig::default())
                    .email_login(EmailLoginConfig::default().creates_accounts(true))
                    .account(AccountConfig::default().grace(Duration::from_hours(24)))
                    .account_data(flows::Obstacle::default())
                    .refresh_in(RefreshIn::Body)
                    .scopes_for(|_, _| Scopes::default())
                    .hashing(cheap_hashing())
                    .rate_limits(RateLimits::default())
                    .clock(clock.clone())
                    .build()
                    .await
                    .unwrap();
                let statements = Statements::on($table);
                let world = flows::World::new(&auth, &outbox, &clock, &database, $table, provider);
                world.every_flow().await;
                auth.drained().await;
                let statements: Vec<_> = statements.list().into_iter().collect();
                let missed = missed(Kind::$kind, &case, &statements);
                assert!(missed.is_empty(), "no flow executes {missed:#?}");
                let scans = plans::scans(&database, &case, &statements).await;
                assert!(scans.is_empty(), "{}", scans.join("\n\n"));
            }
        }
    )*};
}

/// A pool of one connection, which keeps every statement prepared.
macro_rules! pool_of_one {
    (Sqlite, $url:expr) => { pool_of_one!(@ sqlx::sqlite::SqliteConnectOptions, $url) };
    (Postgres, $url:expr) => { pool_of_one!(@ sqlx::postgres::PgConnectOptions, $url) };
    (MySql, $url:expr) => { pool_of_one!(@ sqlx::mysql::MySqlConnectOptions, $url) };
    (@ $options:ty, $url:expr) => {{
        let options: $options = $url.parse().unwrap();
        let options = options.statement_cache_capacity(1_000);
        sqlx::pool::PoolOptions::new().max_connections(1).connect_with(options).await.unwrap()
    }};
}

const CREATED: Case = Case {
    table: "",
    suffixes: &SUFFIXES,
    keys: &["username_key"],
    is_adopted: false,
    has_text_key: false,
    has_deleted: false,
};

const ADOPTED: Case = Case { is_adopted: true, ..CREATED };

const LEFT: Case = Case { has_deleted: true, ..ADOPTED };

cases! {
    fn created_on_sqlite on Sqlite("crowd_one", CREATED) {
        sql "";
        struct User { id: i64, email: String, username: String }
    }
    fn adopted_on_sqlite on Sqlite("crowd_two", Case { keys: &["email_key", "username_key"], ..ADOPTED }) {
        sql "CREATE TABLE crowd_two (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, \
             username TEXT NOT NULL UNIQUE, hashed_password TEXT)";
        struct User { id: i64, #[auth(key = "email_key")] email: String, username: String }
    }
    fn left_on_sqlite on Sqlite("crowd_nine", LEFT) {
        sql "CREATE TABLE crowd_nine (id INTEGER PRIMARY KEY, email TEXT NOT NULL, \
             username TEXT NOT NULL, hashed_password TEXT, left_at TIMESTAMP)";
        #[auth(deleted_at = "left_at")]
        struct User { id: i64, email: String, username: String }
    }
    fn created_on_postgres on Postgres("crowd_three", CREATED) {
        sql "";
        struct User { id: i64, email: String, username: String }
    }
    fn left_on_postgres on Postgres("crowd_four", Case { keys: &["email_key", "username_key"], ..LEFT }) {
        sql "CREATE TABLE crowd_four (id SERIAL PRIMARY KEY, email VARCHAR(200) NOT NULL, \
             username CHAR(40) NOT NULL, hashed_password CHAR(200), left_at TIMESTAMP)";
        #[auth(deleted_at = "left_at")]
        struct User { id: i64, #[auth(key = "email_key")] email: String, username: String }
    }
    fn citext_on_postgres on Postgres("crowd_five", Case { has_text_key: true, ..ADOPTED }) {
        sql "CREATE EXTENSION citext;\n\
             CREATE TABLE crowd_five (id CHAR(36) PRIMARY KEY, email CITEXT NOT NULL UNIQUE, \
             username CITEXT NOT NULL UNIQUE, hashed_password TEXT)";
        struct User { #[auth(generate = uuid)] id: String, email: String, username: String }
    }
    fn created_on_mysql on MySql("crowd_six", CREATED) {
        sql "";
        struct User { id: i64, email: String, username: String }
    }
    fn adopted_on_mysql on MySql("crowd_seven", Case { keys: &["email_key", "username_key"], ..ADOPTED }) {
        sql "CREATE TABLE crowd_seven (id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, \
             email VARCHAR(191) NOT NULL UNIQUE, username VARCHAR(40) NOT NULL UNIQUE, \
             hashed_password VARCHAR(255)) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci";
        struct User { id: i64, #[auth(key = "email_key")] email: String, username: String }
    }
    fn left_on_mysql on MySql("crowd_eight", Case { has_text_key: true, ..LEFT }) {
        sql "CREATE TABLE crowd_eight (id CHAR(36) PRIMARY KEY, email VARCHAR(191) NOT NULL UNIQUE, \
             username VARCHAR(40) NOT NULL UNIQUE, hashed_password VARCHAR(255), left_at DATETIME) \
             CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci";
        #[auth(deleted_at = "left_at")]
        struct User { #[auth(generate = uuid)] id: String, email: String, username: String }
    }
}
