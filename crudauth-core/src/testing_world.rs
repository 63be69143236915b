//! Accounts in a real database, for the tests of flows whose promises a statement keeps.
//!
//! SQLite is always there; the others where `cargo xtask test` has started them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::{DateTime, Utc};
use sqlx::Pool;

use crate::migrate::Migrations;
use crate::model::{
    Account, AuthUser, Companion, EmailAddress, Form, Identifier, IdentifierColumn, IdentifierKind,
    InvalidField, KeyRing, PasswordHash, SecretKey, Shape,
};
use crate::ports::{
    AccountStore, ApiKeyStore, Changed, Clock, CounterStore, Created, GrantStore, ManualClock,
    NewAccount, NewValues, OsEntropy, SessionStore,
};
use crate::sql::{AuthRow, Backend, Call, ColumnPlan, SqlStore, Stores};

pub(crate) const SECRET: &str = "an app's secret of more than 32 bytes";

#[derive(Clone, Debug)]
pub(crate) struct Person {
    id: i64,
    email: String,
}

const EMAIL: IdentifierColumn = IdentifierColumn {
    name: "email",
    column: "email",
    key: "email",
    kind: IdentifierKind::Email,
    max_chars: None,
    is_optional: false,
    is_login: true,
};

impl AuthUser for Person {
    type Id = i64;
    type SignUp = ();

    const SHAPE: Shape = Shape {
        table: "people",
        id: "id",
        columns: &["id", "email"],
        identifiers: &[EMAIL],
        recovery: Some(0),
        written: &[],
        unique: &[],
        asked: &[],
        defaults: &[],
        companion: Companion {
            hash: "hashed_password",
            active: "is_active",
            superuser: "is_superuser",
            version: "token_version",
            epoch: "auth_epoch",
            verified: Some("email_verified"),
            created: "created_at",
            updated: "updated_at",
        },
    };

    fn id(&self) -> &i64 {
        &self.id
    }

    fn identifiers(&self) -> Vec<Option<&str>> {
        vec![Some(&self.email)]
    }

    fn sign_up(_: &mut Form) -> Result<(), InvalidField> {
        Ok(())
    }
}

impl<DB: Backend> AuthRow<DB> for Person {
    fn read(row: &DB::Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: <DB as Stores<i64>>::take(row, 0)?,
            email: <DB as Stores<String>>::take(row, 1)?,
        })
    }

    fn write((): (), call: Call<DB>) -> Call<DB> {
        call
    }

    fn plan() -> Vec<ColumnPlan> {
        vec![ColumnPlan::of::<DB, i64>("id"), ColumnPlan::of::<DB, String>("email")]
    }
}

/// One database with its clock.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) accounts: Arc<dyn AccountStore<Person>>,
    pub(crate) sessions: Arc<dyn SessionStore<Person>>,
    pub(crate) grants: Arc<dyn GrantStore<Person>>,
    pub(crate) api_keys: Arc<dyn ApiKeyStore<Person>>,
    pub(crate) counters: Arc<dyn CounterStore>,
    pub(crate) clock: Arc<ManualClock>,
}

impl World {
    async fn on<DB: Backend>(pool: Pool<DB>) -> Self
    where
        SqlStore<DB, Person>: AccountStore<Person>
            + SessionStore<Person>
            + GrantStore<Person>
            + ApiKeyStore<Person>
            + CounterStore,
    {
        Migrations::<Person>::new().run(&pool).await.unwrap();
        let store = Arc::new(SqlStore::new(pool));
        let (accounts, sessions, grants, api_keys, counters) =
            (store.clone(), store.clone(), store.clone(), store.clone(), store);
        let clock = Arc::new(ManualClock::default());
        Self { accounts, sessions, grants, api_keys, counters, clock }
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// A new account of that address, with a hash as its password.
    pub(crate) async fn person(&self, email: &str, hash: &str) -> Account<Person> {
        let epoch = i64::from(fresh()) + (1 << 60);
        let account = NewAccount {
            id: None,
            identifiers: vec![Some(Identifier::Email(EmailAddress::parse(email).unwrap()))],
            hash: PasswordHash::new(hash.to_owned()),
            own: NewValues(()),
            epoch,
            created_at: self.now(),
        };
        match self.accounts.create(account).await.unwrap() {
            Created::Added(id) => self.again(id).await,
            taken @ Created::Taken { .. } => panic!("{taken:?}"),
        }
    }

    async fn again(&self, id: i64) -> Account<Person> {
        self.accounts.by_id(&id).await.unwrap().unwrap()
    }

    /// Gives the account another password, from outside.
    pub(crate) async fn change_password(&self, account: &Account<Person>) {
        let hash = PasswordHash::new("another".to_owned());
        let changed = self.accounts.change_password(account, &hash, None, self.now()).await;
        assert_eq!(changed.unwrap(), Changed::Done);
    }
}

pub(crate) fn keys(current: &str, previous: &[&str]) -> KeyRing {
    let previous: Vec<_> = previous.iter().map(|&secret| SecretKey::from(secret)).collect();
    KeyRing::new(&SecretKey::from(current), &previous).unwrap()
}

pub(crate) fn entropy() -> Arc<OsEntropy> {
    Arc::new(OsEntropy)
}

/// Every database that is there.
pub(crate) async fn worlds() -> Vec<World> {
    #[cfg_attr(
        not(any(feature = "postgres", feature = "mysql")),
        expect(unused_mut, reason = "SQLite is the only one then")
    )]
    let mut worlds = vec![World::on(sqlite().await).await];
    #[cfg(feature = "postgres")]
    if let Some(server) = server("CRUDAUTH_TEST_POSTGRES") {
        worlds.push(World::on(created::<sqlx::Postgres>(&server).await).await);
    }
    #[cfg(feature = "mysql")]
    if let Some(server) = server("CRUDAUTH_TEST_MYSQL") {
        worlds.push(World::on(created::<sqlx::MySql>(&server).await).await);
    }
    worlds
}

async fn sqlite() -> sqlx::SqlitePool {
    let options = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1);
    options.connect("sqlite::memory:").await.unwrap()
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
#[expect(clippy::disallowed_methods, reason = "the test command says where its servers are")]
fn server(variable: &str) -> Option<String> {
    std::env::var(variable).ok()
}

/// A pool on a new database beside the one that `server` names.
#[cfg(any(feature = "postgres", feature = "mysql"))]
async fn created<DB: Backend>(server: &str) -> Pool<DB> {
    // At random: a server may outlive so many runs that the numbers of processes come again.
    let mut bytes = [0; 8];
    crate::ports::Entropy::fill(&OsEntropy, &mut bytes);
    let name = format!("core_{}", hex::encode(bytes));
    let admin = Pool::<DB>::connect(server).await.unwrap();
    let mut connection = admin.acquire().await.unwrap();
    DB::execute_ddl(&mut connection, format!("CREATE DATABASE {name}")).await.unwrap();
    let (path, query) = server.split_once('?').map_or((server, None), |(a, b)| (a, Some(b)));
    let base = path.rsplit_once('/').unwrap().0;
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    let options = sqlx::pool::PoolOptions::new().max_connections(8);
    options.connect(&format!("{base}/{name}{query}")).await.unwrap()
}

fn fresh() -> u32 {
    static COUNT: AtomicU32 = AtomicU32::new(1);
    COUNT.fetch_add(1, Ordering::Relaxed)
}
