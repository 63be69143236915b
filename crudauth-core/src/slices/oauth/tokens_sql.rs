//! Kept tokens in the app's database: columns of the connections.

use super::store::{ConnectionId, KeptTokens};
use crate::model::Sealed;
use crate::sql::Backend;
use crate::sql::rows::Columns;

pub(super) const TOKENS: &str = "SELECT digest, provider, issuer, subject, tokens, \
    tokens_leased_until, tokens_revision FROM {+connections} WHERE account_id = :account \
    AND auth_epoch = :stamp ORDER BY last_used_at DESC, created_at DESC, digest";

pub(super) const REPLACE_TOKENS: &str = "UPDATE {+connections} SET tokens = :tokens, \
    tokens_leased_until = :leased_until, tokens_revision = :next WHERE digest = :digest \
    AND account_id = :account AND auth_epoch = :stamp AND COALESCE(tokens_revision, 0) = :revision";

pub(super) fn kept_tokens<DB: Backend>(row: &DB::Row) -> Result<KeptTokens, sqlx::Error> {
    let mut columns = Columns::<DB>::new(row, 0);
    let bytes = |bytes: &[u8]| bytes.try_into().ok().map(ConnectionId::from_bytes);
    Ok(KeptTokens {
        connection: columns.digest(bytes)?,
        provider: columns.next()?,
        issuer: columns.next()?,
        subject: columns.next()?,
        sealed: columns.next::<Option<Vec<u8>>>()?.map(Sealed::from_bytes),
        leased_until: columns.optional_instant()?,
        revision: columns.next::<Option<i64>>()?.unwrap_or_default(),
    })
}
