//! The features of the library, one folder each: its page, settings, flows, port and SQL.

pub mod account;
pub mod accounts;
pub mod admin;
pub mod api_keys;
pub mod audit;
pub mod bearer;
pub mod bot_protection;
pub mod email_login;
#[cfg(all(test, feature = "sqlite"))]
mod fault_tests;
pub mod invitations;
pub mod mfa;
#[cfg(feature = "oauth")]
pub mod oauth;
pub mod passkeys;
pub mod profile;
pub mod recovery;
pub mod sessions;
pub mod sign_in;
#[cfg(all(test, feature = "sqlite"))]
mod state_tests;
pub mod sudo;
pub mod tickets;
pub mod username;

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sqlx::Pool;

use crate::account_store::AccountStore;
use crate::guard::{CHALLENGES, LOCKOUTS, RATE_LIMITS};
use crate::migrate::Migrations;
use crate::model::{Account, AuthUser};
use crate::sql::{AuthRow, Backend, Layout, Outlives, Query, SqlStore, Stores, TableSpec};
use crate::store_error::StoreError;
use crate::unmounted::Unmounted;

/// Every table of the library, whichever slices an app mounts.
pub const TABLES: &[&TableSpec] = &[
    &sessions::TABLE,
    &bearer::TABLE,
    &api_keys::TABLE,
    &recovery::TABLE,
    &mfa::AUTHENTICATORS,
    &mfa::RECOVERY_CODES,
    &mfa::TRUSTED_BROWSERS,
    &account::DELETIONS,
    &admin::SUSPENSIONS,
    &audit::TABLE,
    &passkeys::TABLE,
    &invitations::TABLE,
    #[cfg(feature = "oauth")]
    &oauth::CONNECTIONS,
    &RATE_LIMITS,
    &LOCKOUTS,
    &CHALLENGES,
];

/// The stores in the app's database. Those of a slice that the mount does not name refuse every call.
#[doc(hidden)]
#[expect(missing_debug_implementations, reason = "no app can name it")]
#[derive(Clone)]
pub struct DatabaseStores<U: AuthUser> {
    pub accounts: Arc<dyn AccountStore<U>>,
    pub one_time_tokens: Arc<dyn recovery::store::OneTimeTokenStore<U>>,
    pub audit: Arc<dyn audit::store::AuditStore<U>>,
    pub profile: Arc<dyn profile::store::ProfileStore<U>>,
    pub invitations: Arc<dyn invitations::store::InvitationStore>,
    pub owned_rows: Arc<dyn OwnedRows>,
    pub families: Arc<dyn bearer::store::TokenFamilyStore<U>>,
    pub api_keys: Arc<dyn api_keys::store::ApiKeyStore<U>>,
    pub factors: Arc<dyn mfa::store::FactorStore<U>>,
    pub trusts: Arc<dyn mfa::store::TrustStore<U>>,
    pub crudauth_py_factors: Arc<dyn mfa::takeover::CrudauthPyFactors<U>>,
    pub deletions: Arc<dyn account::store::DeletionStore<U>>,
    pub admin: Arc<dyn admin::store::AdminStore<U>>,
    pub passkeys: Arc<dyn passkeys::store::PasskeyStore<U>>,
    pub usernames: Arc<dyn username::store::UsernameStore<U>>,
    #[cfg(feature = "oauth")]
    pub connections: Arc<dyn oauth::store::ConnectionStore<U>>,
}

impl<U: AuthUser> DatabaseStores<U> {
    /// The stores of a mount that names no slice.
    pub fn new<DB: Backend + Stores<U::Id>>(sql: &Arc<SqlStore<DB, U>>) -> Self
    where
        U: AuthRow<DB>,
    {
        let unmounted = Arc::new(Unmounted);
        Self {
            accounts: Arc::clone(sql) as _,
            one_time_tokens: Arc::clone(sql) as _,
            audit: Arc::clone(sql.engine()) as _,
            // The command line makes superusers in every mount.
            admin: Arc::clone(sql) as _,
            profile: Arc::clone(sql) as _,
            invitations: Arc::clone(sql) as _,
            owned_rows: Arc::clone(sql) as _,
            families: Arc::clone(&unmounted) as _,
            api_keys: Arc::clone(&unmounted) as _,
            factors: Arc::clone(&unmounted) as _,
            trusts: Arc::clone(&unmounted) as _,
            crudauth_py_factors: Arc::clone(&unmounted) as _,
            deletions: Arc::clone(&unmounted) as _,
            usernames: Arc::clone(&unmounted) as _,
            #[cfg(feature = "oauth")]
            connections: Arc::clone(&unmounted) as _,
            passkeys: unmounted,
        }
    }
}

