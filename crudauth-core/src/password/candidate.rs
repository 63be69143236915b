//! Rules of the app for a new password.
//!
//! Called by the password policy.

use std::borrow::Cow;
use std::sync::Arc;

use super::Password;

/// A new password, as passed to a rule of the app.
///
/// `Debug` redacts the password and the account.
#[derive(Clone, Copy)]
pub struct Candidate<'a> {
    password: &'a Password,
    identifiers: &'a [&'a str],
}

impl<'a> Candidate<'a> {
    pub(super) const fn new(password: &'a Password, identifiers: &'a [&'a str]) -> Self {
        Self { password, identifiers }
    }

    /// Returns the password in NFKC. Do not store it, log it or repeat it in a message.
    #[must_use]
    pub fn text(&self) -> &'a str {
        self.password.expose()
    }

    /// Returns the number of characters (Unicode code points).
    #[must_use]
    pub fn chars(&self) -> usize {
        self.password.chars()
    }

    /// Returns the account's identifiers, such as its address and username, in the order of the
    /// struct.
    #[must_use]
    pub const fn identifiers(&self) -> &'a [&'a str] {
        self.identifiers
    }
}

crate::opaque::opaque!(Candidate<'_>);

/// The reason why a rule rejects a password, as a sentence for the person.
type Sentence = Cow<'static, str>;

type Rule = dyn Fn(&Candidate<'_>) -> Result<(), Sentence> + Send + Sync;

/// A rule of the app.
#[derive(Clone)]
pub(super) struct Validator(Arc<Rule>);

impl Validator {
    pub(super) fn new<M: Into<Sentence>>(
        rule: impl Fn(&Candidate<'_>) -> Result<(), M> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(move |candidate| rule(candidate).map_err(Into::into)))
    }

    /// Returns the reason why the rule rejects the password.
    pub(super) fn rejection(&self, candidate: &Candidate<'_>) -> Option<Sentence> {
        (self.0)(candidate).err()
    }
}

crate::opaque::opaque!(Validator);
