//! crudauth-py 0.8.2 goes on running beside the app. The statements are those that its SQLAlchemy
//! sends, recorded while both served one database.

use crudauth::email::{MessageKind, RecordingSender};
use crudauth::testing::{App, Client, cheap_hashing};
use crudauth::{AuthUser, EmailConfig, RateLimits, migrations};
use crudauth_tests::{Database, FRONTEND, Kind, PASSWORD, SECRET, sign_up};
use serde_json::json;
use sqlx::{AssertSqlSafe, PgPool, SqlitePool};

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "users")]
#[allow(dead_code, reason = "read by the library only")]
struct User {
    id: i64,
    email: String,
    username: String,
    #[auth(default = "free")]
    plan: String,
}

#[crudauth::routes(user = User, session, email)]
struct Auth;

/// crudauth-py's hashes of `a-strong-one` and of [`SECOND`], at a lower cost.
const HASH: &str = "$2b$04$62AxehQuWpR1nNSqQV24aeaK2IjM.oNejzi6I6IW6ofUK6AFad046";
const SECOND_HASH: &str = "$2b$04$1ixvD1xZ9l3HHyseSdouBuB4KC54qharHcr/34bWfMDagVY9u8kjO";
const SECOND: &str = "a-second-one-2";

const NOW: &str = "2026-11-29 10:36:10.772522";

/// crudauth-py on a database.
enum Neighbour {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Neighbour {
    /// Creates the table as crudauth-py does.
    async fn start(database: &Database) -> Self {
        let (key, time) = match database.kind() {
            Kind::Postgres => ("SERIAL NOT NULL", "TIMESTAMP WITH TIME ZONE"),
            _ => ("INTEGER NOT NULL", "DATETIME"),
        };
        database
            .execute(&format!(
                "CREATE TABLE users (full_name VARCHAR, plan VARCHAR(16) NOT NULL, id {key}, \
                 email VARCHAR(320) NOT NULL, username VARCHAR(64) NOT NULL, \
                 hashed_password VARCHAR(255) NOT NULL, is_active BOOLEAN NOT NULL, \
                 is_superuser BOOLEAN NOT NULL, email_verified BOOLEAN NOT NULL, \
                 token_version INTEGER NOT NULL, oauth_provider VARCHAR(32), google_id VARCHAR(64), \
                 github_id VARCHAR(64), oauth_created_at {time}, oauth_updated_at {time}, \
                 created_at {time} NOT NULL, updated_at {time}, PRIMARY KEY (id))"
            ))
            .await;
        for column in ["email", "username", "google_id", "github_id"] {
            database
                .execute(&format!("CREATE UNIQUE INDEX ix_users_{column} ON users ({column})"))
                .await;
        }
        match database {
            Database::Sqlite(pool) => Self::Sqlite(pool.clone()),
            Database::Postgres(pool) => Self::Postgres(pool.clone()),
            Database::MySql(_) => unreachable!("crudauth-py has no MySQL here"),
        }
    }

    async fn run(&self, sql: &str, values: &[&str]) {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(pool) => {
                let query = values.iter().fold(sqlx::query(sql), |query, one| query.bind(*one));
                query.execute(pool).await.unwrap();
            }
            Self::Postgres(pool) => {
                let query = values.iter().fold(sqlx::query(sql), |query, one| query.bind(*one));
                query.execute(pool).await.unwrap();
            }
        }
    }

    async fn register(&self, name: &str) {
        let columns = "full_name, plan, email, username, hashed_password, is_active, is_superuser, \
                       email_verified, token_version, oauth_provider, google_id, github_id, \
                       oauth_created_at, oauth_updated_at, created_at, updated_at";
        let sql = match self {
            Self::Sqlite(_) => format!(
                "INSERT INTO users ({columns}) VALUES (NULL, 'free', ?, ?, ?, 1, 0, 0, 0, NULL, NULL, \
                 NULL, NULL, NULL, ?, NULL)"
            ),
            Self::Postgres(_) => format!(
                "INSERT INTO users ({columns}) VALUES (NULL, 'free', $1::VARCHAR, $2::VARCHAR, \
                 $3::VARCHAR, TRUE, FALSE, FALSE, 0, NULL, NULL, NULL, NULL, NULL, \
                 $4::TEXT::TIMESTAMP WITH TIME ZONE, NULL) RETURNING users.id"
            ),
        };
        let address = format!("{}@example.com", name.to_lowercase());
        self.run(&sql, &[&address, name, HASH, NOW]).await;
    }

