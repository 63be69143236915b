//! Randomness comes in through here.

/// A source of random bytes fit for keys and tokens.
pub trait Entropy: Send + Sync + 'static {
    /// Fills `bytes` with unpredictable ones.
    ///
    /// # Panics
    /// If the source has none: a predictable token is worse than a request that ends here.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's generator: the default.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    #[expect(
        clippy::expect_used,
        reason = "see the trait: there is no safe way on without randomness"
    )]
    #[expect(clippy::disallowed_methods, reason = "this is the port")]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives random bytes");
    }
}
