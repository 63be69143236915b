//! Editable columns in the user's own table.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tracing::warn;

use super::store::{Edited, ProfileStore};
use crate::model::Account;
use crate::sql::refused::{RefusalKind, RefusedRow};
use crate::sql::{AuthRow, Backend, Edits, SqlStore, Stores};
use crate::store_error::StoreError;

/// Changes the columns that an edit names. Their names come from attributes.
fn update(columns: &[&str]) -> String {
    let sets = columns.iter().enumerate();
    let sets = sets.map(|(at, column)| format!("{{own {column}}} = {{:edit{at} own {column}}}, "));
    format!(
        "UPDATE {{table}} SET {}{{updated}} = {{:now updated}} \
         WHERE {{id}} = {{:id id}} AND {{version}} = :version AND {{stamp}} = :stamp \
         AND {{is active}}",
        sets.collect::<String>()
    )
}

#[async_trait]
impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> ProfileStore<U> for SqlStore<DB, U> {
    async fn edit(
        &self,
        account: &Account<U>,
        edit: U::Edit,
        now: DateTime<Utc>,
    ) -> Result<Edited, StoreError> {
        let values = U::write_edit(edit, Edits::default()).into_values();
        let sent = U::SHAPE.editable.iter().zip(values);
        let (columns, values): (Vec<_>, Vec<_>) =
            sent.filter_map(|((_, column), value)| Some((*column, value?))).unzip();
        if columns.is_empty() {
            return Ok(Edited::Unchanged);
        }
        let state = account.state();
        let query = self
            .query_once(&update(&columns))
            .bind_time("now", now)
            .bind("id", account.user.id().clone())
            .bind("version", state.version)
            .bind("stamp", state.security_stamp);
        let values = values.into_iter().enumerate();
        let query =
            values.fold(query, |query, (at, value)| query.bind_value(format!("edit{at}"), value));
        match self.execute_recorded_sql(query).await {
            Ok(0) => Ok(Edited::Ended),
            Ok(_) => Ok(Edited::Stored),
            Err(cause) => self.edit_refused(cause).await,
        }
    }
}

impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> SqlStore<DB, U> {
    /// Explains why an edit failed.
    async fn edit_refused(&self, cause: sqlx::Error) -> Result<Edited, StoreError> {
        let Some(refusal) = RefusedRow::of(&cause) else { return Err(cause.into()) };
        let field = self.field(&refusal, U::SHAPE.editable).await;
        match (refusal.kind, field) {
            (RefusalKind::Taken, Some(field)) => Ok(Edited::Taken { field }),
            (_, field) => {
                let constraint = refusal.name.as_deref();
                let reason = &*refusal.reason;
                warn!(constraint, field, reason, "the database refuses the edit of a profile");
                Ok(Edited::Refused { field })
            }
        }
    }
}
