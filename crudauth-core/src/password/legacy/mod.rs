//! Password hashes of other systems, verified everywhere and replaced at the next sign-in.
//!
//! A [`LegacyHash`] is one format. The pool checks the formats after argon2id did not match, in the
//! same worker, and only those *in use*: a hash of the format was found in the account table at
//! start-up, or was met since. A table without legacy hashes pays nothing.
//!
//! Promises:
//! - A failed verification costs the same for every name. Each format in use is checked, against
//!   the account's own hash if it is of that format, else against a decoy. This is exact if the
//!   table's hashes cost as much as the decoy; configure the usual cost with the format's `cost`.
//! - A match gives [`Verdict::RightOutdated`](super::Verdict::RightOutdated), so the flow that
//!   renews old argon2id hashes renews legacy hashes too.
//! - The password is tried in NFKC and, if it differs, as typed, because other systems hashed the
//!   typed text.
//! - The cost of a stored hash is bounded, and a panic in a format does no harm.
//!
//! The shipped formats need the feature `legacy-hashes`; the trait does not.

#[cfg(feature = "legacy-hashes")]
mod argon2;
#[cfg(feature = "legacy-hashes")]
mod bcrypt;
#[cfg(feature = "legacy-hashes")]
mod crudauth_py;
mod formats;
#[cfg(feature = "legacy-hashes")]
mod pbkdf2;
#[cfg(feature = "legacy-hashes")]
mod phpass;
#[cfg(feature = "legacy-hashes")]
mod scrypt;
#[cfg(feature = "legacy-hashes")]
mod text;
#[cfg(feature = "legacy-hashes")]
mod wordpress;

use std::sync::Arc;

#[cfg(feature = "legacy-hashes")]
pub use self::{
    argon2::Argon2, bcrypt::Bcrypt, crudauth_py::CrudauthPy, pbkdf2::Pbkdf2, phpass::Phpass,
    scrypt::Scrypt, wordpress::WordPress,
};
pub(super) use formats::{Formats, LegacyMatch};

/// A hash format of another system.
///
/// ```
/// use crudauth_core::password::LegacyHash;
/// use sha2::{Digest, Sha256};
///
/// /// `{sha256}` and the digest in hexadecimal digits.
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
///         Self::of(b"decoy")
///     }
/// }
/// # assert!(Unsalted.verify(b"a-strong-one", &Unsalted::of(b"a-strong-one")));
/// # assert!(!Unsalted.verify(b"a-strong-one", &Unsalted.decoy()));
/// ```
///
/// Hashes without a prefix, such as SHA-256 with one salt for the whole table, are a format with the
/// prefix `""`. Do not compare a password with a stored password: convert plain text in the database
/// first.
///
/// ```
/// use crudauth_core::password::LegacyHash;
/// use sha2::{Digest, Sha256};
/// use subtle::ConstantTimeEq;
///
/// /// Hexadecimal digits of SHA-256 of a fixed salt and the password.
/// struct FixedSalt {
///     salt: String,
/// }
///
/// impl FixedSalt {
///     fn of(&self, password: &[u8]) -> String {
///         hex::encode(Sha256::new().chain_update(&self.salt).chain_update(password).finalize())
///     }
/// }
///
/// impl LegacyHash for FixedSalt {
///     fn prefixes(&self) -> &'static [&'static str] {
///         &[""]
///     }
///
///     fn verify(&self, password: &[u8], stored: &str) -> bool {
///         let stored = stored.to_ascii_lowercase();
///         self.of(password).as_bytes().ct_eq(stored.as_bytes()).into()
///     }
///
///     fn decoy(&self) -> String {
///         self.of(b"decoy")
///     }
/// }
/// # let format = FixedSalt { salt: "pepper".to_owned() };
/// # // printf 'peppera-strong-one' | sha256sum
/// # let stored = "c9a89f3d663a36d0bdc37b7dfc6b3ce72846262b87dd948594568ae9beb07bb4";
/// # assert!(format.verify(b"a-strong-one", stored) && !format.verify(b"a-strong-on", stored));
/// # assert!(!format.verify(b"a-strong-one", "a-strong-one"));
/// ```
///
/// The library calls it on blocking threads; one call is one verification. A panic counts as no
/// match and is logged without its message, although the process's panic hook still prints that.
/// Where panics abort, it ends the process.
pub trait LegacyHash: Send + Sync + 'static {
    /// Name in logs (default: the name of the type).
    fn name(&self) -> &'static str {
        std::any::type_name::<Self>()
    }

    /// Prefixes of stored hashes of this format, at least one. Formats may share prefixes.
    ///
    /// A format whose only prefix is `""` claims every value that begins neither with `$argon2` nor
    /// with a prefix of another format: hashes that carry no mark, all made in the same way.
    fn prefixes(&self) -> &'static [&'static str];

    /// Returns `true` if `stored` is a hash of `password`, which has at most
    /// [`MAX_BYTES`](super::MAX_BYTES).
    ///
    /// `stored` begins with one of the prefixes and is not empty; the rest may be anything. Return `false` for a
    /// malformed or too expensive hash, but only after work of the usual cost, or the response time
    /// distinguishes it. Compare outputs in constant time.
    fn verify(&self, password: &[u8], stored: &str) -> bool;

    /// Warning to log when hashes of this format are found and no other configured format shares
    /// the prefixes: another system's hashes may look the same (default: none).
    fn caution(&self) -> Option<&'static str> {
        None
    }

    /// Number of bytes of a password that the format hashes, if limited (default: all).
    ///
    /// A longer password still matches, but is not hashed again, because the new hash would require
    /// bytes that the old one never checked.
    fn max_bytes(&self) -> Option<usize> {
        None
    }

    /// Returns a hash of this format with the usual cost. The result of comparing with it is
    /// ignored. Called once.
    fn decoy(&self) -> String;
}

/// A shared format, for example with a test that counts its calls.
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

/// Returns the default formats: that of crudauth-py, with the feature `legacy-hashes`.
#[must_use]
pub fn default_formats() -> Vec<Arc<dyn LegacyHash>> {
    #[cfg(feature = "legacy-hashes")]
    return vec![Arc::new(CrudauthPy)];
    #[cfg(not(feature = "legacy-hashes"))]
    Vec::new()
}
