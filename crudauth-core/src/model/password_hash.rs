//! The stored form of a password.
//!
//! Read and written by the account store; made and verified by the hashing pool.

use secrecy::{ExposeSecret, SecretString};

use crate::random::random;

/// The content of an account's password hash column, usually a PHC string. It is not validated.
///
/// With the hash, an attacker can test passwords offline. So `Debug` redacts it, and it is wiped
/// when dropped.
#[derive(Clone, Debug)]
pub struct PasswordHash(SecretString);

impl PasswordHash {
    /// Wraps the content of the column.
    #[must_use]
    pub fn new(column: String) -> Self {
        Self(SecretString::from(column))
    }

    /// A hash that no password has. The random part keeps two accounts apart.
    pub(crate) fn unusable() -> Self {
        Self::new(format!("!{}", hex::encode(random::<16>())))
    }

    /// Returns the content of the column.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Returns `true` if the account has a password: the column is not empty and does not begin
    /// with `!`, the mark of crudauth-py, Django and `/etc/shadow`.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        !self.expose().is_empty() && !self.expose().starts_with('!')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_or_marked_column_is_unusable() {
        for (column, usable) in [("", false), ("!", false), ("!none", false), ("$argon2id$", true)]
        {
            assert_eq!(PasswordHash::new(column.to_owned()).is_usable(), usable, "{column:?}");
        }
    }

    #[test]
    fn unusable_hashes_differ() {
        let [one, other] = [(); 2].map(|()| PasswordHash::unusable());
        assert!(!one.is_usable() && !other.is_usable());
        assert_ne!(one.expose(), other.expose());
    }

    #[test]
    fn debug_redacts_the_hash() {
        assert!(!format!("{:?}", PasswordHash::new("$argon2id$".to_owned())).contains("argon2"));
    }
}
