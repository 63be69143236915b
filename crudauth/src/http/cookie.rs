//! Cookies of the library: read from `Cookie`, written as one `Set-Cookie` each.
//!
//! Parsed here, because poem's reader needs its own middleware. Called by the session and bearer
//! routes, their transports and the middleware.

use std::time::Duration;

use crudauth_core::model::{BrowserToken, SessionToken};
use crudauth_core::slices::mfa::BrowserTrust;
use crudauth_core::slices::sessions::{OpenedSession, RenewedSession, SessionConfig};
use memchr::memchr_iter;
use poem::http::{HeaderMap, HeaderValue, header};
use poem::{Request, Response};

use super::config::{CookieConfig, SameSite};

/// Lifetime of the device cookie: the maximum that browsers accept.
const DEVICE_SECONDS: u64 = 400 * 24 * 3600;

/// Lifetime of the outcome of a form, which the next page reads and removes.
const FLASH_SECONDS: u64 = 300;

/// Most session cookies of a request that are looked up. Each costs a query.
const MAX_SESSIONS: usize = 8;

/// White space around the name and the value of a cookie.
const BLANKS: [char; 2] = [' ', '\t'];

/// The library's cookies of a request.
#[derive(Debug)]
pub(crate) struct Cookies<'r> {
    headers: &'r HeaderMap,
    config: &'r CookieConfig,
}

impl<'r> Cookies<'r> {
    pub(crate) const fn new(headers: &'r HeaderMap, config: &'r CookieConfig) -> Self {
        Self { headers, config }
    }
}

pub(crate) fn cookies_of<'r>(request: &'r Request, config: &'r CookieConfig) -> Cookies<'r> {
    Cookies::new(request.headers(), config)
}

impl<'r> Cookies<'r> {
    /// Returns the possible session tokens: the distinct well-formed values, at most
    /// [`MAX_SESSIONS`]. A browser may send an old one, or one that a sibling domain set, before the
    /// live one. That of an impersonation comes first: while it is valid, it counts.
    pub(crate) fn sessions(&self) -> Vec<SessionToken> {
        let mut tokens: Vec<SessionToken> = Vec::new();
        let names = self.config.impersonation().into_iter().chain([&*self.config.session]);
        for value in names.flat_map(|name| self.values(name)) {
            let is_new = tokens.iter().all(|token| token.expose() != value);
            if is_new && tokens.len() < MAX_SESSIONS {
                tokens.extend(SessionToken::parse(value));
            }
        }
        tokens
    }

    /// Returns the possible CSRF tokens, which scripts can read.
    pub(crate) fn csrf_tokens(&self) -> Vec<&'r str> {
        self.all(&[&self.config.csrf])
    }

    /// Returns the possible refresh tokens.
    pub(crate) fn refresh(&self) -> Vec<&'r str> {
        self.all(&[&self.config.refresh])
    }

    /// Returns the possible refresh tokens at `/logout`, which are sent under either of two names.
    pub(crate) fn refresh_at_logout(&self) -> Vec<&'r str> {
        self.all(&[&self.config.refresh_at_logout(), &self.config.refresh])
    }

    /// Returns the possible device tokens, which prove an earlier sign-in on this device.
    pub(crate) fn devices(&self) -> Vec<&'r str> {
        self.all(&[&self.config.device])
    }

    /// Returns the possible cookies of a trusted browser.
    pub(crate) fn trusts(&self) -> Vec<String> {
        self.all(&[&self.config.trusted_name()]).into_iter().map(str::to_owned).collect()
    }

    /// Returns the possible values of the cookie that binds an unfinished sign-in.
    pub(crate) fn browsers(&self) -> Vec<BrowserToken> {
        self.all(&[&self.config.browser]).into_iter().filter_map(BrowserToken::parse).collect()
    }

    /// Returns the possible outcomes of the last form.
    pub(crate) fn flashes(&self) -> Vec<&'r str> {
        self.all(&[&self.config.flash])
    }

    /// Returns the possible values of the cookie of one sign-in with a provider.
    #[cfg(feature = "oauth")]
    pub(crate) fn oauth_states(&self, id: &str) -> Vec<BrowserToken> {
        let name = self.config.oauth_state_of(id);
        self.all(&[&name]).into_iter().filter_map(BrowserToken::parse).collect()
    }

    /// Returns the possible values of the cookie with the latest sign-in with a provider.
    #[cfg(feature = "oauth")]
    pub(crate) fn newest_oauth_states(&self) -> Vec<BrowserToken> {
        self.all(&[&self.config.oauth_state]).into_iter().filter_map(BrowserToken::parse).collect()
    }

    /// Returns the distinct values of these names, in order.
    ///
    /// A browser sends one for each path and host that set the cookie, and a sibling domain may set
    /// many. The limit bounds the work for a hostile client. Foreign values cost no look-up.
    fn all(&self, names: &[&str]) -> Vec<&'r str> {
        let values = names.iter().flat_map(|name| self.values(name));
        distinct(values.filter(|value| !value.is_empty()), 64)
    }

    /// Returns all values of `name`. Splits bytes, so that a foreign cookie that is not text cannot
    /// hide others.
    ///
    /// Only spaces and tabs are trimmed, as in a browser (RFC 6265bis, section 5.6). To a browser a
    /// name that begins with another blank is another name, without the rules of a prefix such as
    /// `__Host-`, so a sibling domain may set it.
    fn values(&self, name: &str) -> impl Iterator<Item = &'r str> {
        let lines = self.headers.get_all(header::COOKIE).into_iter();
        let pairs = lines.flat_map(|line| pairs_of(line.as_bytes()));
        pairs.filter_map(move |pair| {
            // A browser sends many cookies, so only the value of one of that name is read as text.
            let after_name = unblanked(pair).strip_prefix(name.as_bytes())?;
            let value = std::str::from_utf8(unblanked(after_name).strip_prefix(b"=")?).ok()?;
            Some(value.trim_matches(BLANKS).trim_matches('"'))
        })
    }
}

