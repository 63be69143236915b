//! Tables of public applications and frameworks: the plan has no blocker, everybody signs in, and the
//! programs that used the table go on.

use crudauth::email::RecordingSender;
use crudauth::legacy::Bcrypt;
use crudauth::{AuthUser, EmailConfig, migrations};
use crudauth_tests::{Database, FRONTEND, Kind, SECRET, every_flow_works};
use serde_json::json;

/// A hash of `a-strong-one` that the library reads, with its own costs.
pub(crate) const ARGON: &str = "$argon2id$v=19$m=19456,t=2,p=1$5otZYA/2CSkZjvfab/1x8Q\
                                $bDtG3jInRiIXuy88BVoTJ7+ZJFFt4cs37h2EZ+2Zwjs";

/// A hash of `a-strong-one` by bcrypt with a cost of 4.
pub(crate) const BCRYPT: &str = "$2b$04$W.3ZPYfDjISHYuTNKAwure9T56pdgbKmf494d7Fj6NVpIowmhSUKa";

/// A table that exists, the struct for it, and an account in it with the password `a-strong-one`. The
/// statements of `fix` remove the blockers of a table that has some.
macro_rules! real_tables {
    ($($(#[$note:meta])* fn $name:ident on $kind:ident($address:literal, $new:expr, $after:expr) {
        sql $sql:expr;
        $(fix $fix:expr;)?
        $(#[$attribute:meta])* struct User { $($field:tt)* }
    })*) => {$(
        mod $name {
            use super::*;

            #[derive(Clone, Debug, AuthUser)]
            $(#[$attribute])*
            #[allow(dead_code, reason = "read by the library only")]
            struct User { $($field)* }

            #[crudauth::routes(user = User, session, email)]
            struct Auth;

            $(#[$note])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn takes_every_account_over() {
                let (database, _) = Database::create(Kind::$kind).await;
                for statement in $sql.replace("ARGON", ARGON).replace("BCRYPT", BCRYPT).split(";\n") {
                    database.execute(statement).await;
                }
                let Database::$kind(pool) = database.clone() else { unreachable!() };
                let plan = migrations!(Auth).plan(&pool).await.unwrap();
                $(
                    assert!(!plan.blockers().is_empty(), "the table fits as it is");
                    database.run_script($fix).await;
                    let plan = migrations!(Auth).plan(&pool).await.unwrap();
                )?
                assert!(plan.blockers().is_empty(), "{plan}");
                migrations!(Auth).run(&pool).await.unwrap();
                let again = migrations!(Auth).plan(&pool).await.unwrap();
                assert!(again.is_empty(), "{again}");
                let outbox = RecordingSender::default();
                let email = EmailConfig::new(outbox.clone(), FRONTEND);
                let auth = Auth::builder(pool, SECRET)
                    .legacy_hash(Bcrypt::default())
                    .email(email)
                    .build()
                    .await
                    .unwrap();
                let existing = Some(($address, "a-strong-one")).filter(|(address, _)| !address.is_empty());
                every_flow_works(&auth, &outbox, existing, $new).await;
                let after: &[(&str, i64)] = $after;
                for (rows, count) in after {
                    assert_eq!(database.count(rows).await, *count, "{rows}");
                }
            }
        }
    )*};
}

real_tables! {
    fn epoch_milliseconds_on_postgres on Postgres("ada@example.com",
        json!({ "email": "bob@example.com", "password": "a-strong-one" }),
        // 2020 to 2100.
        &[("users WHERE created_at BETWEEN 1577836800000 AND 4102444800000", 3),
          ("users WHERE updated_at BETWEEN 1577836800000 AND 4102444800000", 3)])
    {
        sql "CREATE TABLE users (id BIGSERIAL PRIMARY KEY, email TEXT UNIQUE NOT NULL, \
             hashed_password TEXT, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);\n\
             INSERT INTO users (email, hashed_password, created_at, updated_at) \
             VALUES ('ada@example.com', 'ARGON', 1700000000000, 1700000000000)";
        #[auth(table = "users", times = "milliseconds")]
        struct User { id: i64, email: String, created_at: i64 }
    }
    fn epoch_seconds_on_sqlite on Sqlite("ada@example.com",
        json!({ "email": "bob@example.com", "password": "a-strong-one" }),
        &[("users WHERE created_at BETWEEN 1577836800 AND 4102444800", 3),
          ("users WHERE TYPEOF(updated_at) = 'integer' AND updated_at > 1577836800", 3)])
    {
        sql "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT UNIQUE NOT NULL, \
             hashed_password TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL);\n\
             INSERT INTO users (email, hashed_password, created_at, updated_at) \
             VALUES ('ada@example.com', 'ARGON', 1700000000, 1700000000)";
        #[auth(table = "users", times = "seconds")]
        struct User { id: i64, email: String, created_at: i64 }
    }
    fn epoch_nanoseconds_on_mysql on MySql("ada@example.com",
        json!({ "email": "bob@example.com", "password": "a-strong-one" }),
        &[("users WHERE created_at BETWEEN 1577836800000000000 AND 4102444800000000000", 3),
          ("users WHERE updated_at BETWEEN 1577836800000000000 AND 4102444800000000000", 3)])
    {
        sql "CREATE TABLE users (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, \
             email VARCHAR(255) UNIQUE NOT NULL, hashed_password VARCHAR(255), \
             created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);\n\
             INSERT INTO users (email, hashed_password, created_at, updated_at) \
             VALUES ('ada@example.com', 'ARGON', 1700000000000000000, 1700000000000000000)";
        #[auth(table = "users", times = "nanoseconds")]
        struct User { id: i64, email: String, created_at: i64 }
    }
    fn devise on Postgres("ada@example.com",
        json!({ "email": "bob@example.com", "password": "a-strong-one" }),
        &[("users WHERE updated_at > created_at - interval '1 minute'", 3),
          ("users WHERE created_at > now() AT TIME ZONE 'UTC' - interval '1 hour'", 2)])
    {
        sql "CREATE TABLE users (id bigserial PRIMARY KEY, email varchar NOT NULL DEFAULT '', \
             encrypted_password varchar NOT NULL DEFAULT '', reset_password_token varchar, \
             reset_password_sent_at timestamp(6), remember_created_at timestamp(6), \
             confirmed_at timestamp(6), created_at timestamp(6) NOT NULL, \
             updated_at timestamp(6) NOT NULL);\n\
             CREATE UNIQUE INDEX index_users_on_email ON users (email);\n\
             CREATE UNIQUE INDEX index_users_on_reset ON users (reset_password_token);\n\
             INSERT INTO users (email, encrypted_password, created_at, updated_at) \
             VALUES ('ada@example.com', 'BCRYPT', '2020-01-01', '2020-01-01')";
        #[auth(table = "users", hashed_password = "encrypted_password")]
        struct User { id: i64, email: String }
    }
    fn phoenix on Postgres("ada@example.com",
        json!({ "email": "bob@example.com", "password": "a-strong-one" }),
        &[("users_tokens", 1)])
    {
        sql "CREATE EXTENSION citext;\n\
             CREATE TABLE users (id bigserial PRIMARY KEY, email citext NOT NULL, \
             hashed_password varchar(255), confirmed_at timestamp(0), \
             inserted_at timestamp(0) NOT NULL, updated_at timestamp(0) NOT NULL);\n\
             CREATE UNIQUE INDEX users_email_index ON users (email);\n\
             CREATE TABLE users_tokens (id bigserial PRIMARY KEY, user_id bigint NOT NULL \
             REFERENCES users (id) ON DELETE CASCADE, token bytea NOT NULL, context varchar NOT NULL);\n\
             INSERT INTO users (email, hashed_password, inserted_at, updated_at) \
             VALUES ('ada@example.com', 'BCRYPT', now(), now());\n\
             INSERT INTO users_tokens (user_id, token, context) VALUES (1, 'x', 'session')";
        #[auth(table = "users", created_at = "inserted_at")]
        struct User { id: i64, email: String }
    }
    fn prisma on Postgres("ada@example.com",
        json!({ "email": "bob@example.com", "password": "a-strong-one" }),
        &[("\"User\" WHERE LENGTH(id) IN (25, 26) AND \"updatedAt\" IS NOT NULL", 3)])
    {
        sql "CREATE TABLE \"User\" (id text PRIMARY KEY, name text, email text UNIQUE, \
             \"emailVerified\" timestamp(3), image text, \"passwordHash\" text, \
             \"createdAt\" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP, \
             \"updatedAt\" timestamp(3) NOT NULL);\n\
             INSERT INTO \"User\" (id, email, \"passwordHash\", \"updatedAt\") \
             VALUES ('clh3z5f0w0000qzrm1hbg3k9x', 'ada@example.com', 'ARGON', now())";
        #[auth(table = "User", hashed_password = "passwordHash", created_at = "createdAt", updated_at = "updatedAt")]
        struct User {
            #[auth(generate = ulid)]
            id: String,
            email: String,
        }
    }
    fn laravel on MySql("ada@example.com",
        json!({ "email": "bob@example.com", "name": "Bob", "password": "a-strong-one" }),
        &[("users WHERE name IN ('Ada', 'Bob')", 3)])
    {
        sql "CREATE TABLE users (id bigint unsigned AUTO_INCREMENT PRIMARY KEY, \
             name varchar(255) NOT NULL, email varchar(255) NOT NULL, \
             email_verified_at timestamp NULL, password varchar(255) NOT NULL, \
             remember_token varchar(100), created_at timestamp NULL, updated_at timestamp NULL, \
             UNIQUE KEY users_email_unique (email)) COLLATE utf8mb4_unicode_ci;\n\
             INSERT INTO users (name, email, password, created_at) \
             VALUES ('Ada', 'ada@example.com', 'BCRYPT', now())";
        #[auth(table = "users", hashed_password = "password")]
        struct User {
            id: i64,
            #[auth(register)]
            name: String,
            email: String,
        }
    }
    fn django on Postgres("ada@example.com",
        json!({ "email": "bob@example.com", "username": "Bob", "password": "a-strong-one" }),
        &[("auth_user WHERE email = ''", 1), ("auth_user WHERE first_name = '' AND date_joined IS NOT NULL", 4)])
    {
        sql "CREATE TABLE auth_user (id integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, \
             password varchar(128) NOT NULL, last_login timestamptz, is_superuser boolean NOT NULL, \
             username varchar(150) NOT NULL UNIQUE, first_name varchar(150) NOT NULL, \
             last_name varchar(150) NOT NULL, email varchar(254) NOT NULL, is_staff boolean NOT NULL, \
             is_active boolean NOT NULL, date_joined timestamptz NOT NULL);\n\
             INSERT INTO auth_user (password, is_superuser, username, first_name, last_name, email, \
             is_staff, is_active, date_joined) VALUES \
             ('ARGON', TRUE, 'ada', '', '', 'ada@example.com', TRUE, TRUE, now()), \
             ('!unusable', FALSE, 'nomail', '', '', '', FALSE, TRUE, now())";
        #[auth(table = "auth_user", hashed_password = "password", created_at = "date_joined")]
        struct User {
            id: i64,
            username: String,
            #[auth(blank_is_null)]
            email: Option<String>,
            #[auth(default = "")]
            first_name: String,
            #[auth(default = "")]
            last_name: String,
            #[auth(default = false)]
            is_staff: bool,
        }
    }
    fn strict_on_sqlite on Sqlite("ada@example.com",
        json!({ "email": "bob@example.com", "username": "Bob", "password": "a-strong-one" }), &[])
    {
        sql "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, \
             username TEXT NOT NULL, hashed_password TEXT NOT NULL) STRICT;\n\
             INSERT INTO users (email, username, hashed_password) \
             VALUES ('ada@example.com', 'Ada', 'ARGON')";
        #[auth(table = "users")]
        struct User {
            id: i64,
            email: String,
            username: String,
            #[auth(register)]
            seen_at: Option<chrono::NaiveDateTime>,
            #[auth(default = true)]
            is_new: bool,
        }
    }
    fn padded_columns on Postgres("ada@example.com",
        json!({ "email": "bob@example.com", "username": "Bob", "password": "a-strong-one" }), &[])
    {
        sql "CREATE TABLE users (id CHAR(36) PRIMARY KEY, email CHAR(200) NOT NULL UNIQUE, \
             username CHAR(40) NOT NULL, hashed_password CHAR(200) NOT NULL);\n\
             INSERT INTO users VALUES ('67e55044-10b1-426f-9247-bb680e5fe0c8', 'ada@example.com', \
             'Ada', 'ARGON')";
        #[auth(table = "users")]
        struct User {
            #[auth(generate = uuid)]
            id: String,
            email: String,
            username: String,
        }
    }
    fn ids_of_four_bytes on Postgres("ada@example.com",
        json!({ "email": "bob@example.com", "username": "Bob", "password": "a-strong-one" }), &[])
    {
        sql "CREATE TABLE users (id SERIAL PRIMARY KEY, email TEXT NOT NULL UNIQUE, \
             username TEXT NOT NULL, hashed_password TEXT NOT NULL, level SMALLINT);\n\
             INSERT INTO users (email, username, hashed_password) \
             VALUES ('ada@example.com', 'Ada', 'ARGON')";
        #[auth(table = "users")]
        struct User { id: i64, email: String, username: String, #[auth(register)] level: Option<i64> }
    }
    fn game on Postgres("ada@example.com",
        json!({ "email": "bob@example.com", "username": "Bob", "password": "a-strong-one" }), &[])
    {
        sql "CREATE EXTENSION citext;\n\
             CREATE TABLE users (id INT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, created_at \
             TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP, username TEXT UNIQUE NOT NULL, \
             email CITEXT UNIQUE, hashed_password TEXT);\n\
             INSERT INTO users (username, email, hashed_password) VALUES \
             ('ada', 'ada@example.com', 'ARGON'), ('guest1', NULL, NULL)";
        #[auth(table = "users")]
        struct User { id: i64, username: String, email: Option<String> }
    }
    fn serverless_platform on Postgres("ada@example.com",
        json!({ "email": "bob@example.com", "password": "a-strong-one" }),
        &[("accounts WHERE email = 'ada@example.com'", 3)])
    {
        sql "CREATE TABLE accounts (account_id UUID NOT NULL PRIMARY KEY, email TEXT NOT NULL, \
             created_at TIMESTAMP NOT NULL, updated_at TIMESTAMP NOT NULL, deleted_at TIMESTAMP, \
             hashed_password TEXT);\n\
             CREATE UNIQUE INDEX one_email ON accounts (email) WHERE deleted_at IS NULL;\n\
             INSERT INTO accounts VALUES \
             (gen_random_uuid(), 'ada@example.com', now(), now(), now(), 'ARGON'), \
             (gen_random_uuid(), 'ada@example.com', now(), now(), NULL, 'ARGON'), \
             (gen_random_uuid(), 'ada@example.com', now(), now(), now(), 'ARGON')";
        #[auth(table = "accounts", deleted_at = "deleted_at")]
        struct User {
            #[auth(id, column = "account_id")]
            id: uuid::Uuid,
            email: String,
            created_at: chrono::DateTime<chrono::Utc>,
        }
    }
    fn soft_delete_on_sqlite on Sqlite("ada@example.com",
        json!({ "email": "bob@example.com", "username": "bob", "password": "a-strong-one" }),
        &[("users WHERE email = 'ada@example.com'", 2)])
    {
        sql "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL, username TEXT NOT NULL, \
             deleted_at DATETIME, hashed_password TEXT);\n\
             CREATE UNIQUE INDEX one_email ON users (email) WHERE deleted_at IS NULL;\n\
             INSERT INTO users (email, username, deleted_at, hashed_password) VALUES \
             ('ada@example.com', 'ada', '2020-01-01', 'ARGON'), \
             ('ada@example.com', 'ada', NULL, 'ARGON')";
        #[auth(table = "users", deleted_at = "deleted_at")]
        struct User { id: i64, email: String, username: String }
    }
    fn keys_by_the_database on Postgres("ada@example.com",
        json!({ "email": "bob@example.com", "password": "a-strong-one" }), &[("users", 3)])
    {
        sql "CREATE TABLE users (id UUID PRIMARY KEY DEFAULT gen_random_uuid(), \
             email TEXT NOT NULL UNIQUE, hashed_password TEXT);\n\
             INSERT INTO users (email, hashed_password) VALUES ('ada@example.com', 'ARGON')";
        #[auth(table = "users")]
        struct User {
            #[auth(generate = database)]
            id: uuid::Uuid,
            email: String,
        }
    }
    fn uuid_column_read_as_text on Postgres("ada@example.com",
        json!({ "email": "bob@example.com", "password": "a-strong-one" }), &[("users", 3)])
    {
        sql "CREATE TABLE users (id UUID PRIMARY KEY, email TEXT NOT NULL UNIQUE, hashed_password TEXT);\n\
             INSERT INTO users VALUES (gen_random_uuid(), 'ada@example.com', 'ARGON')";
        #[auth(table = "users")]
        struct User {
            #[auth(generate = uuid)]
            id: String,
            email: String,
        }
    }
    fn admin_panel on Postgres("ada@example.com",
        json!({ "email": "bob@example.com", "username": "bob", "password": "a-strong-one" }),
        &[("account WHERE phone = ''", 4), ("account WHERE email = ''", 1)])
    {
        sql "CREATE TABLE account (id BIGSERIAL PRIMARY KEY, name TEXT NOT NULL UNIQUE, email TEXT \
             NOT NULL DEFAULT '', phone TEXT NOT NULL DEFAULT '', password TEXT NOT NULL DEFAULT '', \
             organization_id BIGINT NOT NULL, remark TEXT NOT NULL DEFAULT '', created_at TIMESTAMPTZ \
             NOT NULL, updated_at TIMESTAMPTZ, deleted_at TIMESTAMPTZ);\n\
             INSERT INTO account (name, email, password, organization_id, created_at) VALUES \
             ('ada', 'ada@example.com', 'ARGON', 1, now()), ('cyd', '', '', 1, now())";
        #[auth(table = "account", hashed_password = "password", deleted_at = "deleted_at")]
        struct User {
            id: i64,
            #[auth(column = "name")]
            username: String,
            #[auth(blank_is_null)]
            email: Option<String>,
            #[auth(blank_is_null, no_login)]
            phone: Option<String>,
            #[auth(default = 1)]
            organization_id: i64,
        }
    }
    /// Passwords in plain text belong to nobody here: [moving](crudauth::guide::moving) has the
    /// statement that hashes them.
    fn chat_server on Sqlite("ada@example.com",
        json!({ "email": "bob@example.com", "username": "bob", "password": "a-strong-one" }),
        &[("user WHERE is_guest AND password IS NULL", 1), ("user WHERE create_by = 'password'", 2)])
    {
        sql "CREATE TABLE user (uid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, name TEXT COLLATE NOCASE \
             NOT NULL, password TEXT, email TEXT COLLATE NOCASE, gender INTEGER NOT NULL, language TEXT NOT \
             NULL, is_admin BOOLEAN NOT NULL DEFAULT FALSE, create_by TEXT NOT NULL, is_guest BOOLEAN NOT NULL \
             DEFAULT FALSE, status TINYINT NOT NULL DEFAULT 0, created_at TIMESTAMP NOT NULL DEFAULT \
             CURRENT_TIMESTAMP, updated_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);\n\
             CREATE UNIQUE INDEX user_name ON user (name);\n\
             CREATE UNIQUE INDEX user_email ON user (email);\n\
             INSERT INTO user (name, password, email, gender, language, create_by, is_guest) VALUES \
             ('ada', 'ARGON', 'ada@example.com', 0, 'en', 'magic_link', FALSE), \
             ('guest', NULL, NULL, 0, 'en', 'guest', TRUE), ('cyd', 'plain', NULL, 0, 'en', 'form', FALSE)";
        #[auth(table = "user", hashed_password = "password", is_superuser = "is_admin")]
        struct User {
            #[auth(id, column = "uid")]
            id: i64,
            #[auth(column = "name")]
            username: String,
            email: Option<String>,
            #[auth(default = 0)]
            gender: i64,
            #[auth(default = "en")]
            language: String,
            #[auth(default = "password")]
            create_by: String,
        }
    }
    /// The key of 16 bytes becomes a UUID.
    fn cloud_market on Postgres("ada@example.com",
        json!({ "email": "bob@example.com", "username": "bob", "password": "a-strong-one" }),
        &[("accounts WHERE created_at BETWEEN 1577836800000000000 AND 4102444800000000000", 3)])
    {
        sql "CREATE TABLE accounts (id BYTEA PRIMARY KEY CHECK (length(id) = 16), username TEXT NOT NULL, \
             email TEXT, email_verified BOOLEAN NOT NULL DEFAULT FALSE, display_name TEXT, is_admin BOOLEAN \
             NOT NULL DEFAULT FALSE, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);\n\
             CREATE UNIQUE INDEX one_name ON accounts (lower(username));\n\
             CREATE UNIQUE INDEX one_email ON accounts (email) WHERE email IS NOT NULL;\n\
             ALTER TABLE accounts ADD hashed_password TEXT;\n\
             INSERT INTO accounts (id, username, email, created_at, updated_at, hashed_password) VALUES \
             ('\\x00112233445566778899aabbccddeeff', 'ada', 'ada@example.com', 1700000000000000000, \
             1700000000000000000, 'ARGON')";
        fix "ALTER TABLE accounts DROP CONSTRAINT accounts_id_check;\
             ALTER TABLE accounts ALTER id TYPE uuid USING encode(id, 'hex')::uuid";
        #[auth(table = "accounts", times = "nanoseconds", is_superuser = "is_admin")]
        struct User { id: uuid::Uuid, username: String, email: Option<String> }
    }
    /// The key becomes an integer that the database counts, behind the ids that exist.
    fn chat_protocol_server on Postgres("ada@example.com",
        json!({ "email": "bob@example.com", "username": "bob", "password": "a-strong-one" }),
        &[("users WHERE id > 1099511627776 AND data IS NOT NULL", 3)])
    {
        sql "CREATE TABLE users (id NUMERIC(20) PRIMARY KEY, username TEXT NOT NULL, discriminator TEXT NOT \
             NULL, email TEXT, disabled BOOLEAN NOT NULL, deleted BOOLEAN NOT NULL, data JSON NOT NULL, \
             totp_secret TEXT);\n\
             INSERT INTO users VALUES (1099511627777, 'ada', '0001', 'ada@example.com', FALSE, FALSE, \
             '{\"hash\": \"ARGON\"}')";
        fix "ALTER TABLE users ALTER id TYPE bigint, ALTER data SET DEFAULT '{}', \
                 ALTER disabled SET DEFAULT FALSE, ALTER deleted SET DEFAULT FALSE, \
                 ALTER discriminator SET DEFAULT '0000', ADD hashed_password TEXT;\
             ALTER TABLE users ALTER id ADD GENERATED BY DEFAULT AS IDENTITY (START 1099511627778);\
             UPDATE users SET hashed_password = data ->> 'hash'";
        #[auth(table = "users")]
        struct User { id: i64, username: String, email: Option<String> }
    }
    fn gateway on Postgres("ada@example.com",
        json!({ "email": "bob@example.com", "password": "a-strong-one" }),
        &[("users WHERE tier = 'A' AND created_at BETWEEN 1577836800 AND 4102444800", 2)])
    {
        sql "CREATE TABLE users (id TEXT PRIMARY KEY, email TEXT UNIQUE NOT NULL, password_hash TEXT, name \
             TEXT, org_id TEXT, tier TEXT NOT NULL CHECK (tier IN ('A','B','C')), monthly_quota_usd DOUBLE \
             PRECISION NOT NULL, is_admin BOOLEAN, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);\n\
             INSERT INTO users VALUES ('u-1', 'ada@example.com', 'ARGON', 'Ada', NULL, 'B', 10.5, NULL, \
             1700000000, 1700000000)";
        #[auth(table = "users", hashed_password = "password_hash", times = "seconds")]
        struct User {
            #[auth(generate = ulid)]
            id: String,
            email: String,
            #[auth(default = "A")]
            tier: String,
            #[auth(default = 0.0)]
            monthly_quota_usd: f64,
        }
    }
    fn bookmark_service on Sqlite("ada@example.com",
        json!({ "email": "bob@example.com", "username": "bob", "password": "a-strong-one" }),
        &[("users WHERE app_roles = '[]' AND NOT is_owner", 2)])
    {
        sql "CREATE TABLE users (id TEXT NOT NULL PRIMARY KEY, username TEXT NOT NULL UNIQUE, email TEXT, \
             password_hash TEXT, is_admin BOOLEAN NOT NULL, is_owner BOOLEAN NOT NULL, is_moderator BOOLEAN \
             NOT NULL, app_roles JSON NOT NULL, password_change_required BOOLEAN NOT NULL DEFAULT FALSE, \
             created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);\n\
             INSERT INTO users VALUES ('k1', 'ada', 'ada@example.com', 'ARGON', TRUE, TRUE, TRUE, '[\"x\"]', \
             FALSE, 1700000000000, 1700000000000)";
        #[auth(table = "users", hashed_password = "password_hash", is_superuser = "is_admin", times = "milliseconds")]
        struct User {
            #[auth(generate = ulid)]
            id: String,
            username: String,
            email: Option<String>,
            #[auth(default = false)]
            is_owner: bool,
            #[auth(default = false)]
            is_moderator: bool,
            #[auth(default = "[]")]
            app_roles: String,
        }
    }
    /// Hashes in a table of credentials move into a column.
    fn bastion_host on Postgres("ada@example.com",
        json!({ "email": "bob@example.com", "username": "bob", "password": "a-strong-one" }),
        &[("password_credentials", 1), ("users WHERE hashed_password IS NOT NULL", 3)])
    {
        sql "CREATE TABLE users (id UUID PRIMARY KEY, username TEXT NOT NULL UNIQUE, email TEXT, \
             hashed_password TEXT);\n\
             CREATE TABLE password_credentials (id UUID PRIMARY KEY, user_id UUID NOT NULL REFERENCES users \
             (id) ON DELETE CASCADE, argon_hash TEXT NOT NULL);\n\
             INSERT INTO users VALUES ('00112233-4455-6677-8899-aabbccddeeff', 'ada', 'ada@example.com');\n\
             INSERT INTO password_credentials SELECT gen_random_uuid(), id, 'ARGON' FROM users;\n\
             UPDATE users SET hashed_password = (SELECT argon_hash FROM password_credentials WHERE user_id = \
             users.id)";
        #[auth(table = "users")]
        struct User { id: uuid::Uuid, username: String, email: Option<String> }
    }
}
