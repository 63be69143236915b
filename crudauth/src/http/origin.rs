//! Detection of requests from other sites' pages, which could sign a person in unnoticed.
//!
//! Called by the routes that need no CSRF token.

use poem::Request;
use poem::http::{HeaderMap, header};
use tracing::info;

use super::Refusal;
use super::config::{HttpConfig, SameSite};
use super::headers::text;

/// Refuses a request from a page of another site.
///
/// Browsers send `Sec-Fetch-Site`. Older browsers, and all over plain HTTP, send only `Origin`,
/// which must be the requested host or a trusted origin. Programs send neither. A trusted origin on
/// another site is accepted if the cookies are sent from there.
pub(crate) fn refuse_cross_site(request: &Request, config: &HttpConfig) -> Result<(), Refusal> {
    let headers = request.headers();
    if let Some(site) = headers.get("sec-fetch-site") {
        let has_cookies = config.cookies.same_site == SameSite::None;
        return if !site.as_bytes().eq_ignore_ascii_case(b"cross-site")
            || (has_cookies && !is_untrusted_page(request, config))
        {
            Ok(())
        } else {
            log(headers, OTHER_SITE);
            Err(Refusal::cross_site())
        };
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    let host =
        text(headers, header::HOST).or_else(|| request.uri().authority().map(|a| a.as_str()));
    let is_accepted = origin.to_str().is_ok_and(|origin| {
        host.is_some_and(|host| is_origin_of(origin, host)) || is_trusted(origin, config)
    });
    if is_accepted {
        return Ok(());
    }
    log(headers, UNKNOWN_ORIGIN);
    Err(Refusal::cross_site())
}

const OTHER_SITE: &str = "pages of another site cannot sign anybody in, unless `CookieConfig::same_site` \
    is `None` and `Builder::trusted_origins` has this origin; see `crudauth::guide::other_sites`";

const UNKNOWN_ORIGIN: &str =
    "neither the host of the request nor `Builder::trusted_origins` has this origin";

/// Logs why a request is refused. The page shows only that it was.
fn log(headers: &HeaderMap, reason: &str) {
    let origin = headers.get(header::ORIGIN);
    if origin.is_some_and(|origin| origin == "null") {
        info!(
            "cross-site request refused: `Origin: null`; if the page is yours, its `Referrer-Policy: \
             no-referrer` hides the origin: send `strict-origin-when-cross-origin` instead, because \
             `Builder::trusted_origins` cannot name a hidden origin"
        );
    } else {
        info!(?origin, reason, "cross-site request refused");
    }
}

/// Schemes with their default ports.
const SCHEMES: [(&str, &str); 2] = [("https://", ":443"), ("http://", ":80")];

fn is_origin_of(origin: &str, host: &str) -> bool {
    SCHEMES.iter().any(|(scheme, port)| {
        origin.strip_prefix(scheme).is_some_and(|page| is_same_host(page, host, port))
    })
}

fn is_same_origin(one: &str, other: &str) -> bool {
    SCHEMES.iter().any(|(scheme, port)| {
        let hosts = one.strip_prefix(scheme).zip(other.strip_prefix(scheme));
        hosts.is_some_and(|(one, other)| is_same_host(one, other, port))
    })
}

/// Compares two hosts. The default port of the scheme may be omitted (RFC 6454, section 4).
fn is_same_host(one: &str, other: &str, default_port: &str) -> bool {
    let one = one.strip_suffix(default_port).unwrap_or(one);
    let other = other.strip_suffix(default_port).unwrap_or(other);
    one.eq_ignore_ascii_case(other)
}

/// Returns `true` if a browser sent the request for a page of an untrusted other site.
///
/// Such a page could use up the rate limits of its visitors' networks without any cookie. Only
/// `Sec-Fetch-Site` counts, which browsers set themselves. A program that sends it gains another
/// set of attempts for its network, and nothing else.
pub(crate) fn is_untrusted_page(request: &Request, config: &HttpConfig) -> bool {
    let site = request.headers().get("sec-fetch-site");
    let origin = text(request.headers(), header::ORIGIN);
    site.is_some_and(|site| site.as_bytes().eq_ignore_ascii_case(b"cross-site"))
        && !origin.is_some_and(|origin| is_trusted(origin, config))
}

/// Refuses a request that a browser sent for a page of an untrusted other site.
pub(crate) fn refuse_untrusted_page(request: &Request, config: &HttpConfig) -> Result<(), Refusal> {
    if !is_untrusted_page(request, config) {
        return Ok(());
    }
    log(request.headers(), UNKNOWN_ORIGIN);
    Err(Refusal::cross_site_page())
}

fn is_trusted(origin: &str, config: &HttpConfig) -> bool {
    config.trusted_origins.iter().any(|trusted| is_same_origin(origin_of(trusted), origin))
}

/// Returns the scheme and host of a URL, in the form of `Origin`.
pub(crate) fn origin_of(url: &str) -> &str {
    let host_at = url.find("://").map_or(0, |at| at + 3);
    let end = url[host_at..].find('/').map_or(url.len(), |at| host_at + at);
    &url[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trusts(setting: &str, origin: &str) -> bool {
        let trusted_origins = vec![setting.to_owned()];
        is_trusted(origin, &HttpConfig { trusted_origins, ..HttpConfig::default() })
    }

    #[test]
    fn a_trusted_origin_is_recognised_in_every_spelling() {
        for setting in
            ["https://app.example", "https://App.Example/", "https://app.example:443/sign-in"]
        {
            assert!(trusts(setting, "https://app.example"), "{setting}");
        }
        assert!(trusts("http://localhost:3000", "http://localhost:3000"));
        assert!(trusts("https://a.io/sign-in", "https://a.io"));
    }

    #[test]
    fn another_scheme_host_or_port_is_not_trusted() {
        for origin in [
            "http://app.example",
            "https://app.example:8443",
            "https://app.example.evil.example",
            "https://evil.example",
            "null",
            "",
        ] {
            assert!(!trusts("https://app.example", origin), "{origin}");
        }
    }
}
