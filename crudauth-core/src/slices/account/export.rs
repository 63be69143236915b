//! Exports the data of an account.

use serde_json::{Map, Value, json};

use super::{AccountError, SelfService};
use crate::event::EventKind;
use crate::model::{Account, AuthUser};
use crate::principal::Principal;
use crate::slices::sudo::Proof;

/// Version of the form of an export. It counts up when a key gets another meaning or goes.
const SCHEMA: u32 = 1;

impl<U: AuthUser> SelfService<U> {
    /// Returns the data of the principal's account, after fresh proof as for
    /// [`delete`](Self::delete): the account with the fields that are marked `#[auth(export)]`, and a
    /// key for each slice and each hook.
    ///
    /// # Errors
    /// [`AccountError`].
    pub async fn export(
        &self,
        principal: &Principal<U>,
        proof: &Proof,
    ) -> Result<Value, AccountError> {
        self.sudo.confirm(principal, proof).await?;
        self.callers.check(principal).await?;
        let account = principal.account();
        let mut export = Map::new();
        export.insert("schema".to_owned(), SCHEMA.into());
        export.insert("exported_at".to_owned(), json!(self.kit.now()));
        export.insert("account".to_owned(), self.exported_account(account).await?);
        for data in &self.data {
            let name = data.name();
            let exported = data.export(account).await;
            let value = exported.map_err(|cause| AccountError::Data { name, cause })?;
            export.insert(name.to_owned(), value);
        }
        self.kit.emit(self.kit.event(EventKind::AccountExported).account(account));
        Ok(export.into())
    }

    async fn exported_account(&self, account: &Account<U>) -> Result<Value, AccountError> {
        let [created_at, updated_at] = self.store.dates(account).await?;
        let names = U::SHAPE.identifiers.iter().map(|column| column.name.to_owned());
        let shown = account.user.identifiers().into_iter().map(Value::from);
        let fields = account.user.exported().into_iter();
        Ok(json!({
            "id": account.user.id(),
            "identifiers": names.zip(shown).collect::<Map<_, _>>(),
            "is_verified": account.is_verified(),
            "is_superuser": account.is_superuser(),
            "created_at": created_at,
            "updated_at": updated_at,
            "fields": fields.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>(),
        }))
    }
}
