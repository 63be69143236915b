//! The breach service Have I Been Pwned, over HTTPS.
//!
//! Called by the password policy, if the app configures it.

use std::fmt;

use reqwest::redirect::Policy;
use reqwest::{Client, Url};

use super::{BoxError, BreachService};

/// Maximum size of a response; real ones have about 2,000 lines of 40 bytes.
const MAX_BYTES: usize = 1024 * 1024;

/// Client of [Have I Been Pwned](https://haveibeenpwned.com/API/v3#PwnedPasswords), which needs no
/// key.
///
/// It requests padded responses, so that their length does not reveal the prefix. It ignores
/// proxies of the environment and follows no redirects. Clones share their connections.
#[derive(Clone)]
pub struct HaveIBeenPwned {
    client: Client,
    base: Url,
}

/// Why a client of Have I Been Pwned, or of a mirror, could not be created.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HaveIBeenPwnedError {
    /// The address of the mirror is invalid.
    #[error(
        "breach service: invalid address: use `https://host` or `http://host`, with or without a path"
    )]
    Address,
    /// The HTTP client could not be created.
    #[error("breach service: could not create the HTTP client")]
    Client(#[source] BoxError),
}

impl HaveIBeenPwned {
    /// Creates a client of `https://api.pwnedpasswords.com`. It connects for the first password.
    ///
    /// # Errors
    /// [`HaveIBeenPwnedError::Client`] if TLS is not available.
    pub fn new() -> Result<Self, HaveIBeenPwnedError> {
        Self::mirror("https://api.pwnedpasswords.com")
    }

    /// Creates a client of a mirror, which serves `/range/{prefix}` below `base_url`.
    ///
    /// Use plain HTTP in a trusted network only: an attacker on the way can read and forge
    /// responses.
    ///
    /// # Errors
    /// [`HaveIBeenPwnedError`] if the address is invalid, or TLS is not available.
    pub fn mirror(base_url: &str) -> Result<Self, HaveIBeenPwnedError> {
        let base = Url::parse(&format!("{}/range/", base_url.trim_end_matches('/')))
            .ok()
            .filter(is_base)
            .ok_or(HaveIBeenPwnedError::Address)?;
        let client = Client::builder()
            .user_agent(concat!("crudauth/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .no_proxy()
            .build()
            .map_err(|error| HaveIBeenPwnedError::Client(error.into()))?;
        Ok(Self { client, base })
    }
}

/// Returns `true` for a scheme, a host and a path. In a query or fragment, the prefix would be
/// lost.
fn is_base(url: &Url) -> bool {
    matches!(url.scheme(), "https" | "http")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
}

impl BreachService for HaveIBeenPwned {
    async fn range(&self, prefix: &str) -> Result<String, BoxError> {
        let url = self.base.join(prefix)?;
        let request = self.client.get(url).header("add-padding", "true");
        // The URL contains the prefix, which must not be logged.
        let mut response = request.send().await.map_err(reqwest::Error::without_url)?;
        if response.status() != reqwest::StatusCode::OK {
            return Err(format!("unexpected status {}", response.status()).into());
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(reqwest::Error::without_url)? {
            if body.len() + chunk.len() > MAX_BYTES {
                return Err("response too long".into());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(String::from_utf8(body)?)
    }
}

impl fmt::Debug for HaveIBeenPwned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HaveIBeenPwned").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}
