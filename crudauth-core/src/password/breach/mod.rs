//! Look-up of passwords in known data breaches, by k-anonymity.
//!
//! The library sends the first five hex digits of the password's SHA-1 digest, which hundreds of
//! breached passwords share, and compares the response locally. SHA-1 is the key of the existing
//! lists; it protects nothing. If the service fails, is slow or sends something else, a warning is
//! logged and the password is accepted.
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

/// A list of breached passwords, by SHA-1 digest. Implement it with a plain `async fn`:
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
/// It receives neither a password nor a whole digest, so it cannot leak one.
pub trait BreachService: Send + Sync + 'static {
    /// Returns the known digests that begin with `prefix`, which is five upper-case hex digits.
    ///
    /// Each line is the other 35 digits of a digest, optionally with `:` and the number of times
    /// that the password was seen. Lines with the number 0 are padding and do not count.
    ///
    /// # Errors
    /// Any failure. It is logged, with the prefix redacted.
    fn range(&self, prefix: &str) -> impl Future<Output = Result<String, BoxError>> + Send;
}

impl<T: BreachService> BreachService for Arc<T> {
    async fn range(&self, prefix: &str) -> Result<String, BoxError> {
        T::range(self, prefix).await
    }
}

/// A type-erased service.
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
    /// Erases the type of `service`.
    pub(super) fn new(service: impl BreachService) -> Self {
        Self(Arc::new(service))
    }

    /// Returns `true` if the service lists the password. A failure, an invalid response, or one
    /// that takes longer than `time_limit`, is logged and gives `false`.
    pub(super) async fn is_breached(&self, password: &Password, time_limit: Duration) -> bool {
        let digest = PasswordDigest::of(password);
        let response = self.0.range_erased(digest.prefix());
        let response = match tokio::time::timeout(time_limit, response).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => {
                let error = redacted(&*error, digest.prefix());
                warn!(%error, "new password not checked: breach service failed");
                return false;
            }
            Err(_) => {
                let limit_ms = time_limit.as_millis();
                warn!(limit_ms, "new password not checked: breach service timed out");
                return false;
            }
        };
        let lookup = digest.look_up(&response);
        if lookup.is_malformed && !lookup.is_breached {
            warn!("new password not checked: breach service sent an invalid response");
        }
        lookup.is_breached
    }
}

crate::opaque::opaque!(SharedBreachService);

/// Formats an error and its causes, with the prefix redacted.
fn redacted(error: &(dyn Error + 'static), prefix: &str) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    let text: Vec<_> = causes.map(ToString::to_string).collect();
    text.join(": ").replace(prefix, "(prefix)").replace(&prefix.to_lowercase(), "(prefix)")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed setup fails the test")]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(2);

    /// A service with a fixed response, which records the prefixes it is asked for.
    #[derive(Default)]
    struct Fixed {
        response: String,
        prefixes: Mutex<Vec<String>>,
    }

    impl BreachService for Fixed {
        async fn range(&self, prefix: &str) -> Result<String, BoxError> {
            self.prefixes.lock().unwrap_or_else(PoisonError::into_inner).push(prefix.to_owned());
            Ok(self.response.clone())
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

    async fn is_breached(response: &str) -> bool {
        let service = Fixed { response: response.to_owned(), ..Fixed::default() };
        SharedBreachService::new(service).is_breached(&password(), LIMIT).await
    }

    #[tokio::test]
    async fn only_five_digits_of_the_digest_are_sent() {
        let service = Arc::new(Fixed::default());
        let shared = SharedBreachService::new(Arc::clone(&service));
        assert!(!shared.is_breached(&password(), LIMIT).await);
        assert_eq!(*service.prefixes.lock().unwrap(), ["5BAA6"]);
    }

    #[tokio::test]
    async fn a_listed_digest_is_breached() {
        assert!(is_breached("1E4C9B93F3F0682250B6CF8331B7EE68FD8:3861493").await);
        assert!(is_breached("1E4C9B93F3F0682250B6CF8331B7EE68FD8").await);
        let others = "0018A45C4D1DEF81644B54AB7F969B88D65:21\r\n";
        assert!(is_breached(&format!("{others}1e4c9b93f3f0682250b6cf8331b7ee68fd8:1\r\n")).await);
        assert!(!is_breached(others).await && !is_breached("").await);
    }

    #[tokio::test]
    async fn padding_does_not_count() {
        assert!(!is_breached("1E4C9B93F3F0682250B6CF8331B7EE68FD8:0").await);
    }

    #[test]
    fn an_error_is_logged_with_its_causes_but_not_the_prefix() {
        let cause = std::io::Error::other("GET /range/5BAA6: refused, 5baa6");
        let error = crate::store_error::StoreError::Failed(cause.into());
        let text = "store failed: GET /range/(prefix): refused, (prefix)";
        assert_eq!(redacted(&error, "5BAA6"), text);
    }

    #[tokio::test(start_paused = true)]
    async fn an_unavailable_service_accepts_the_password() {
        assert!(!SharedBreachService::new(Failing).is_breached(&password(), LIMIT).await);
        let started = tokio::time::Instant::now();
        assert!(!SharedBreachService::new(Hanging).is_breached(&password(), LIMIT).await);
        assert_eq!(started.elapsed(), LIMIT);
        assert!(!is_breached("<!doctype html><title>Sign in to the network</title>").await);
    }
}
