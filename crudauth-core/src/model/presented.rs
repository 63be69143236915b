//! What a credential that a request carries turns out to be.

/// A credential of a kind that is not a cookie: a bearer token, an API key.
///
/// Of several transports on a request the next is tried after one that is [`Dead`](Self::Dead),
/// and none after one that is [`Broken`](Self::Broken).
#[derive(Clone, Debug)]
pub enum Presented<V> {
    /// It is good; this is whose.
    Live(V),
    /// It was good once, or its form is right and nobody has it: expired, ended, or its account is
    /// disabled, gone, or of another version.
    Dead,
    /// It is none of ours.
    Broken,
}