/// The pairs of a line, which may have kilobytes of other programs.
fn pairs_of(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut start = 0;
    memchr_iter(b';', line).chain([line.len()]).map(move |end| {
        let pair = &line[start..end];
        start = end + 1;
        pair
    })
}

/// The bytes without the blanks at the beginning.
fn unblanked(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = bytes {
        bytes = rest;
    }
    bytes
}

/// Returns the first `max` distinct values.
fn distinct<'r>(values: impl Iterator<Item = &'r str>, max: usize) -> Vec<&'r str> {
    let mut distinct = Vec::new();
    for value in values {
        if distinct.len() < max && !distinct.contains(&value) {
            distinct.push(value);
        }
    }
    distinct
}

/// Writes the library's cookies to a response.
pub(crate) struct SetCookies<'r> {
    headers: &'r mut HeaderMap,
    config: &'r CookieConfig,
}

pub(crate) fn set_cookies<'r>(
    response: &'r mut Response,
    config: &'r CookieConfig,
) -> SetCookies<'r> {
    SetCookies { headers: response.headers_mut(), config }
}

impl SetCookies<'_> {
    /// Sets the cookies of a new session, including the device cookie.
    pub(crate) fn session(
        &mut self,
        lifetimes: &SessionConfig,
        session: &OpenedSession,
        device: &str,
    ) {
        let max_age = max_age(lifetimes, session.is_remembered);
        self.put(&self.config.session, session.token.expose(), max_age);
        self.put(&self.config.csrf, session.csrf.expose(), max_age);
        self.device(device);
    }

    /// Sets the cookie of a session that got another token. The CSRF token stays.
    pub(crate) fn renewed_session(&mut self, lifetimes: &SessionConfig, session: &RenewedSession) {
        let max_age = max_age(lifetimes, session.is_remembered);
        self.put(&self.config.session, session.token.expose(), max_age);
    }

    /// Sets the device cookie.
    pub(crate) fn device(&mut self, device: &str) {
        self.put(&self.config.device, device, Some(DEVICE_SECONDS));
    }

    /// Sets the cookie of a trusted browser.
    pub(crate) fn trusted(&mut self, trust: &BrowserTrust) {
        let name = self.config.trusted_name();
        self.put(&name, &trust.cookie, Some(trust.lifetime.as_secs()));
    }

    /// Sets the cookie that binds an unfinished sign-in to the browser.
    pub(crate) fn browser(&mut self, browser: &BrowserToken, lifetime: Duration) {
        self.put(&self.config.browser, browser.expose(), Some(lifetime.as_secs()));
    }

    /// Sets the outcome of a form, for the page that the browser gets next.
    pub(crate) fn flash(&mut self, message: &str) {
        self.put(&self.config.flash, message, Some(FLASH_SECONDS));
    }

    /// Removes the outcome of a form, after a page has shown it.
    pub(crate) fn clear_flash(&mut self) {
        self.put(&self.config.flash, "", Some(0));
    }

    /// Sets the cookies of a sign-in with a provider.
    #[cfg(feature = "oauth")]
    pub(crate) fn oauth_state(&mut self, id: &str, browser: &BrowserToken, lifetime: Duration) {
        for name in [self.config.oauth_state_of(id), self.config.oauth_state.clone()] {
            self.put_lax(&name, browser.expose(), lifetime.as_secs());
        }
    }

    /// Removes the cookie of a sign-in with a provider.
    #[cfg(feature = "oauth")]
    pub(crate) fn clear_oauth_state(&mut self, id: &str) {
        self.put_lax(&self.config.oauth_state_of(id), "", 0);
    }

    /// Removes the cookie with the latest sign-in with a provider.
    #[cfg(feature = "oauth")]
    pub(crate) fn clear_newest_oauth_state(&mut self) {
        self.put_lax(&self.config.oauth_state, "", 0);
    }

    /// Writes a cookie that comes back when another site sends the browser here, and only then.
    #[cfg(feature = "oauth")]
    fn put_lax(&mut self, name: &str, value: &str, max_age: u64) {
        let config = self.config.clone().same_site(SameSite::Lax);
        let mut lax = SetCookies { headers: &mut *self.headers, config: &config };
        lax.put(name, value, Some(max_age));
    }

    /// Sets the cookies of an impersonation beside the session of the administrator. The forms and
    /// scripts of its pages act in no other session: it has a CSRF token of its own.
    pub(crate) fn impersonation(&mut self, session: &OpenedSession, lifetime: Duration) {
        let max_age = Some(lifetime.as_secs());
        if let Some(name) = self.config.impersonation() {
            self.put(name, session.token.expose(), max_age);
            self.put(&self.config.csrf, session.csrf.expose(), max_age);
        }
    }

    /// Removes the cookie of an impersonation.
    pub(crate) fn clear_impersonation(&mut self) {
        if let Some(name) = self.config.impersonation() {
            self.put(name, "", Some(0));
        }
    }

    /// Sets the CSRF cookie, with the lifetime of the session cookie.
    pub(crate) fn csrf(&mut self, lifetimes: &SessionConfig, is_remembered: bool, csrf: &str) {
        self.put(&self.config.csrf, csrf, max_age(lifetimes, is_remembered));
    }

    /// Renews the cookies of a remembered session, after its expiry was extended.
    pub(crate) fn keep_session(
        &mut self,
        lifetimes: &SessionConfig,
        token: &SessionToken,
        csrf: Option<&str>,
    ) {
        let max_age = max_age(lifetimes, true);
        self.put(&self.config.session, token.expose(), max_age);
        if let Some(csrf) = csrf {
            self.put(&self.config.csrf, csrf, max_age);
        }
        self.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }

    /// Removes the session's cookies. The device cookie stays.
    pub(crate) fn clear_session(&mut self) {
        self.put(&self.config.session, "", Some(0));
        self.put(&self.config.csrf, "", Some(0));
    }

    /// Sets the cookies of the refresh token. `path` is that of the requested route.
    pub(crate) fn refresh(&mut self, path: &str, token: &str, lifetime: Duration) {
        self.put_refresh(path, token, lifetime.as_secs());
    }

    /// Removes the cookies of the refresh token.
    pub(crate) fn clear_refresh(&mut self, path: &str) {
        self.put_refresh(path, "", 0);
    }

    /// Writes a cookie for each of the two routes that read the refresh token.
    fn put_refresh(&mut self, path: &str, value: &str, max_age: u64) {
        let config = self.config;
        let (mount, _) = path.rsplit_once('/').unwrap_or_default();
        // The client chooses the path if the app rewrites paths. It must not add attributes to the
        // cookie (RFC 6265, section 4.1.1).
        let is_path =
            mount.bytes().all(|byte| byte.is_ascii_graphic() && byte != b';' && byte != b',');
        let is_scoped = config.path == "/" && !config.refresh.starts_with("__Host-") && is_path;
        let cookies = if is_scoped {
            let logout = (config.refresh_at_logout(), format!("{mount}/logout"));
            vec![(config.refresh.clone(), format!("{mount}/refresh")), logout]
        } else {
            vec![(config.refresh.clone(), config.path.clone())]
        };
        for (name, path) in cookies {
            let config = config.clone().path(path).same_site(SameSite::Strict);
            let mut scoped = SetCookies { headers: &mut *self.headers, config: &config };
            scoped.put(&name, value, Some(max_age));
        }
    }

    /// Writes one `Set-Cookie` (RFC 6265). Scripts can read the CSRF cookie only.
    fn put(&mut self, name: &str, value: &str, max_age: Option<u64>) {
        let config = self.config;
        let mut cookie = format!("{name}={value}");
        if name != config.csrf {
            cookie.push_str("; HttpOnly");
        }
        match max_age {
            Some(0) => cookie.push_str("; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0"),
            Some(seconds) => cookie.push_str(&format!("; Max-Age={seconds}")),
            None => {}
        }
        cookie.push_str(&format!("; Path={}", config.path));
        cookie.push_str(match config.same_site {
            SameSite::Lax => "; SameSite=lax",
            SameSite::Strict => "; SameSite=strict",
            SameSite::None => "; SameSite=none; Partitioned",
        });
        if config.secure {
            cookie.push_str("; Secure");
        }
        // The builder has validated names and path, and the library has made the value.
        if let Ok(mut cookie) = HeaderValue::from_str(&cookie) {
            cookie.set_sensitive(true);
            self.headers.append(header::SET_COOKIE, cookie);
        }
    }
}

fn max_age(lifetimes: &SessionConfig, is_remembered: bool) -> Option<u64> {
    if is_remembered { Some(lifetimes.remembered_idle_timeout.as_secs()) } else { None }
}

#[cfg(test)]
#[path = "cookie_tests.rs"]
mod tests;
