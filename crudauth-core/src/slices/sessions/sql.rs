//! Sessions in the app's database.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::store::{Session, SessionStore, SessionsBesideAccounts};
use crate::guard::{RowLimit, row_limit};
use crate::model::{
    Account, AccountState, AuthUser, CsrfDigest, Impersonator, Proofs, SessionDigest,
};
use crate::sql::rows::{self, Columns};
use crate::sql::{AuthRow, Backend, ColumnSpec, Outlives, Query, SqlStore, Stores, TableSpec};
use crate::store_error::StoreError;

/// Sessions.
pub const TABLE: TableSpec = TableSpec::new(
    "sessions",
    "digest",
    &[
        ColumnSpec::text("handle", 64),
        ColumnSpec::owner(),
        ColumnSpec::digest("csrf_digest"),
        ColumnSpec::integer("token_version"),
        ColumnSpec::big_integer("auth_epoch"),
        ColumnSpec::text("ip", 45).nullable(),
        ColumnSpec::text("user_agent", 512).nullable(),
        ColumnSpec::flag("is_remembered"),
        ColumnSpec::instant("created_at"),
        ColumnSpec::instant("last_activity_at"),
        ColumnSpec::expiry(),
        ColumnSpec::instant("ends_at").nullable(),
        ColumnSpec::text("proofs", Proofs::MAX_CHARS).nullable(),
        ColumnSpec::text("impersonator", Impersonator::MAX_CHARS).nullable(),
    ],
)
// The caller's session is bound to the new state after a change of password.
.outliving(Outlives::PasswordChange);

const INSERT: &str = "INSERT INTO {+sessions} (digest, handle, user_id, csrf_digest, \
    token_version, auth_epoch, ip, user_agent, is_remembered, created_at, last_activity_at, \
    expires_at, ends_at, proofs, impersonator) VALUES (:digest, :handle, :account, :csrf, :version, \
    :stamp, :client, :user_agent, :is_remembered, :now, :last_activity_at, :expires_at, :ends_at, \
    :proofs, :impersonator)";

const LIMIT: RowLimit = row_limit!("sessions", "digest", "last_activity_at");

const FIND: &str = "SELECT digest, user_id, token_version, auth_epoch, csrf_digest, ip, user_agent, \
    is_remembered, created_at, last_activity_at, expires_at, ends_at, proofs, impersonator \
    FROM {+sessions} WHERE digest = :digest AND expires_at > :now";

// The columns that a request needs, and no others.
const FIND_WITH_ACCOUNT: &str = "SELECT {account}, {+sessions}.csrf_digest, \
    {+sessions}.is_remembered, {+sessions}.created_at, {+sessions}.last_activity_at, \
    {+sessions}.expires_at, {+sessions}.ends_at, {+sessions}.proofs, {+sessions}.impersonator \
    FROM {+sessions} \
    JOIN {table} ON {table}.{id} = {owner +sessions} WHERE {+sessions}.digest = :digest \
    AND {+sessions}.expires_at > :now AND {+sessions}.token_version = {table}.{version} \
    AND {+sessions}.auth_epoch = {table}.{stamp}";

const LIST: &str = "SELECT digest, user_id, token_version, auth_epoch, csrf_digest, ip, user_agent, \
    is_remembered, created_at, last_activity_at, expires_at, ends_at, proofs, impersonator \
    FROM {+sessions} WHERE user_id = :account AND expires_at > :now ORDER BY last_activity_at DESC, created_at DESC";

const TOUCH: &str = "UPDATE {+sessions} SET last_activity_at = :now, expires_at = :expires_at \
    WHERE digest = :digest AND last_activity_at < :now AND expires_at > :now";

const REPLACE_CSRF: &str = "UPDATE {+sessions} SET csrf_digest = :new \
    WHERE digest = :digest AND csrf_digest = :old";

const REBIND: &str = "UPDATE {+sessions} SET token_version = :version, auth_epoch = :stamp \
    WHERE digest = :digest";

const REMOVE: &str = "DELETE FROM {+sessions} WHERE digest = :digest";

