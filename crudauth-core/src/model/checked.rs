//! What a credential that a request carries turns out to be.

/// A credential of a kind that is not a cookie: a bearer token, an API key.
///
/// Of several transports on a request the next is tried after one that is [`Expired`](Self::Expired),
/// and none after one that is [`Malformed`](Self::Malformed).
#[derive(Clone, Debug)]
pub enum Checked<V> {
    /// It is good; this is whose.
    Valid(V),
    /// It was good once, or its form is right and nobody has it: expired, ended, or its account is
    /// disabled, gone, or of another version.
    Expired,
    /// It is none of ours.
    Malformed,
}
