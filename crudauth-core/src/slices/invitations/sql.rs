//! Invitations in the app's database. The key is a digest of the address.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::store::{Invitation, InvitationStore};
use crate::account_store::{NewAccount, OpenInvitation};
use crate::model::digest::sha256;
use crate::model::{AuthUser, EmailAddress, Identifier, OneTimeDigest};
use crate::sql::rows::Columns;
use crate::sql::transaction::Transaction;
use crate::sql::{AuthRow, Backend, ColumnSpec, Query, SqlStore, Stores, TableSpec};
use crate::store_error::StoreError;

/// Invitations.
pub const TABLE: TableSpec = TableSpec::new(
    "invitations",
    "digest",
    &[
        ColumnSpec::digest("token"),
        ColumnSpec::text("address", 320),
        ColumnSpec::text("preset", Invitation::MAX_PRESET_CHARS),
        ColumnSpec::instant("created_at"),
        ColumnSpec::expiry(),
    ],
);

const PUT: &str = "INSERT INTO {+invitations} (digest, token, address, preset, created_at, \
    expires_at) VALUES (:digest, :token, :address, :preset, :now, :expires_at) {on conflict} \
    token = :token, preset = :preset, created_at = :now, expires_at = :expires_at";

const FIND: &str =
    "SELECT token, preset FROM {+invitations} WHERE digest = :digest AND expires_at > :now";

// The limit is a constant, so that every planner knows that the index is the way to few rows.
const LIST: &str = "SELECT address, preset, created_at, expires_at FROM {+invitations} \
    WHERE expires_at > :now ORDER BY {+invitations}.expires_at LIMIT 100";

const REVOKE: &str = "DELETE FROM {+invitations} WHERE digest = :digest";

const CONSUME: &str = "DELETE FROM {+invitations} WHERE digest = :digest AND token = :token \
    AND expires_at > :now";

#[async_trait]
impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> InvitationStore for SqlStore<DB, U> {
    async fn put(&self, invitation: &Invitation, token: &OneTimeDigest) -> Result<(), StoreError> {
        let preset = serde_json::to_string(&invitation.preset).map_err(StoreError::failed)?;
        let query = self
            .invitation_of(PUT, &invitation.address)
            .bind_bytes("token", token.as_bytes())
            .bind("address", invitation.address.as_str().to_owned())
            .bind("preset", preset)
            .bind_instant("now", invitation.created_at)
            .bind_instant("expires_at", invitation.expires_at);
        self.execute_recorded(query).await?;
        Ok(())
    }

    async fn list(&self, now: DateTime<Utc>) -> Result<Vec<Invitation>, StoreError> {
        let rows = self.rows(self.query(LIST).bind_instant("now", now)).await?;
        let mut invitations = Vec::new();
        for row in &rows {
            let mut columns = Columns::<DB>::new(row, 0);
            let address: String = columns.next()?;
            invitations.push(Invitation {
                address: EmailAddress::parse(&address).map_err(StoreError::failed)?,
                preset: read_preset(&columns.next::<String>()?)?,
                created_at: columns.instant()?,
                expires_at: columns.instant()?,
            });
        }
        Ok(invitations)
    }

    async fn revoke(&self, address: &EmailAddress) -> Result<bool, StoreError> {
        Ok(self.execute_recorded(self.invitation_of(REVOKE, address)).await? > 0)
    }
}

impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> SqlStore<DB, U> {
    /// Returns the open invitation of an address; `None` in a mount without invitations.
    pub(crate) async fn open_invitation(
        &self,
        address: &EmailAddress,
        now: DateTime<Utc>,
    ) -> Result<Option<OpenInvitation>, StoreError> {
        if !self.tables().contains(&&TABLE) {
            return Ok(None);
        }
        let query = self.invitation_of(FIND, address).bind_instant("now", now);
        let Some(row) = self.row(query).await? else { return Ok(None) };
        let mut columns = Columns::<DB>::new(&row, 0);
        let token: Vec<u8> = columns.next()?;
        let token = OneTimeDigest::from_bytes(&token);
        let token = token.ok_or_else(|| StoreError::failed("a digest has another length"))?;
        Ok(Some(OpenInvitation { token, preset: read_preset(&columns.next::<String>()?)? }))
    }

    /// Consumes the invitation by which an account is added. Returns `true` if this transaction is the
    /// one that consumes it.
    pub(crate) async fn consume_invitation(
        &self,
        tx: &mut Transaction<DB>,
        account: &NewAccount<U>,
        token: &OneTimeDigest,
    ) -> Result<bool, sqlx::Error> {
        let Some(address) = address_of::<U>(&account.identifiers) else { return Ok(false) };
        let query = self
            .invitation_of(CONSUME, address)
            .bind_bytes("token", token.as_bytes())
            .bind_instant("now", account.created_at);
        Ok(tx.execute(query).await? == 1)
    }

    /// A statement about the invitation of an address.
    fn invitation_of(&self, template: &'static str, address: &EmailAddress) -> Query<DB> {
        let digest = sha256(&[b"invitation", address.as_str().as_bytes()]);
        self.query(template).bind_bytes("digest", &digest)
    }
}

/// The address of a new account that an invitation can be bound to.
fn address_of<U: AuthUser>(identifiers: &[Option<Identifier>]) -> Option<&EmailAddress> {
    match identifiers.get(U::SHAPE.recovery?)?.as_ref()? {
        Identifier::Email(address) => Some(address),
        Identifier::Username(_) | Identifier::Phone(_) | Identifier::Code(_) => None,
    }
}

fn read_preset(json: &str) -> Result<Map<String, Value>, StoreError> {
    serde_json::from_str(json).map_err(StoreError::failed)
}
