//! Whether a form comes from another site: nobody may sign people in behind their backs.

use poem::Request;
use poem::http::header;

use super::Refusal;
use super::config::HttpConfig;
use super::headers::text;

/// Refuses what a page of another site sent.
///
/// Browsers say so in `Sec-Fetch-Site`; those that do not (and any, over plain HTTP) name the page
/// in `Origin`, which must be the host that was asked or one that the app trusts. Programs send
/// neither.
pub(crate) fn refuse_cross_site(request: &Request, config: &HttpConfig) -> Result<(), Refusal> {
    let headers = request.headers();
    if let Some(site) = headers.get("sec-fetch-site") {
        return if site.as_bytes().eq_ignore_ascii_case(b"cross-site") {
            Err(Refusal::cross_site())
        } else {
            Ok(())
        };
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    let Ok(origin) = origin.to_str() else { return Err(Refusal::cross_site()) };
    let host =
        text(headers, header::HOST).or_else(|| request.uri().authority().map(|a| a.as_str()));
    let is_own = host.is_some_and(|host| {
        let own = |scheme, port| {
            origin.strip_prefix(scheme).is_some_and(|page| is_same_host(page, host, port))
        };
        own("https://", ":443") || own("http://", ":80")
    });
    if is_own || is_trusted(origin, config) { Ok(()) } else { Err(Refusal::cross_site()) }
}

/// Whether both are one host, whether or not either names the port that its scheme has anyway (RFC
/// 6454, section 4).
fn is_same_host(one: &str, other: &str, port: &str) -> bool {
    let bare = |host: &str| host.strip_suffix(port).unwrap_or(host).to_ascii_lowercase();
    bare(one) == bare(other)
}

/// Whether a page of another site, and none that the app trusts, had a browser send this: such pages
/// need no cookie of ours to use up what their visitors' networks may. Only what browsers say by
/// themselves counts (`Sec-Fetch-Site`). A program that says it as well gains a set of
/// tries of its own for its network, and no more.
pub(crate) fn is_strange(request: &Request, config: &HttpConfig) -> bool {
    let site = request.headers().get("sec-fetch-site");
    let origin = text(request.headers(), header::ORIGIN);
    site.is_some_and(|site| site.as_bytes().eq_ignore_ascii_case(b"cross-site"))
        && !origin.is_some_and(|origin| is_trusted(origin, config))
}

/// Refuses that.
pub(crate) fn refuse_strangers(request: &Request, config: &HttpConfig) -> Result<(), Refusal> {
    if is_strange(request, config) { Err(Refusal::cross_site_page()) } else { Ok(()) }
}

fn is_trusted(origin: &str, config: &HttpConfig) -> bool {
    config.trusted_origins.iter().any(|trusted| origin_of(trusted) == origin)
}

/// Scheme and host of an address, as `Origin` names them.
fn origin_of(url: &str) -> &str {
    let host_at = url.find("://").map_or(0, |at| at + 3);
    let end = url[host_at..].find('/').map_or(url.len(), |at| host_at + at);
    &url[..end]
}
