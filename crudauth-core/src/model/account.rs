//! The stored row: the app's struct and the columns that only the library sees.

use std::fmt;
use std::hash::Hash;

use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::{AuthUser, Contact, IdentifierKind, PasswordHash};
use crate::ports::Entropy;

/// An account as it is stored.
#[derive(Clone)]
pub struct Account<U> {
    /// What the app declared.
    pub user: U,
    /// The stored hash, if there is one at all.
    pub(crate) hash: PasswordHash,
    pub(crate) is_active: bool,
    pub(crate) is_superuser: bool,
    pub(crate) is_verified: bool,
    pub(crate) version: i32,
    pub(crate) epoch: i64,
}

impl<U: AuthUser> Account<U> {
    /// Whether it may sign in.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.is_active
    }

    /// Whether it passes the superuser gate.
    #[must_use]
    pub fn is_superuser(&self) -> bool {
        self.is_superuser
    }

    /// Whether the address that recovers it was proved.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.is_verified
    }

    /// What changes whenever everything that opens the account ends: with its password, when it is
    /// disabled, and with the account, also where another gets its key. Keep it beside a credential
    /// of your own, and take none whose stamp is another.
    #[must_use]
    pub fn stamp(&self) -> String {
        format!("{:x}.{:x}", self.epoch, self.version)
    }

    /// Where messages recover it, if it has such a place: in its one form, whatever the row shows.
    #[must_use]
    pub fn contact(&self) -> Option<Contact> {
        let at = U::SHAPE.recovery?;
        let shown = self.user.identifiers().get(at).copied()??;
        Contact::parse(U::SHAPE.identifiers[at].kind, shown)
    }

    /// What the row compares of that place, to which tokens are bound.
    pub(crate) fn contact_key(&self) -> Option<String> {
        let at = U::SHAPE.recovery?;
        let (column, shown) = (&U::SHAPE.identifiers[at], self.user.identifiers());
        let shown = shown.get(at).copied()??;
        Some(if column.has_own_key() { column.key_of(shown) } else { shown.to_owned() })
    }

    /// What the row shows as its first identifier of that kind.
    #[must_use]
    pub fn named(&self, kind: IdentifierKind) -> Option<&str> {
        self.user.identifiers().get(U::SHAPE.position(kind)?).copied()?
    }

    /// The texts that name it.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.user.identifiers().into_iter().flatten().collect()
    }
}

/// The state of an account that its credentials are bound to.
///
/// Every credential row carries the state of the account at the moment it was issued. It is valid
/// only while the account still has that state: a change of password, disabling the account and
/// similar events count `version` up, and `security_stamp` differs between two accounts that had one
/// key after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AccountState {
    /// Column `token_version`.
    pub version: i32,
    /// Column `auth_epoch`: a random number per account.
    pub security_stamp: i64,
}

/// Shows the key and the flags; neither the hash nor the app's own columns.
impl<U: AuthUser> fmt::Debug for Account<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("id", &self.user.id().to_string())
            .field("is_active", &self.is_active)
            .field("is_superuser", &self.is_superuser)
            .field("is_verified", &self.is_verified)
            .finish_non_exhaustive()
    }
}

/// A type that can be an account's key: an integer that the database counts up, a [`Uuid`] or a
/// [`String`] that the library makes, or one of the app's own that sqlx can store.
///
/// ```
/// # use crudauth_core::{model::AccountId, ports::Entropy}; // crudauth::{AccountId, ports::Entropy}
/// /// Counted up by the database.
/// #[derive(Clone, Debug, PartialEq, Eq, Hash, sqlx::Type, serde::Serialize, serde::Deserialize)]
/// #[sqlx(transparent)]
/// struct MemberId(i64);
///
/// impl std::fmt::Display for MemberId {
///     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
///         self.0.fmt(f)
///     }
/// }
///
/// impl AccountId for MemberId {
///     const IS_COUNTED: bool = true;
///     fn make(_: &dyn Entropy) -> Option<Self> {
///         None
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the key of an account",
    label = "not a kind of key",
    note = "write `i64`, `i32`, `uuid::Uuid` or `String`, or implement `crudauth::AccountId` for a type of your own"
)]
pub trait AccountId:
    Clone + Eq + Hash + Send + Sync + fmt::Display + fmt::Debug + Serialize + DeserializeOwned + 'static
{
    /// Whether the database counts it up.
    const IS_COUNTED: bool;

    /// A new key; `None` where the database makes it.
    fn make(entropy: &dyn Entropy) -> Option<Self>;
}

macro_rules! counted {
    ($($key:ty),*) => {$(
        impl AccountId for $key {
            const IS_COUNTED: bool = true;
            fn make(_: &dyn Entropy) -> Option<Self> {
                None
            }
        }
    )*};
}
counted!(i16, i32, i64, u32, u64);

impl AccountId for Uuid {
    const IS_COUNTED: bool = false;

    /// A random UUID (RFC 9562, version 4): it tells neither when nor in what order people came.
    fn make(entropy: &dyn Entropy) -> Option<Self> {
        let mut bytes = [0; 16];
        entropy.fill(&mut bytes);
        Some(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }
}

impl AccountId for String {
    const IS_COUNTED: bool = false;

    /// 128 random bits in hex.
    fn make(entropy: &dyn Entropy) -> Option<Self> {
        let mut bytes = [0; 16];
        entropy.fill(&mut bytes);
        Some(hex::encode(bytes))
    }
}
