//! Pages of accounts, and suspensions, in the app's database.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::store::{AdminStore, Demoted, Suspended, Suspension};
use crate::model::Account;
use crate::model::digest::sha256;
use crate::slices::accounts::Guarded;
use crate::sql::engine::retrying;
use crate::sql::rows::{self, Columns};
use crate::sql::{AuthRow, Backend, ColumnSpec, Outlives, Query, SqlStore, Stores, TableSpec};
use crate::store_error::StoreError;

/// Why accounts are disabled, one row each.
pub const SUSPENSIONS: TableSpec = TableSpec::new(
    "suspensions",
    "digest",
    &[
        ColumnSpec::owner(),
        ColumnSpec::integer("token_version"),
        ColumnSpec::big_integer("auth_epoch"),
        ColumnSpec::text("reason", Suspension::MAX_CHARS),
        ColumnSpec::text("actor", 255),
        ColumnSpec::instant("created_at"),
        ColumnSpec::expiry().nullable(),
    ],
)
.outliving(Outlives::Disabling);

// The limits are constants, so that every planner knows that the index is the way to few rows.
const FIRST_PAGE: &str = "SELECT {account} FROM {table} ORDER BY {table}.{id} LIMIT 101";

const PAGE: &str = "SELECT {account} FROM {table} WHERE {table}.{id} > {:after id} \
    ORDER BY {table}.{id} LIMIT 101";

/// The statements for the identifier at that position: the first page, and one behind an account.
/// Deleted accounts may have the name of another one, so the key decides between them. A condition
/// with OR would make SQLite merge two searches.
macro_rules! pages_by {
    ($($at:literal),+) => {
        [$([
            pages_by!(@ $at,),
            pages_by!(@ $at, " AND NOT ({table}.{identifier ", $at, "} = {:from identifier ", $at,
                "} AND {table}.{id} <= {:after id})")
        ]),+]
    };
    (@ $at:literal, $($behind:literal),*) => {
        concat!(
            "SELECT {account}, {read identifier ", $at, "} FROM {table} WHERE {table}.{identifier ",
            $at, "} >= {:from identifier ", $at, "}", $($behind,)* " ORDER BY {table}.{identifier ",
            $at, "}, {table}.{id} LIMIT 101"
        )
    };
}

const PAGES_BY: [[&str; 2]; 4] = pages_by!("0", "1", "2", "3");

const DISABLE: &str = "UPDATE {table} SET {active} = FALSE, {version} = {version} + 1, \
    {updated} = {:time updated} WHERE {id} = {:account id}";

const INSERT: &str = "INSERT INTO {+suspensions} (digest, user_id, token_version, auth_epoch, \
    reason, actor, created_at, expires_at) VALUES (:digest, :account, :version + 1, :stamp, :reason, \
    :actor, :now, :ends_at)";

const FIND: &str = "SELECT reason, actor, created_at, expires_at FROM {+suspensions} \
    WHERE digest = :digest";

const FORGET: &str = "DELETE FROM {+suspensions} WHERE digest = :digest";

// An account that has changed since stays disabled. Whether it is active is checked when it is
// enabled: here the condition would make a planner read every account.
const ENDED: &str = "SELECT {account} FROM {+suspensions} JOIN {table} ON {table}.{id} = \
    {owner +suspensions} WHERE {+suspensions}.expires_at <= :now AND {+suspensions}.token_version = \
    {table}.{version} AND {+suspensions}.auth_epoch = {table}.{stamp} \
    ORDER BY {+suspensions}.expires_at LIMIT 100";

const PROMOTE: &str = "UPDATE {table} SET {superuser} = TRUE, {updated} = {:time updated} \
    WHERE {id} = {:account id}{and living}";

const DEMOTE: &str = "UPDATE {table} SET {superuser} = FALSE, {updated} = {:time updated} \
    WHERE {id} = {:account id}";

