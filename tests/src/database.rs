//! A new, empty database of each kind.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sqlx::mysql::{MySqlPool, MySqlPoolOptions};
use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, Connection, Row};

/// The supported kinds of databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
    MySql,
}

/// A database for one test.
#[derive(Clone, Debug)]
pub enum Database {
    Sqlite(SqlitePool),
    Postgres(PgPool),
    MySql(MySqlPool),
}

/// A name that is unique across tests and processes.
pub(crate) fn fresh_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    format!("t{}_{}_{count}", std::process::id(), now.subsec_nanos())
}

fn server(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} names no server: run the tests by `cargo xtask test`")
    })
}

impl Database {
    /// Creates and connects a database, and returns its URL too.
    pub async fn create(kind: Kind) -> (Self, String) {
        let url = Self::create_empty(kind).await;
        (Self::connect(&url).await, url)
    }

    /// Creates a database and returns its URL.
    pub async fn create_empty(kind: Kind) -> String {
        let name = fresh_name();
        match kind {
            Kind::Sqlite => {
                let directory: PathBuf = std::env::temp_dir().join("crudauth-tests");
                std::fs::create_dir_all(&directory).unwrap();
                format!("sqlite://{}?mode=rwc", directory.join(format!("{name}.db")).display())
            }
            Kind::Postgres => {
                let server = server("CRUDAUTH_TEST_POSTGRES");
                let admin = PgPoolOptions::new().max_connections(1).connect(&server).await.unwrap();
                let create = AssertSqlSafe(format!("CREATE DATABASE {name}"));
                sqlx::query(create).execute(&admin).await.unwrap();
                beside(&server, &name)
            }
            Kind::MySql => {
                let server = server("CRUDAUTH_TEST_MYSQL");
                let admin =
                    MySqlPoolOptions::new().max_connections(1).connect(&server).await.unwrap();
                // Our columns are case-sensitive by themselves: the default of the database has no effect.
                let create = AssertSqlSafe(format!("CREATE DATABASE {name} CHARACTER SET utf8mb4"));
                sqlx::query(create).execute(&admin).await.unwrap();
                beside(&server, &name)
            }
        }
    }

    /// Creates a database with one connection, which lasts as long as the pool: that of SQLite is in
    /// memory.
    pub async fn create_with_one_connection(kind: Kind) -> Self {
        macro_rules! one {
            ($options:ty, $url:expr) => {{
                let pool = <$options>::new().max_connections(1);
                pool.idle_timeout(None).max_lifetime(None).connect($url).await.unwrap()
            }};
        }
        match kind {
            Kind::Sqlite => Self::Sqlite(one!(SqlitePoolOptions, "sqlite::memory:")),
            Kind::Postgres => Self::Postgres(one!(PgPoolOptions, &Self::create_empty(kind).await)),
            Kind::MySql => Self::MySql(one!(MySqlPoolOptions, &Self::create_empty(kind).await)),
        }
    }

    /// Closes the prepared statements of a database with one connection, as a restart of the app does.
    pub async fn forget_statements(&self) {
        match self {
            Self::Sqlite(pool) => pool.acquire().await.unwrap().clear_cached_statements().await,
            Self::Postgres(pool) => pool.acquire().await.unwrap().clear_cached_statements().await,
            Self::MySql(pool) => pool.acquire().await.unwrap().clear_cached_statements().await,
        }
        .unwrap();
    }

    /// Connects to a database of [`create_empty`](Self::create_empty).
    pub async fn connect(url: &str) -> Self {
        let patience = Duration::from_secs(10);
        if url.starts_with("sqlite") {
            let options: SqliteConnectOptions = url.parse().unwrap();
            let options =
                options.journal_mode(SqliteJournalMode::Wal).busy_timeout(Duration::from_secs(10));
            let pool = SqlitePoolOptions::new().max_connections(4).acquire_timeout(patience);
            Self::Sqlite(pool.connect_with(options).await.unwrap())
        } else if url.starts_with("postgres") {
            let pool = PgPoolOptions::new().max_connections(4).acquire_timeout(patience);
            Self::Postgres(pool.connect(url).await.unwrap())
        } else {
            let pool = MySqlPoolOptions::new().max_connections(4).acquire_timeout(patience);
            Self::MySql(pool.connect(url).await.unwrap())
        }
    }