/// The rows that are always in the app's database.
#[async_trait]
pub trait OwnedRows: Send + Sync + 'static {
    /// Deletes at most `limit` expired rows of each table that is always in the app's database. Returns
    /// how many rows of each table were deleted. Also fills the compared form of identifiers in rows that
    /// other software inserted, at most `limit` of each identifier.
    async fn purge(&self, now: DateTime<Utc>, limit: u32) -> Result<Vec<u64>, StoreError>;
}

#[async_trait]
impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> OwnedRows for SqlStore<DB, U> {
    async fn purge(&self, now: DateTime<Utc>, limit: u32) -> Result<Vec<u64>, StoreError> {
        self.fill_keys(limit).await?;
        let mut deleted = Vec::new();
        let is_due = |table: &&&TableSpec| {
            let is_here = table.has_owner() || **table == &invitations::TABLE;
            is_here && table.has_expiry() && table.outlives != Outlives::Disabling
        };
        for table in self.tables().iter().filter(is_due) {
            deleted.push(self.purge_table(table, now, limit).await?);
        }
        Ok(deleted)
    }
}

impl<DB: Backend + Stores<U::Id>, U: AuthUser> SqlStore<DB, U> {
    /// A statement about the valid credentials of an account in one table: those that are bound to
    /// its present state and have not expired.
    fn valid_of(
        &self,
        template: &'static str,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Query<DB> {
        self.query(template)
            .bind("account", account.user.id().clone())
            .bind("version", account.state.version)
            .bind("stamp", account.state.security_stamp)
            .bind_instant("now", now)
    }
}

impl<U: AuthUser> Migrations<U> {
    /// Migrations of the account table and of every table of the library.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "migrations are not a value with a default")]
    pub fn new() -> Self {
        Self::of(TABLES.iter().copied())
    }
}

impl<DB: Backend, U: AuthUser> SqlStore<DB, U> {
    /// Creates the stores of `U` on that pool, for an app that uses every table of the library.
    #[must_use]
    pub fn new(pool: Pool<DB>) -> Self {
        Self::with_tables(pool, TABLES.iter().copied(), Layout::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tables whose rows stay until they are deleted.
    const LASTING: &[&str] = if cfg!(feature = "oauth") {
        &["authenticators", "recovery_codes", "passkeys", "connections"]
    } else {
        &["authenticators", "recovery_codes", "passkeys"]
    };

    #[test]
    fn table_names_differ_and_leave_47_characters_for_the_users_table() {
        for (at, table) in TABLES.iter().enumerate() {
            assert!(table.name(&"u".repeat(47)).len() <= 63, "{table:?}");
            assert!(TABLES[..at].iter().all(|other| other.suffix != table.suffix), "{table:?}");
        }
    }

    #[test]
    fn every_table_but_the_counters_challenges_and_invitations_has_an_owner() {
        let owned = TABLES.iter().filter(|table| table.has_owner());
        let names: Vec<_> = owned.map(|table| table.suffix).collect();
        let credentials =
            ["sessions", "token_families", "api_keys", "one_time_tokens", "browser_trusts"];
        let mut expected = [&credentials[..], LASTING].concat();
        expected.extend(["deletions", "suspensions", "audit"]);
        let mut names = names;
        names.sort_unstable();
        expected.sort_unstable();
        assert_eq!(names, expected);
    }

    #[test]
    fn only_factors_and_connections_never_expire() {
        let lasting = TABLES.iter().filter(|table| !table.has_expiry());
        let names: Vec<_> = lasting.map(|table| table.suffix).collect();
        assert_eq!(names, LASTING);
    }
}