#[async_trait]
impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> SessionStore<U> for SqlStore<DB, U> {
    async fn insert(&self, session: Session<U::Id>, max: u32) -> Result<(), StoreError> {
        let bound = |template| bound_account(self.query(template), &session);
        let insert = || {
            bound(INSERT)
                .bind("handle", session.handle().to_string())
                .bind_bytes("csrf", session.csrf.as_bytes())
                .bind("client", session.client.map(|client| client.to_string()))
                .bind("user_agent", session.user_agent.clone())
                .bind("is_remembered", session.is_remembered)
                .bind_instant("last_activity_at", session.last_activity_at)
                .bind_instant("expires_at", session.expires_at)
                .bind("ends_at", session.ends_at.map(|at| at.timestamp_millis()))
                .bind("proofs", session.proofs.to_stored(session.created_at))
                .bind("impersonator", session.impersonator.as_ref().map(Impersonator::to_stored))
        };
        self.execute_recorded(insert()).await?;
        let others = i64::from(max.saturating_sub(1));
        let limit = |template| bound(template).bind("others", others);
        self.delete_beyond(&LIMIT, session.account.to_string(), &limit).await
    }

    async fn find(
        &self,
        digest: &SessionDigest,
        now: DateTime<Utc>,
    ) -> Result<Option<Session<U::Id>>, StoreError> {
        let query =
            self.query(FIND).bind_bytes("digest", digest.as_bytes()).bind_instant("now", now);
        let row = self.row(query).await?;
        Ok(row.map(|row| session::<DB, U>(&row)).transpose()?)
    }

    async fn list(
        &self,
        account: &U::Id,
        now: DateTime<Utc>,
    ) -> Result<Vec<Session<U::Id>>, StoreError> {
        let query = self.query(LIST).bind("account", account.clone()).bind_instant("now", now);
        let rows = self.rows(query).await?;
        Ok(rows.iter().map(session::<DB, U>).collect::<Result<_, _>>()?)
    }

    async fn touch(
        &self,
        digest: &SessionDigest,
        now: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let query = self
            .query(TOUCH)
            .bind_bytes("digest", digest.as_bytes())
            .bind_instant("now", now)
            .bind_instant("expires_at", expires_at);
        self.execute(query).await?;
        Ok(())
    }

    async fn replace_csrf(
        &self,
        digest: &SessionDigest,
        old: &CsrfDigest,
        new: &CsrfDigest,
    ) -> Result<bool, StoreError> {
        let query = self
            .query(REPLACE_CSRF)
            .bind_bytes("digest", digest.as_bytes())
            .bind_bytes("old", old.as_bytes())
            .bind_bytes("new", new.as_bytes());
        Ok(self.execute(query).await? == 1)
    }

    async fn rebind(
        &self,
        digest: &SessionDigest,
        state: AccountState,
    ) -> Result<bool, StoreError> {
        let query = self
            .query(REBIND)
            .bind_bytes("digest", digest.as_bytes())
            .bind("version", state.version)
            .bind("stamp", state.security_stamp);
        Ok(self.execute(query).await? == 1)
    }

    async fn remove(&self, digest: &SessionDigest) -> Result<bool, StoreError> {
        let query = self.query(REMOVE).bind_bytes("digest", digest.as_bytes());
        Ok(self.execute_recorded(query).await? == 1)
    }

    async fn purge(&self, now: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
        self.purge_table(&TABLE, now, limit).await
    }

    fn beside_accounts(&self) -> Option<&dyn SessionsBesideAccounts<U>> {
        Some(self)
    }
}

#[async_trait]
impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> SessionsBesideAccounts<U> for SqlStore<DB, U> {
    async fn find_with_account(
        &self,
        digest: &SessionDigest,
        now: DateTime<Utc>,
    ) -> Result<Option<(Session<U::Id>, Account<U>)>, StoreError> {
        let query = self
            .query(FIND_WITH_ACCOUNT)
            .bind_bytes("digest", digest.as_bytes())
            .bind_instant("now", now);
        let Some(row) = self.row(query).await? else { return Ok(None) };
        let account = rows::account::<DB, U>(&row)?;
        let mut columns = Columns::<DB>::new(&row, rows::after_account::<U>());
        let mut session = Session {
            digest: *digest,
            account: account.user.id().clone(),
            state: account.state(),
            csrf: columns.digest(CsrfDigest::from_bytes)?,
            client: None,
            user_agent: None,
            is_remembered: columns.next()?,
            created_at: columns.instant()?,
            last_activity_at: columns.instant()?,
            expires_at: columns.instant()?,
            ends_at: columns.optional_instant()?,
            proofs: Proofs::default(),
            impersonator: None,
        };
        session.proofs = proofs(&mut columns, session.created_at)?;
        session.impersonator = impersonator(&mut columns)?;
        Ok(Some((session, account)))
    }
}

/// Binds the digest of a session, its account and the state it is bound to.
fn bound_account<DB: Backend + Stores<Id>, Id: Clone + Send + Sync + 'static>(
    query: Query<DB>,
    session: &Session<Id>,
) -> Query<DB> {
    query
        .bind_bytes("digest", session.digest.as_bytes())
        .bind("account", session.account.clone())
        .bind("version", session.state.version)
        .bind("stamp", session.state.security_stamp)
        .bind_instant("now", session.created_at)
}

fn session<DB: Backend + Stores<U::Id>, U: AuthUser>(
    row: &DB::Row,
) -> Result<Session<U::Id>, sqlx::Error> {
    let mut columns = Columns::<DB>::new(row, 0);
    let mut session = Session {
        digest: columns.digest(SessionDigest::from_bytes)?,
        account: columns.next()?,
        state: columns.state()?,
        csrf: columns.digest(CsrfDigest::from_bytes)?,
        client: columns.next::<Option<String>>()?.and_then(|text| text.parse().ok()),
        user_agent: columns.next()?,
        is_remembered: columns.next()?,
        created_at: columns.instant()?,
        last_activity_at: columns.instant()?,
        expires_at: columns.instant()?,
        ends_at: columns.optional_instant()?,
        proofs: Proofs::default(),
        impersonator: None,
    };
    session.proofs = proofs(&mut columns, session.created_at)?;
    session.impersonator = impersonator(&mut columns)?;
    Ok(session)
}

fn impersonator<DB: Backend>(
    columns: &mut Columns<'_, DB>,
) -> Result<Option<Impersonator>, sqlx::Error> {
    let stored: Option<String> = columns.next()?;
    let read = |stored: String| {
        // The session would be taken for its owner's.
        Impersonator::from_stored(&stored)
            .ok_or_else(|| sqlx::Error::Decode("an impersonator is malformed".into()))
    };
    stored.map(read).transpose()
}

fn proofs<DB: Backend>(
    columns: &mut Columns<'_, DB>,
    created_at: DateTime<Utc>,
) -> Result<Proofs, sqlx::Error> {
    let stored: Option<String> = columns.next()?;
    Ok(Proofs::from_stored(stored.as_deref(), created_at))
}
