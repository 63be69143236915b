//! The words that everyone uses: who an account is, what names it, what proves it.
//!
//! Values here are right by construction: whoever holds an [`EmailAddress`] or a [`Username`] need
//! not check it again.

mod account;
mod client;
mod code;
mod contact;
mod destination;
mod device;
pub(crate) mod digest;
mod email;
mod identifier;
mod keys;
mod password_hash;
mod phone;
mod presented;
mod scope;
mod secret;
mod shape;
mod token;
mod unicode;
mod username;

pub use crate::form::{Form, InvalidForm, Mistake, Rule};
pub use account::{Account, AccountId, AccountState};
pub use client::{ClientAddress, client_address};
pub use code::{Code, InvalidCode};
pub use contact::{Contact, InvalidContact};
pub use destination::Destination;
pub use device::Device;
pub use digest::{
    ApiKeyDigest, ApiKeyHandle, ChallengeDigest, CounterName, CsrfDigest, OneTimeDigest,
    RefreshDigest, SessionDigest, SessionHandle,
};
pub use email::{EmailAddress, InvalidEmail};
pub(crate) use identifier::lookups;
pub use identifier::{Identifier, InvalidIdentifier};
pub use keys::{KeyRing, Keys, MacKey, SecretKey, WeakSecret, Weakness};
pub use password_hash::PasswordHash;
pub use phone::{InvalidPhone, PhoneNumber};
pub use presented::Presented;
pub use scope::{InvalidScope, Scopes};
pub use secret::{CsrfToken, OneTimeToken, SessionToken};
pub use shape::{
    AuthUser, Companion, IdentifierColumn, IdentifierKind, Literal, Recoverable,
    RecoverableByEmail, Shape,
};
pub use token::{Digest, Token};
pub(crate) use unicode::is_unseen;
pub use username::{InvalidUsername, Username};
