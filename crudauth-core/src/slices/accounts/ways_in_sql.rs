//! The ways into an account beside its password. The last one stays.

use crate::model::Account;
use crate::sql::transaction::Transaction;
use crate::sql::{AuthRow, Backend, SqlStore, Stores};

impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> SqlStore<DB, U> {
    /// Whether an account without a password has a way in: a passkey, or a connection with a provider.
    pub(crate) async fn has_way_in(
        &self,
        tx: &mut Transaction<DB>,
        account: &Account<U>,
    ) -> Result<bool, sqlx::Error> {
        for table in self.tables().iter().filter(|table| table.signs_in) {
            let owner = table.owner().unwrap_or("user_id");
            let template = format!(
                "SELECT digest FROM {{+{}}} WHERE {owner} = :account AND auth_epoch = :stamp LIMIT 1",
                table.suffix
            );
            let query = self.query_once(&template).bind("account", account.user.id().clone());
            if tx.row(query.bind("stamp", account.state.security_stamp)).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