    /// What `/change-password` and a reset do, in two transactions.
    async fn change_password(&self, id: i64, hash: &str) {
        let (hashed, version) = match self {
            Self::Sqlite(_) => (
                "UPDATE users SET hashed_password=?, updated_at=? WHERE users.id = ?",
                "UPDATE users SET token_version=(users.token_version + ?), updated_at=? \
                 WHERE users.id = ?",
            ),
            Self::Postgres(_) => (
                "UPDATE users SET hashed_password=$1::VARCHAR, \
                 updated_at=$2::TEXT::TIMESTAMP WITH TIME ZONE WHERE users.id = $3::TEXT::INTEGER",
                "UPDATE users SET token_version=(users.token_version + $1::TEXT::INTEGER), \
                 updated_at=$2::TEXT::TIMESTAMP WITH TIME ZONE WHERE users.id = $3::TEXT::INTEGER",
            ),
        };
        let id = id.to_string();
        self.run(hashed, &[hash, NOW, &id]).await;
        self.run(version, &["1", NOW, &id]).await;
    }

    /// The row that crudauth-py finds by a name: it compares names as they are stored.
    async fn find(database: &Database, name: &str) -> (i64, String) {
        let row = format!("FROM users WHERE username = '{name}' AND is_active");
        let id = database.number(&format!("SELECT CAST(id AS BIGINT) {row}")).await;
        (id, database.text(&format!("SELECT hashed_password {row}")).await)
    }
}

async fn ours(database: &Database) -> App<Auth> {
    let outbox = RecordingSender::default();
    let email = EmailConfig::new(outbox.clone(), FRONTEND);
    macro_rules! build {
        ($pool:expr) => {{
            migrations!(Auth).run(&$pool).await.unwrap();
            let builder = Auth::builder($pool, SECRET).email(email).hashing(cheap_hashing());
            builder.rate_limits(RateLimits::off()).build().await.unwrap()
        }};
    }
    let auth = match database.clone() {
        Database::Sqlite(pool) => build!(pool),
        Database::Postgres(pool) => build!(pool),
        Database::MySql(pool) => build!(pool),
    };
    App::new(&auth, auth.routes()).mails(&outbox)
}

async fn signs_in(app: &App<Auth>, name: &str, password: &str) -> (bool, Client) {
    let client = app.client();
    let form = [("username", name), ("password", password)];
    let status = client.post_form("/login", form).await.status;
    assert!(matches!(status, 200 | 401), "{name}: {status}");
    (status == 200, client)
}

async fn mixed_traffic(kind: Kind) {
    let (database, _) = Database::create(kind).await;
    let neighbour = Neighbour::start(&database).await;
    neighbour.register("Early").await;
    let app = ours(&database).await;
    for round in 0..3 {
        let name = format!("Name{round}");
        neighbour.register(&name).await;
        // By every form of the name, before and after the compared form is filled.
        for typed in [&name, &name.to_lowercase(), &format!("{name}@Example.com")] {
            assert!(signs_in(&app, typed, PASSWORD).await.0, "{typed}");
        }
        let taken = json!({ "email": "x@example.com", "username": name, "password": PASSWORD });
        app.client().post("/register", taken).await.expect_status(422);

        let (_, before) = signs_in(&app, &name, PASSWORD).await;
        let (id, stored) = Neighbour::find(&database, &name).await;
        assert!(stored.starts_with("$argon2id$"), "renewed, for crudauth-py's verifier: {stored}");
        neighbour.change_password(id, SECOND_HASH).await;
        before.get("/me").await.expect_status(401);
        assert!(!signs_in(&app, &name, PASSWORD).await.0);
        let (is_in, client) = signs_in(&app, &name, SECOND).await;
        assert!(is_in);

        let change = json!({ "current_password": SECOND, "new_password": "a-third-one-33" });
        client.post("/change-password", change).await.expect_status(200);
        let version = format!("SELECT CAST(token_version AS BIGINT) FROM users WHERE id = {id}");
        assert_eq!(database.number(&version).await, 2, "crudauth-py's sessions end by it");
        neighbour.change_password(id, HASH).await;
        assert!(signs_in(&app, &name, PASSWORD).await.0);

        let address = format!("{}@example.com", name.to_lowercase());
        let request = json!({ "email": address });
        app.client().post("/password/reset-request", request).await.expect_status(200);
        let token = app.last_token(MessageKind::ResetPassword, &address).await;
        neighbour.change_password(id, SECOND_HASH).await;
        let confirm = json!({ "token": token, "new_password": PASSWORD });
        assert_ne!(app.client().post("/password/reset-confirm", confirm).await.status, 200);
        assert!(signs_in(&app, &name, SECOND).await.0, "a link of before the change is void");

        let own = format!("own{round}");
        app.client().post("/register", sign_up(&own)).await.expect_status(202);
        let (_, stored) = Neighbour::find(&database, &own).await;
        assert!(stored.starts_with("$argon2id$"), "{stored}");
    }
    assert!(signs_in(&app, "early", PASSWORD).await.0);
    app.auth().purge().await.unwrap();
    assert_eq!(database.count("users WHERE username_key IS NULL").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crudauth_py_goes_on_beside_the_app_on_sqlite() {
    mixed_traffic(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crudauth_py_goes_on_beside_the_app_on_postgres() {
    mixed_traffic(Kind::Postgres).await;
}
