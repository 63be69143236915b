//! What an account's row holds in a password's place.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// The content of the column that holds an account's password hash, as it was read or is to be
/// written: usually a PHC string, but nothing is checked here.
///
/// `Debug` redacts it and it is wiped when dropped: whoever reads it can try passwords against it
/// undisturbed.
#[derive(Clone)]
pub struct PasswordHash(SecretString);

impl PasswordHash {
    /// What the column holds.
    #[must_use]
    pub fn new(column: String) -> Self {
        Self(SecretString::from(column))
    }

    /// What to write into the column.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether the account has a password at all: `false` for an empty column and for one that
    /// begins with `!`, the mark that crudauth-py, Django and `/etc/shadow` set.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        !self.expose().is_empty() && !self.expose().starts_with('!')
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_or_marked_column_is_no_password() {
        for (column, usable) in [("", false), ("!", false), ("!none", false), ("$argon2id$", true)]
        {
            assert_eq!(PasswordHash::new(column.to_owned()).is_usable(), usable, "{column:?}");
        }
    }

    #[test]
    fn it_is_not_shown() {
        assert!(!format!("{:?}", PasswordHash::new("$argon2id$".to_owned())).contains("argon2"));
    }
}
