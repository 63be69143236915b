//! Result of checking a credential of a request.
//!
//! Returned by the bearer and API key slices; read by their transports.

/// Result of checking a bearer token or an API key.
///
/// After [`Expired`](Self::Expired), the next transport of the mount is tried. After
/// [`Malformed`](Self::Malformed), the request is rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checked<V> {
    /// The credential is valid.
    Valid(V),
    /// The credential is well-formed but no longer valid, or unknown: it is expired or revoked, or
    /// its account is disabled, deleted or of another version.
    Expired,
    /// The credential was not issued by this application.
    Malformed,
}