    /// Executes a statement.
    pub async fn execute(&self, sql: &str) {
        self.try_execute(sql).await.unwrap();
    }

    /// Executes a statement that the database may refuse.
    pub async fn try_execute(&self, sql: &str) -> Result<(), sqlx::Error> {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(pool) => sqlx::query(sql).execute(pool).await.map(|_| ())?,
            Self::Postgres(pool) => sqlx::query(sql).execute(pool).await.map(|_| ())?,
            Self::MySql(pool) => sqlx::query(sql).execute(pool).await.map(|_| ())?,
        }
        Ok(())
    }

    /// Executes the statements of a dump, on one connection.
    pub async fn run_script(&self, sql: &str) {
        self.try_run_script(sql).await.unwrap();
    }

    /// Executes statements in one request, of which the database may refuse one.
    pub async fn try_run_script(&self, sql: &str) -> Result<(), sqlx::Error> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        match self {
            Self::Sqlite(pool) => sql.execute(pool).await.map(|_| ()),
            Self::Postgres(pool) => sql.execute(pool).await.map(|_| ()),
            Self::MySql(pool) => sql.execute(pool).await.map(|_| ()),
        }
    }

    /// The number that a query returns.
    pub async fn number(&self, sql: &str) -> i64 {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(pool) => sqlx::query(sql).fetch_one(pool).await.unwrap().get(0),
            Self::Postgres(pool) => sqlx::query(sql).fetch_one(pool).await.unwrap().get(0),
            Self::MySql(pool) => sqlx::query(sql).fetch_one(pool).await.unwrap().get(0),
        }
    }

    /// The number of rows: `count("users WHERE is_active")`.
    pub async fn count(&self, rows: &str) -> i64 {
        self.number(&format!("SELECT COUNT(*) FROM {rows}")).await
    }

    /// The text that a query returns.
    pub async fn text(&self, sql: &str) -> String {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(pool) => sqlx::query(sql).fetch_one(pool).await.unwrap().get(0),
            Self::Postgres(pool) => sqlx::query(sql).fetch_one(pool).await.unwrap().get(0),
            Self::MySql(pool) => sqlx::query(sql).fetch_one(pool).await.unwrap().get(0),
        }
    }

    /// Every cell of the database, in lower-case hex.
    pub async fn cells_in_hex(&self) -> String {
        let columns = match self {
            Self::Sqlite(_) => {
                "SELECT one.name || ' lower(hex(' || field.name || '))' FROM sqlite_master AS one, \
                 pragma_table_info(one.name) AS field WHERE one.type = 'table'"
            }
            Self::Postgres(_) => {
                "SELECT format(CASE data_type WHEN 'bytea' THEN '%I encode(%I, ''hex'')' \
                 ELSE '%I encode(convert_to(%I::text, ''UTF8''), ''hex'')' END, \
                 table_name, column_name) \
                 FROM information_schema.columns WHERE table_schema = current_schema()"
            }
            Self::MySql(_) => {
                "SELECT CONCAT(table_name, ' LOWER(HEX(`', column_name, '`))') \
                 FROM information_schema.columns WHERE table_schema = DATABASE()"
            }
        };
        let mut cells = String::new();
        for column in self.texts(columns).await {
            let (table, cell) = column.split_once(' ').unwrap();
            let all = self.texts(&format!("SELECT COALESCE({cell}, '') FROM {table}")).await;
            cells.push_str(&all.join(" "));
            cells.push(' ');
        }
        cells
    }

    /// The texts of a query with one column.
    async fn texts(&self, sql: &str) -> Vec<String> {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(pool) => sqlx::query_scalar(sql).fetch_all(pool).await.unwrap(),
            Self::Postgres(pool) => sqlx::query_scalar(sql).fetch_all(pool).await.unwrap(),
            Self::MySql(pool) => sqlx::query_scalar(sql).fetch_all(pool).await.unwrap(),
        }
    }

    pub fn kind(&self) -> Kind {
        match self {
            Self::Sqlite(_) => Kind::Sqlite,
            Self::Postgres(_) => Kind::Postgres,
            Self::MySql(_) => Kind::MySql,
        }
    }
}

/// The URL of another database on the same server.
fn beside(server: &str, name: &str) -> String {
    let (start, _) = server.rsplit_once('/').expect("the server's address names a database");
    format!("{start}/{name}")
}
