//! Asking whether a password is known from a data breach, without telling which one is asked for.
//!
//! What leaves is the first five hex digits of the password's SHA-1 digest, which some hundred
//! known passwords share; what comes back is compared here (k-anonymity). SHA-1 is the key of the
//! lists that exist, and protects nothing. A service that is slow, away or wrong keeps nobody from
//! choosing a password: that is logged, and the password passes.
//!
//! Called by [`PasswordPolicy::judge`](super::PasswordPolicy::judge), when a password is chosen.

mod digest;
#[cfg(feature = "breach")]
mod hibp;
#[cfg(all(test, feature = "breach"))]
mod hibp_tests;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tracing::warn;

use self::digest::PasswordDigest;
use super::Password;
pub use crate::notify::BoxError;
#[cfg(feature = "breach")]
pub use hibp::{HaveIBeenPwned, HaveIBeenPwnedError};

/// Knows the passwords of data breaches, by their digests. Write it as a plain `async fn`:
///
/// ```
/// # mod crudauth { pub use crudauth_core::password::breach; }
/// use crudauth::breach::{BoxError, BreachService};
///
/// struct Mirror(std::path::PathBuf);
///
/// impl BreachService for Mirror {
///     async fn range(&self, prefix: &str) -> Result<String, BoxError> {
///         let file = self.0.join(prefix);
///         Ok(tokio::task::spawn_blocking(|| std::fs::read_to_string(file)).await??)
///     }
/// }
/// ```
///
/// It gets no password and no digest, so it has none to lose.
pub trait BreachService: Send + Sync + 'static {
    /// The rest of every known SHA-1 digest that begins with `prefix`, five upper-case hex digits:
    /// 35 of them per line, and after a `:` how often the password was seen, if that is known. Seen
    /// 0 times means not seen: such lines are padding.
    ///
    /// # Errors
    /// Whatever went wrong, for the log, into which it goes without the prefix.
    fn range(&self, prefix: &str) -> impl Future<Output = Result<String, BoxError>> + Send;
}

impl<T: BreachService> BreachService for Arc<T> {
    async fn range(&self, prefix: &str) -> Result<String, BoxError> {
        T::range(self, prefix).await
    }
}

/// A service whose type is forgotten.
#[derive(Clone)]
pub(super) struct SharedBreachService(Arc<dyn ErasedBreachService>);

#[async_trait]
trait ErasedBreachService: Send + Sync {
    async fn range_erased(&self, prefix: &str) -> Result<String, BoxError>;
}

#[async_trait]
impl<T: BreachService> ErasedBreachService for T {
    async fn range_erased(&self, prefix: &str) -> Result<String, BoxError> {
        self.range(prefix).await
    }
}

impl SharedBreachService {
    /// Forgets the type of `service`.
    pub(super) fn new(service: impl BreachService) -> Self {
        Self(Arc::new(service))
    }

    /// Whether the service is known to know the password: an answer that is none, or takes longer
    /// than `limit`, is logged and counts as no.
    pub(super) async fn knows(&self, password: &Password, limit: Duration) -> bool {
        let digest = PasswordDigest::of(password);
        let asked = tokio::time::timeout(limit, self.0.range_erased(digest.prefix())).await;
        let answer = match asked {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                let error = redacted(&*error, digest.prefix());
                warn!(%error, "a new password was not looked up: the breach service failed");
                return false;
            }
            Err(_) => {
                let limit_ms = limit.as_millis();
                warn!(limit_ms, "a new password was not looked up: the breach service is slow");
                return false;
            }
        };
        let found = digest.look_up(&answer);
        if found.is_garbled && !found.is_known {
            warn!("a new password was not looked up: the breach service answered something else");
        }
        found.is_known
    }
}

impl std::fmt::Debug for SharedBreachService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SharedBreachService(..)")
    }
}

/// An error with its causes, and without the prefix, in case one repeats what it asked for.
fn redacted(error: &(dyn Error + 'static), prefix: &str) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    let text: Vec<_> = causes.map(ToString::to_string).collect();
    text.join(": ").replace(prefix, "(prefix)").replace(&prefix.to_lowercase(), "(prefix)")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(2);

    /// Answers always the same, and remembers what it was asked.
    #[derive(Default)]
    struct Fixed {
        answer: String,
        asked: Mutex<Vec<String>>,
    }

    impl BreachService for Fixed {
        async fn range(&self, prefix: &str) -> Result<String, BoxError> {
            self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(prefix.to_owned());
            Ok(self.answer.clone())
        }
    }

    struct Failing;

    impl BreachService for Failing {
        async fn range(&self, _: &str) -> Result<String, BoxError> {
            Err("away".into())
        }
    }

    struct Hanging;

    impl BreachService for Hanging {
        async fn range(&self, _: &str) -> Result<String, BoxError> {
            std::future::pending().await
        }
    }

    fn password() -> Password {
        // SHA-1: 5BAA6 1E4C9B93F3F0682250B6CF8331B7EE68FD8.
        Password::parse("password").unwrap()
    }

    async fn knows(answer: &str) -> bool {
        let service = Fixed { answer: answer.to_owned(), ..Fixed::default() };
        SharedBreachService::new(service).knows(&password(), LIMIT).await
    }

    #[tokio::test]
    async fn only_five_digits_of_the_digest_leave() {
        let service = Arc::new(Fixed::default());
        assert!(!SharedBreachService::new(Arc::clone(&service)).knows(&password(), LIMIT).await);
        assert_eq!(*service.asked.lock().unwrap(), ["5BAA6"]);
    }

    #[tokio::test]
    async fn a_listed_digest_is_known() {
        assert!(knows("1E4C9B93F3F0682250B6CF8331B7EE68FD8:3861493").await);
        assert!(knows("1E4C9B93F3F0682250B6CF8331B7EE68FD8").await);
        let others = "0018A45C4D1DEF81644B54AB7F969B88D65:21\r\n";
        assert!(knows(&format!("{others}1e4c9b93f3f0682250b6cf8331b7ee68fd8:1\r\n")).await);
        assert!(!knows(others).await && !knows("").await);
    }

    #[tokio::test]
    async fn padding_is_not_known() {
        assert!(!knows("1E4C9B93F3F0682250B6CF8331B7EE68FD8:0").await);
    }

    #[test]
    fn an_error_is_logged_with_its_causes_and_without_the_prefix() {
        let cause = std::io::Error::other("GET /range/5BAA6: refused, 5baa6");
        let error = crate::ports::StoreError::Failed(cause.into());
        let text = "the store failed: GET /range/(prefix): refused, (prefix)";
        assert_eq!(redacted(&error, "5BAA6"), text);
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_that_is_away_slow_or_wrong_lets_a_password_pass() {
        assert!(!SharedBreachService::new(Failing).knows(&password(), LIMIT).await);
        let begun = tokio::time::Instant::now();
        assert!(!SharedBreachService::new(Hanging).knows(&password(), LIMIT).await);
        assert_eq!(begun.elapsed(), LIMIT);
        assert!(!knows("<!doctype html><title>Sign in to the network</title>").await);
    }
}
