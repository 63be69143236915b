//! The stored row: the app's struct and the columns that only the library sees.

use std::fmt;
use std::hash::Hash;

use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::{AuthUser, Contact, IdentifierKind};
use crate::random::random;

/// An account: the app's struct and the flags that the library keeps beside it.
///
/// The password hash is not part of it; only the flows that verify a password read it.
#[derive(Clone)]
pub struct Account<U> {
    /// What the app declared.
    pub user: U,
    pub(crate) is_active: bool,
    pub(crate) is_superuser: bool,
    pub(crate) is_verified: bool,
    pub(crate) state: AccountState,
}

impl<U: AuthUser> Account<U> {
    /// Returns `true` if it may sign in.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.is_active
    }

    /// Returns `true` if it passes the superuser gate.
    #[must_use]
    pub fn is_superuser(&self) -> bool {
        self.is_superuser
    }

    /// Returns `true` if its recovery contact is proved.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.is_verified
    }

    /// The state that credentials of this account are bound to.
    #[must_use]
    pub fn state(&self) -> AccountState {
        self.state
    }

    /// The state of the account as text, for a credential of your own.
    ///
    /// It changes with the password, when the account is disabled, and when another account gets its
    /// key. Store it beside the credential and reject the credential if it differs.
    #[must_use]
    pub fn security_stamp(&self) -> String {
        format!("{:x}.{:x}", self.state.security_stamp, self.state.version)
    }

    /// The account after its version was counted up.
    pub(crate) fn next(&self) -> Self {
        let state = AccountState { version: self.state.version + 1, ..self.state };
        Self { state, ..self.clone() }
    }

    /// Text under which the account is counted. An account that gets the key of a deleted one has
    /// counters of its own.
    #[doc(hidden)]
    #[must_use]
    pub fn counter_key(&self) -> String {
        format!("{}.{:x}", self.user.id(), self.state.security_stamp)
    }

    /// The contact that recovers it, in its canonical form; `None` if no message can be sent to it.
    ///
    /// It may be an address that sign-up would reject, if other software stored it.
    #[must_use]
    pub fn contact(&self) -> Option<Contact> {
        let at = U::SHAPE.recovery?;
        let shown = self.user.identifiers().get(at).copied()??;
        Contact::parse_stored(U::SHAPE.identifiers[at].kind, shown)
    }

    /// The compared form of the recovery contact. One-time tokens are bound to it.
    pub(crate) fn contact_key(&self) -> Option<String> {
        let at = U::SHAPE.recovery?;
        let (column, shown) = (&U::SHAPE.identifiers[at], self.user.identifiers());
        let shown = shown.get(at).copied()??;
        Some(if column.has_own_key() { column.key_of(shown) } else { shown.to_owned() })
    }

    /// The shown form of its first identifier of that kind.
    #[must_use]
    pub fn named(&self, kind: IdentifierKind) -> Option<&str> {
        self.user.identifiers().get(U::SHAPE.position(kind)?).copied()?
    }

    /// The shown forms of all its identifiers.
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

/// Shows the key and the flags, not the app's own columns.
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
/// # use crudauth_core::model::AccountId; // crudauth::AccountId
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
///     fn generate() -> Option<Self> {
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
    /// Whether the database counts keys up.
    const IS_COUNTED: bool;

    /// Makes a new key; `None` if the database counts keys up.
    fn generate() -> Option<Self>;
}

/// Reads a key from its text.
pub(crate) fn parse_id<Id: AccountId>(text: &str) -> Option<Id> {
    let as_text = || serde_json::from_value(serde_json::Value::from(text)).ok();
    serde_json::from_str(text).ok().or_else(as_text)
}

macro_rules! counted {
    ($($key:ty),*) => {$(
        impl AccountId for $key {
            const IS_COUNTED: bool = true;
            fn generate() -> Option<Self> {
                None
            }
        }
    )*};
}
counted!(i16, i32, i64, u32, u64);

impl AccountId for Uuid {
    const IS_COUNTED: bool = false;

    /// A random UUID (RFC 9562, version 4), which reveals neither the time nor the order of sign-ups.
    fn generate() -> Option<Self> {
        Some(uuid::Builder::from_random_bytes(random()).into_uuid())
    }
}

impl AccountId for String {
    const IS_COUNTED: bool = false;

    /// 128 random bits in hex.
    fn generate() -> Option<Self> {
        Some(hex::encode(random::<16>()))
    }
}