#[async_trait]
impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> AdminStore<U> for SqlStore<DB, U> {
    async fn page(&self, after: Option<&U::Id>) -> Result<Vec<Account<U>>, StoreError> {
        let query = match after {
            Some(id) => self.query(PAGE).bind("after", id.clone()),
            None => self.query(FIRST_PAGE),
        };
        let rows = self.rows(query).await?;
        Ok(rows.iter().map(rows::account::<DB, U>).collect::<Result<_, _>>()?)
    }

    async fn page_by(
        &self,
        at: usize,
        from: &str,
        after: Option<&U::Id>,
    ) -> Result<Vec<(Account<U>, String)>, StoreError> {
        let Some([first, behind]) = PAGES_BY.get(at) else { return Ok(Vec::new()) };
        let query = match after {
            Some(id) => self.query(behind).bind("after", id.clone()),
            None => self.query(first),
        };
        let rows = self.rows(query.bind("from", from.to_owned())).await?;
        let read = |row: &DB::Row| {
            let key = rows::take::<DB, String>(row, rows::after_account::<U>())?;
            Ok::<_, sqlx::Error>((rows::account::<DB, U>(row)?, key))
        };
        Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
    }

    async fn suspend(
        &self,
        id: &U::Id,
        suspension: &Suspension,
    ) -> Result<Suspended<U>, StoreError> {
        retrying(|| async {
            let (mut tx, account) = match self.begin_guarded(id).await? {
                Guarded::Begun(tx, account) => (tx, account),
                Guarded::NotFound => return Ok(Suspended::NotFound),
                Guarded::LastSuperuser => return Ok(Suspended::LastSuperuser),
            };
            let about = |template| self.suspending(template, &account);
            if account.is_active() {
                // No reason is left, even if other software enabled the account.
                self.sweep(&mut tx, id, |table| table.outlives == Outlives::Disabling).await?;
            } else if tx.execute(about(FORGET)).await? == 0
                && !self.awaits_deletion(&mut tx, &account).await?
            {
                return tx.roll_back(Suspended::AlreadyDisabled).await;
            }
            tx.execute(about(DISABLE).bind_time("time", suspension.created_at)).await?;
            self.sweep(&mut tx, id, TableSpec::has_credentials).await?;
            let insert = about(INSERT)
                .bind("reason", suspension.reason.clone())
                .bind("actor", suspension.actor.clone())
                .bind_instant("now", suspension.created_at)
                .bind("ends_at", suspension.ends_at.map(|at| at.timestamp_millis()));
            tx.execute(insert).await?;
            self.commit(tx, id).await?;
            let account = Account { is_active: false, ..account.next() };
            Ok(Suspended::Done(Box::new(account)))
        })
        .await
    }

    async fn suspension(&self, account: &Account<U>) -> Result<Option<Suspension>, StoreError> {
        let Some(row) = self.row(self.suspending(FIND, account)).await? else { return Ok(None) };
        let mut columns = Columns::<DB>::new(&row, 0);
        Ok(Some(Suspension {
            reason: columns.next()?,
            actor: columns.next()?,
            created_at: columns.instant()?,
            ends_at: columns.optional_instant()?,
        }))
    }

    async fn ended(&self, now: DateTime<Utc>) -> Result<Vec<Account<U>>, StoreError> {
        let rows = self.rows(self.query(ENDED).bind_instant("now", now)).await?;
        Ok(rows.iter().map(rows::account::<DB, U>).collect::<Result<_, _>>()?)
    }

    async fn end_suspension(
        &self,
        account: &Account<U>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.open(account, now).await
    }

    async fn promote(&self, id: &U::Id, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let promote = self.query(PROMOTE).bind("account", id.clone());
        Ok(self.execute_recorded(promote.bind_time("time", now)).await? > 0)
    }

    async fn demote(&self, id: &U::Id, now: DateTime<Utc>) -> Result<Demoted, StoreError> {
        retrying(|| async {
            let mut tx = match self.begin_guarded(id).await? {
                Guarded::Begun(tx, _) => tx,
                Guarded::NotFound => return Ok(Demoted::NotFound),
                Guarded::LastSuperuser => return Ok(Demoted::LastSuperuser),
            };
            let demote = self.query(DEMOTE).bind("account", id.clone());
            tx.execute(demote.bind_time("time", now)).await?;
            self.commit(tx, id).await?;
            Ok(Demoted::Done)
        })
        .await
    }
}

impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> SqlStore<DB, U> {
    /// A statement about the suspension of an account. Bound to the stamp, too: an account that gets
    /// the key of a deleted one is not suspended.
    fn suspending(&self, template: &'static str, account: &Account<U>) -> Query<DB> {
        let digest = sha256(&[b"suspension", account.counter_key().as_bytes()]);
        self.in_state(template, account).bind_bytes("digest", &digest)
    }
}
