//! Randomness from the operating system.

/// Returns random bytes fit for keys and tokens.
///
/// # Panics
/// If the operating system has none: a predictable token is worse than a request that ends here.
#[expect(clippy::expect_used, reason = "there is no safe way on without randomness")]
#[expect(clippy::disallowed_methods, reason = "the one place that reads randomness")]
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system has random bytes");
    bytes
}
