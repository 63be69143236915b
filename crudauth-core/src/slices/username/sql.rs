//! Usernames in the user's own table.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tracing::warn;

use super::store::{Renamed, UsernameStore};
use crate::model::{Account, Identifier, IdentifierColumn, IdentifierKind, Username};
use crate::slices::accounts::NewName;
use crate::sql::engine::retrying_sql;
use crate::sql::refused::{RefusalKind, RefusedRow};
use crate::sql::{AuthRow, Backend, SqlStore, Stores};
use crate::store_error::StoreError;

/// Sets both forms of the identifier at that position.
fn rename(at: usize, column: &IdentifierColumn) -> String {
    let shown = format!("{{shown {at}}} = {{:shown shown {at}}}, ");
    let shown = if column.has_own_key() { &*shown } else { "" };
    format!(
        "UPDATE {{table}} SET {shown}{{identifier {at}}} = {{:key identifier {at}}}, \
         {{updated}} = {{:now updated}} WHERE {{id}} = {{:id id}} AND {{version}} = :version \
         AND {{stamp}} = :stamp AND {{is active}}"
    )
}

#[async_trait]
impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> UsernameStore<U> for SqlStore<DB, U> {
    async fn rename(
        &self,
        account: &Account<U>,
        name: &Username,
        now: DateTime<Utc>,
    ) -> Result<Renamed, StoreError> {
        let Some(at) = U::SHAPE.position(IdentifierKind::Username) else {
            return Ok(Renamed::Ended);
        };
        let column = &U::SHAPE.identifiers[at];
        let (id, state) = (account.user.id(), account.state());
        let name = NewName::new(column, &Identifier::Username(name.clone()));
        let query = || {
            let query = self.query_once(&rename(at, column)).bind_time("now", now);
            query
                .bind("shown", name.shown.clone())
                .bind("key", name.key.clone())
                .bind("id", id.clone())
                .bind("version", state.version)
                .bind("stamp", state.security_stamp)
        };
        let mut names: Vec<_> = U::SHAPE.identifiers.iter().map(|_| None).collect();
        names[at] = Some(name.clone());
        if !self.taken_elsewhere(&names, Some(id)).await?.is_empty() {
            return Ok(Renamed::Taken);
        }
        let renamed = retrying_sql(|| async {
            let mut tx = self.begin().await?;
            if !self.reserve(&mut tx, &names, Some(id)).await? {
                return tx.roll_back(Renamed::Taken).await;
            }
            if tx.execute(query()).await? == 0 {
                return tx.roll_back(Renamed::Ended).await;
            }
            self.commit(tx, id).await?;
            Ok(Renamed::Done)
        });
        renamed.await.or_else(refused)
    }
}

/// Explains why a change failed. It writes no unique column but those of the name.
fn refused(cause: sqlx::Error) -> Result<Renamed, StoreError> {
    let Some(RefusedRow { kind, name, reason, .. }) = RefusedRow::of(&cause) else {
        return Err(cause.into());
    };
    if kind == RefusalKind::Taken {
        return Ok(Renamed::Taken);
    }
    warn!(constraint = name, reason, "the database refuses a username");
    Ok(Renamed::Refused)
}
