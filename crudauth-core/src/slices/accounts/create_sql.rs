//! Adds an account with a proved contact, together with a row of another slice.

use super::insert_sql::{NotInserted, new_names};
use crate::account_store::{Created, NewAccount};
use crate::sql::engine::retrying_sql;
use crate::sql::{AuthRow, Backend, Query, SqlStore, Stores};
use crate::store_error::StoreError;

/// Result of adding an account and another row.
pub(crate) enum CreatedWith<Id> {
    /// As without the other row.
    Account(Created<Id>),
    /// The key of the other row is taken.
    OtherTaken,
}

/// Result of the transaction.
enum Inserted<Id> {
    Done(Id),
    Not(NotInserted),
    OtherTaken,
}

impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> SqlStore<DB, U> {
    /// Adds an account whose contact is proved and the row that `other` inserts, both or neither.
    pub(crate) async fn create_verified(
        &self,
        account: &NewAccount<U>,
        other: impl Fn(&U::Id) -> Query<DB> + Sync,
    ) -> Result<CreatedWith<U::Id>, StoreError> {
        let names = new_names(account);
        let elsewhere = self.taken_elsewhere(&names, None).await?;
        if !elsewhere.is_empty() {
            return Ok(CreatedWith::Account(self.taken(&names, elsewhere).await?));
        }
        let inserted = retrying_sql(|| async {
            let mut tx = self.begin().await?;
            let id = match self.insert_named(&mut tx, account, &names).await? {
                Ok(id) => id,
                Err(cause) => return tx.roll_back(Inserted::Not(cause)).await,
            };
            self.verify_new(&mut tx, &id).await?;
            match tx.execute(other(&id)).await {
                Err(sqlx::Error::Database(cause)) if cause.is_unique_violation() => {
                    return tx.roll_back(Inserted::OtherTaken).await;
                }
                result => result?,
            };
            self.commit(tx, &id).await?;
            Ok(Inserted::Done(id))
        })
        .await;
        Ok(match inserted {
            Ok(Inserted::Done(id)) => CreatedWith::Account(Created::Added(id)),
            Ok(Inserted::OtherTaken) => CreatedWith::OtherTaken,
            Ok(Inserted::Not(NotInserted::InvitationEnded)) => {
                CreatedWith::Account(Created::InvitationEnded)
            }
            Ok(Inserted::Not(NotInserted::NameTaken)) => {
                let known = self.taken_elsewhere(&names, None).await?;
                CreatedWith::Account(self.taken(&names, known).await?)
            }
            Err(cause) => CreatedWith::Account(self.refused(&names, cause).await?),
        })
    }
}
