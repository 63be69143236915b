//! The shared vocabulary: accounts, identifiers, secrets, scopes, client addresses.
//!
//! A value is valid by type. An [`EmailAddress`] or a [`Username`] need not be checked again.

mod account;
mod checked;
mod client;
mod client_info;
mod client_scope;
mod code;
mod contact;
mod device;
pub(crate) mod digest;
mod email;
mod family_id;
mod fernet;
mod form;
mod generate;
mod identifier;
mod impersonator;
mod keys;
mod mailed_code;
mod password_hash;
mod phone;
mod plain_names;
mod proofs;
mod redirect_path;
mod role;
mod scope;
mod sealed;
mod secret;
mod shape;
mod text;
mod unicode;
mod username;

pub use crate::form::{FieldError, FieldErrorKind, Form, InvalidField, InvalidForm};
pub(crate) use account::parse_id;
pub use account::{Account, AccountId, AccountState};
pub use checked::Checked;
pub use client::{ClientAddress, client_address};
pub use client_info::ClientInfo;
pub use client_scope::for_client;
pub(crate) use client_scope::in_this_client;
pub use code::{Code, InvalidCode};
pub use contact::{Contact, InvalidContact};
pub use device::Device;
pub use digest::{
    ApiKeyDigest, ApiKeyHandle, BrowserDigest, ChallengeDigest, CounterName, CsrfDigest,
    OneTimeDigest, RecoveryCodeDigest, RefreshDigest, SessionDigest, SessionHandle, TrustDigest,
    TrustHandle,
};
pub use email::{EmailAddress, InvalidEmail};
pub use family_id::FamilyId;
pub use fernet::FernetKey;
pub use generate::{exported, ulid, uuid, without_blank};
pub use identifier::{Identifier, InvalidIdentifier};
pub(crate) use identifier::{MAX_LOOKUP_BYTES, lookups};
pub use impersonator::Impersonator;
#[cfg(test)]
pub(crate) use keys::hashes_computed;
pub use keys::{KeyRing, Keys, Mac, MacKey, SecretKey, WeakSecret, Weakness};
pub use mailed_code::MailedCode;
pub use password_hash::PasswordHash;
pub use phone::{InvalidPhone, PhoneNumber};
pub use proofs::Proofs;
pub use redirect_path::RedirectPath;
pub use role::{HasRole, RoleBits, RoleHolder, RoleName};
pub use scope::{InvalidScope, Scopes};
pub use sealed::Sealed;
pub use secret::{BrowserToken, ChallengeToken, CsrfToken, OneTimeToken, SessionToken, TrustToken};
pub use shape::{
    AuthUser, Companion, Editable, HasUsername, IdentifierColumn, IdentifierKind, KeySource,
    Recoverable, RecoverableByEmail, Shape, SqlDefault, TimeUnit,
};
#[cfg(test)]
pub(crate) use unicode::normalized_bytes;
pub(crate) use unicode::{is_invisible, nfkc};
pub use username::{InvalidUsername, Username};
