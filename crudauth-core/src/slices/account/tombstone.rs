//! The row that a deleted account leaves for the tables that refer to it.

use chrono::{DateTime, Utc};

use crate::model::{AuthUser, IdentifierColumn, IdentifierKind, PasswordHash};
use crate::random::random;

/// Replacements for the names and the password in the row of a deleted account.
#[derive(Clone, Debug)]
pub struct Tombstone {
    /// The identifiers in the order of the shape: `None` for an optional one, else a name that no other
    /// account has.
    pub names: Vec<Option<String>>,
    /// A hash that no password has.
    pub hash: PasswordHash,
    /// Another security stamp.
    pub security_stamp: i64,
    /// When the account is deleted.
    pub deleted_at: DateTime<Utc>,
}

impl Tombstone {
    /// The characters of a random name. A shorter one would be another account's sooner or later.
    pub(super) const NAME_CHARS: usize = 16;

    /// The characters of a random address.
    pub(super) const EMAIL_CHARS: usize = Self::NAME_CHARS + "@deleted.invalid".len();

    /// Makes one. The columns of the live table hold the names.
    pub(super) fn new<U: AuthUser>(deleted_at: DateTime<Utc>) -> Self {
        let random_name = hex::encode(random::<{ Self::NAME_CHARS / 2 }>());
        let name = |column: &IdentifierColumn| {
            let name = match column.kind {
                // Mail to this domain is never delivered (RFC 2606, section 2).
                IdentifierKind::Email => format!("{random_name}@deleted.invalid"),
                IdentifierKind::Username | IdentifierKind::Phone | IdentifierKind::Code => {
                    random_name.clone()
                }
            };
            (!column.is_optional).then_some(name)
        };
        Self {
            names: U::SHAPE.identifiers.iter().map(name).collect(),
            hash: PasswordHash::unusable(),
            security_stamp: i64::from_be_bytes(random()) & i64::MAX,
            deleted_at,
        }
    }
}
