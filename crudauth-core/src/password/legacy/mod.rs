//! Hashes that other systems made: read wherever a password is checked, replaced at a sign-in.
//!
//! A [`LegacyHash`] is one format of them. The pool asks the formats only after argon2id did not
//! match, in the same seat, and of the formats only those that are *in use*: the account table was
//! found to hold a hash of it, or one was met. A table without foreign hashes pays nothing.
//!
//! What this room promises:
//! - a miss costs the same whoever is named: every format in use is asked, on the account's own
//!   hash if that is of it, else on a decoy. That is exact where a table's hashes cost what the
//!   decoy costs; a format's `cost` says what is usual in yours;
//! - a match is [`Verdict::RightOutdated`](super::Verdict::RightOutdated), and whoever renews an
//!   old argon2id hash then renews this one;
//! - the password is tried in the form NFKC, then, if that is another text, as it was typed: other
//!   systems hashed what was typed;
//! - a stored text cannot ask for more than a bounded cost, nor can a format's panic do harm.
//!
//! The formats shipped need the feature `legacy-hashes`; the trait is always there.

#[cfg(feature = "legacy-hashes")]
mod bcrypt;
#[cfg(feature = "legacy-hashes")]
mod crudauth_py;
mod formats;
#[cfg(feature = "legacy-hashes")]
mod pbkdf2;
#[cfg(feature = "legacy-hashes")]
mod scrypt;
#[cfg(feature = "legacy-hashes")]
mod text;

use std::sync::Arc;

#[cfg(feature = "legacy-hashes")]
pub use self::{bcrypt::Bcrypt, crudauth_py::CrudauthPy, pbkdf2::Pbkdf2, scrypt::Scrypt};
pub(super) use formats::{Formats, LegacyMatch};

/// A format of stored hashes that another system made.
///
/// ```
/// use crudauth_core::password::LegacyHash;
/// use sha2::{Digest, Sha256};
///
/// /// `{sha256}` and the digest in hexadecimal digits, as an old shop kept them.
/// struct Unsalted;
///
/// impl Unsalted {
///     fn of(password: &[u8]) -> String {
///         format!("{{sha256}}{}", hex::encode(Sha256::digest(password)))
///     }
/// }
///
/// impl LegacyHash for Unsalted {
///     fn prefixes(&self) -> &'static [&'static str] {
///         &["{sha256}"]
///     }
///
///     fn verify(&self, password: &[u8], stored: &str) -> bool {
///         subtle::ConstantTimeEq::ct_eq(Self::of(password).as_bytes(), stored.as_bytes()).into()
///     }
///
///     fn decoy(&self) -> String {
///         Self::of(b"nobody's")
///     }
/// }
/// # assert!(Unsalted.verify(b"a-strong-one", &Unsalted::of(b"a-strong-one")));
/// # assert!(!Unsalted.verify(b"a-strong-one", &Unsalted.decoy()));
/// ```
///
/// The library calls it on threads where work may take its time, and never for long at once: one
/// call is one verification. A panic counts as no match and is logged without its message, which the panic
/// hook of the process prints all the same; where panics abort, it ends the process.
pub trait LegacyHash: Send + Sync + 'static {
    /// What the log calls it (default: the type's name).
    fn name(&self) -> &'static str {
        std::any::type_name::<Self>()
    }

    /// What the stored texts of this format begin with; each names one or several. Other formats
    /// may have the same ones.
    fn prefixes(&self) -> &'static [&'static str];

    /// Whether `stored` was made from `password`: the bytes of one reading of what was typed, at
    /// most [`MAX_BYTES`](super::MAX_BYTES).
    ///
    /// `stored` begins with one of the prefixes and may be anything after it. One that is malformed
    /// or asks for too much is `false`, after work of the usual cost, or the time of the answer
    /// would tell it from others. Outputs are compared in constant time.
    fn verify(&self, password: &[u8], stored: &str) -> bool;

    /// What the log tells beside where hashes of this format are found and no other format reads the
    /// same prefixes: that they may be another system's, which look the same (default: nothing).
    fn caution(&self) -> Option<&'static str> {
        None
    }

    /// How many bytes of a password count, where not all do: a longer one lets its owner in, and is
    /// not hashed anew, since whatever was typed beyond those bytes would then count.
    fn max_bytes(&self) -> Option<usize> {
        None
    }

    /// A text of this format that costs what a usual one costs. What comparing with it tells is
    /// thrown away. Asked for once.
    fn decoy(&self) -> String;
}

/// A format that is shared, with a test that counts its calls for one.
impl<H: LegacyHash + ?Sized> LegacyHash for Arc<H> {
    fn name(&self) -> &'static str {
        (**self).name()
    }

    fn prefixes(&self) -> &'static [&'static str] {
        (**self).prefixes()
    }

    fn verify(&self, password: &[u8], stored: &str) -> bool {
        (**self).verify(password, stored)
    }

    fn caution(&self) -> Option<&'static str> {
        (**self).caution()
    }

    fn max_bytes(&self) -> Option<usize> {
        (**self).max_bytes()
    }

    fn decoy(&self) -> String {
        (**self).decoy()
    }
}

/// The formats that are read if an app names none: crudauth-py's, with the feature `legacy-hashes`.
#[must_use]
pub fn default_formats() -> Vec<Arc<dyn LegacyHash>> {
    #[cfg(feature = "legacy-hashes")]
    return vec![Arc::new(CrudauthPy)];
    #[cfg(not(feature = "legacy-hashes"))]
    Vec::new()
}
