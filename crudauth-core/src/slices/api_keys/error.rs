//! Why no key is made.

use crate::model::Mistake;
use crate::ports::StoreError;

/// Why no key was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApiKeyError {
    /// What was asked for has mistakes, in the fields `name` and `expires_in`.
    #[error("the key has mistakes")]
    Invalid(Vec<Mistake>),
    /// The account has as many as it may.
    #[error("the account has {cap} keys already")]
    TooMany {
        /// How many that is.
        cap: u32,
    },
    /// Who asks is a program: keys are for their owner to make.
    #[error("a program makes no keys")]
    NotOwner,
    /// The sign-in is too long ago for this.
    #[error("the sign-in is too long ago")]
    NotFresh,
    /// The account has changed meanwhile, or what its owner asks by has ended: they must sign in
    /// anew.
    #[error("the account has changed")]
    Moved,
    /// The store failed.
    #[error("the key store failed")]
    Store(#[from] StoreError),
}
