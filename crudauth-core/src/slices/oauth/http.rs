//! Requests to providers: a small port, and its implementation over HTTPS.
//!
//! Every request has limits of time and size, follows no redirect and ignores proxies of the
//! environment. By default it reaches public addresses only, so that a provider's own document cannot
//! make the server call a service inside its network.

use std::error::Error;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

use crate::notify::BoxError;

/// Time limit of a request, with its body.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// Maximum size of a response. Documents of large providers have a tenth of it.
const MAX_BYTES: usize = 256 * 1024;

/// Sends requests to providers.
///
/// An app that reaches the internet through a proxy implements it. The implementation must limit time
/// and size, and must not follow redirects.
#[async_trait]
pub trait HttpClient: Send + Sync + 'static {
    /// Sends a request and returns the response with any status.
    ///
    /// # Errors
    /// If there is no complete response. The error is logged, so it must not contain the request.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, BoxError>;
}

/// A request to a provider. `Debug` shows the URL only, which has no secret.
#[derive(Clone)]
#[non_exhaustive]
pub struct HttpRequest {
    /// The URL.
    pub url: Url,
    /// The value of `Authorization`.
    pub authorization: Option<Zeroizing<String>>,
    /// The URL-encoded form of a POST; `None` for a GET.
    pub form: Option<Zeroizing<String>>,
    /// The addresses that it may reach.
    pub reach: Reach,
}

/// A response of a provider. `Debug` does not show the body.
#[derive(Clone)]
pub struct HttpResponse {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// The addresses that requests to a provider may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reach {
    /// Public addresses, over HTTPS.
    Public,
    /// Every address, over HTTPS.
    Private,
    /// This machine, over HTTP as well.
    Loopback,
}

impl Reach {
    /// Returns `true` if requests may go to this URL. Names are resolved later.
    #[must_use]
    pub fn admits(self, url: &Url) -> bool {
        let is_plain = url.username().is_empty() && url.password().is_none() && url.has_host();
        let host = url.host_str().unwrap_or_default();
        let address: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
        is_plain
            && match self {
                Self::Public => url.scheme() == "https" && address.is_none_or(is_public),
                Self::Private => url.scheme() == "https",
                Self::Loopback => matches!(url.scheme(), "http" | "https") && is_loopback(url),
            }
    }
}

/// Returns `true` for a URL of this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

/// Sends requests by HTTPS. It connects at the first request.
#[derive(Default)]
pub(super) struct WebClient {
    public: OnceCell<Client>,
    open: OnceCell<Client>,
}

impl WebClient {
    async fn client(&self, reach: Reach) -> Result<&Client, reqwest::Error> {
        let builder = || {
            Client::builder()
                .user_agent(concat!("crudauth/", env!("CARGO_PKG_VERSION")))
                .redirect(Policy::none())
                .no_proxy()
                .timeout(TIME_LIMIT)
        };
        match reach {
            Reach::Public => {
                let build = || async { builder().dns_resolver(Arc::new(PublicOnly)).build() };
                self.public.get_or_try_init(build).await
            }
            Reach::Private | Reach::Loopback => {
                self.open.get_or_try_init(|| async { builder().build() }).await
            }
        }
    }
}

#[async_trait]
impl HttpClient for WebClient {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, BoxError> {
        if !request.reach.admits(&request.url) {
            return Err("the address is not allowed".into());
        }
        let client = self.client(request.reach).await?;
        let mut call = match &request.form {
            Some(form) => client
                .post(request.url)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form.to_string()),
            None => client.get(request.url),
        };
        if let Some(authorization) = &request.authorization {
            call = call.header("authorization", authorization.as_str());
        }
        let call = call.header("accept", "application/json");
        let mut response = call.send().await.map_err(failure)?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failure)? {
            if body.len() + chunk.len() > MAX_BYTES {
                return Err("response too long".into());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(HttpResponse { status, body })
    }
}

/// The error with its causes as one text: only the last of them tells a timeout from a closed port.
fn failure(error: reqwest::Error) -> BoxError {
    let error = error.without_url();
    let causes = std::iter::successors(Some(&error as &dyn Error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ").into()
}

/// Resolves names to public addresses only. The connection goes to the resolved address, so a name
/// cannot resolve to another one after the check.
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<_> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err("the name has no public address".into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Returns `true` for an address of the public internet.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// The special blocks of RFC 6890 and its updates are not public.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_shared = a == 100 && (64..128).contains(&b);
    let is_benchmark = a == 198 && (b == 18 || b == 19);
    let is_special = a == 0 || a >= 224 || (a == 192 && b == 0 && c == 0);
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || is_shared
        || is_benchmark
        || is_special)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let v4 = |high: u16, low: u16| {
        let [w, x] = high.to_be_bytes();
        let [y, z] = low.to_be_bytes();
        is_public_v4(Ipv4Addr::new(w, x, y, z))
    };
    match (a, b) {
        // Addresses that contain one of IPv4: mapped, NAT64 and 6to4.
        (0, 0) => [c, d, e, f] == [0, 0, 0, 0xffff] && v4(g, h),
        (0x64, 0xff9b) => [c, d, e, f] == [0; 4] && v4(g, h),
        (0x2002, _) => v4(b, c),
        // Teredo, documentation, and other special blocks.
        (0x2001, 0..0x200 | 0xdb8) => false,
        _ => (0x2000..0x4000).contains(&a),
    }
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest").field("url", &self.url.as_str()).finish_non_exhaustive()
    }
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpResponse").field("status", &self.status).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed setup fails the test")]
mod tests {
    use super::*;

    fn admits(reach: Reach, url: &str) -> bool {
        reach.admits(&Url::parse(url).unwrap())
    }

    #[test]
    fn special_addresses_are_not_public() {
        for address in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.1",
            "192.168.1.1",
            "198.18.0.1",
            "203.0.113.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::1",
            "2001::1",
            "2001:db8::1",
            "fc00::1",
            "fe80::1",
            "ff02::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in ["1.1.1.1", "172.32.0.1", "2606:4700::1111", "::ffff:1.1.1.1"] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn a_public_request_needs_https_and_a_public_address() {
        assert!(admits(Reach::Public, "https://provider.example/token"));
        for url in [
            "http://provider.example/token",
            "https://127.0.0.1/token",
            "https://[::1]/token",
            "https://169.254.169.254/latest",
            "https://2130706433/",
            "https://user@provider.example/",
            "file:///etc/passwd",
        ] {
            assert!(!admits(Reach::Public, url), "{url}");
        }
    }

    #[test]
    fn plain_http_reaches_this_machine_only() {
        assert!(admits(Reach::Loopback, "http://127.0.0.1:9000/token"));
        assert!(!admits(Reach::Loopback, "http://10.0.0.1/token"));
        assert!(!admits(Reach::Loopback, "http://localhost.example/token"));
        assert!(admits(Reach::Private, "https://10.0.0.1/token"));
        assert!(!admits(Reach::Private, "http://10.0.0.1/token"));
    }
}
