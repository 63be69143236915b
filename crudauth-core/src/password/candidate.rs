//! The app's own rules for a new password.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::Password;

/// A password that somebody wants to have, as a rule of the app's own gets it.
///
/// `Debug` shows neither the password nor whose it would be.
#[derive(Clone, Copy)]
pub struct Candidate<'a> {
    password: &'a Password,
    identifiers: &'a [&'a str],
}

impl<'a> Candidate<'a> {
    pub(super) const fn new(password: &'a Password, identifiers: &'a [&'a str]) -> Self {
        Self { password, identifiers }
    }

    /// The password itself, in NFKC. It is to be looked at, and neither kept nor logged nor
    /// repeated in what the person is told.
    #[must_use]
    pub fn text(&self) -> &'a str {
        self.password.expose()
    }

    /// How many characters (Unicode code points) it has.
    #[must_use]
    pub fn chars(&self) -> usize {
        self.password.chars()
    }

    /// What names the account: its address, its username, in the order of the struct.
    #[must_use]
    pub const fn identifiers(&self) -> &'a [&'a str] {
        self.identifiers
    }
}

impl fmt::Debug for Candidate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Candidate(redacted)")
    }
}

/// What a rule says to a password that it refuses.
type Sentence = Cow<'static, str>;

type Rule = dyn Fn(&Candidate<'_>) -> Result<(), Sentence> + Send + Sync;

/// One rule of the app's own.
#[derive(Clone)]
pub(super) struct Validator(Arc<Rule>);

impl Validator {
    pub(super) fn new<M: Into<Sentence>>(
        rule: impl Fn(&Candidate<'_>) -> Result<(), M> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(move |candidate| rule(candidate).map_err(Into::into)))
    }

    pub(super) fn refusal(&self, candidate: &Candidate<'_>) -> Option<Sentence> {
        (self.0)(candidate).err()
    }
}

impl fmt::Debug for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Validator(..)")
    }
}
