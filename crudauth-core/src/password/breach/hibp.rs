//! Have I Been Pwned's list of passwords, over HTTPS.

use std::fmt;

use reqwest::redirect::Policy;
use reqwest::{Client, Url};

use super::{BoxError, BreachService};

/// Far above the longest answer that there is: some 2,000 lines of 40 bytes.
const MAX_BYTES: usize = 1024 * 1024;

/// Asks [Have I Been Pwned](https://haveibeenpwned.com/API/v3#PwnedPasswords), which needs no key.
/// Clones share their connections.
///
/// Answers are asked for with padding, so that their length does not tell what was asked. No proxy
/// is looked for in the environment, and no redirection followed.
#[derive(Clone)]
pub struct HaveIBeenPwned {
    client: Client,
    base: Url,
}

/// Why Have I Been Pwned, or a mirror of it, cannot be asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HaveIBeenPwnedError {
    /// The mirror's address is none.
    #[error(
        "breach service: the address must be `https://host` or `http://host`, with a path at most"
    )]
    Address,
    /// TLS cannot be set up.
    #[error("breach service: no connection can be made")]
    Client(#[source] BoxError),
}

impl HaveIBeenPwned {
    /// The service itself, `https://api.pwnedpasswords.com`. No connection is made before the first
    /// password.
    ///
    /// # Errors
    /// [`HaveIBeenPwnedError::Client`].
    pub fn new() -> Result<Self, HaveIBeenPwnedError> {
        Self::mirror("https://api.pwnedpasswords.com")
    }

    /// A mirror, which answers `/range/{prefix}` below this address like the service itself. Over
    /// plain HTTP whoever is between can read and forge what is told: it is for a neighbour.
    ///
    /// # Errors
    /// [`HaveIBeenPwnedError`].
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

/// Scheme, host, and a plain path at most: nothing else swallows the prefix.
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
        let asked = self.client.get(url).header("add-padding", "true").send();
        // An error that names its URL names the prefix.
        let mut response = asked.await.map_err(reqwest::Error::without_url)?;
        if response.status() != reqwest::StatusCode::OK {
            return Err(format!("the answer was {}", response.status()).into());
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(reqwest::Error::without_url)? {
            if body.len() + chunk.len() > MAX_BYTES {
                return Err("the answer was too long".into());
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
