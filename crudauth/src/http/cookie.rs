//! Cookies: read from the request by hand, since poem's own reader needs a middleware of its own,
//! and written one header each.

use std::time::Duration;

use crudauth_core::model::Token;
use crudauth_core::slices::sessions::{OpenedSession, SessionConfig};
use poem::http::{HeaderMap, HeaderValue, header};
use poem::{Request, Response};

use super::config::{CookieConfig, SameSite};

/// How long a device is remembered: as long as browsers keep a cookie at most.
const DEVICE_SECONDS: u64 = 400 * 24 * 3600;

/// The cookies of a request that are ours.
#[derive(Debug)]
pub(crate) struct Cookies<'r> {
    headers: &'r HeaderMap,
    config: &'r CookieConfig,
}

pub(crate) fn cookies_of<'r>(request: &'r Request, config: &'r CookieConfig) -> Cookies<'r> {
    Cookies { headers: request.headers(), config }
}

impl<'r> Cookies<'r> {
    /// The session's token: the first value of the form that is given out. Whatever else a
    /// neighbouring site has put under the name signs nobody out.
    pub(crate) fn session(&self) -> Option<Token> {
        self.values(&self.config.session).find_map(Token::parse)
    }

    /// The CSRF token that scripts read.
    pub(crate) fn csrf(&self) -> Option<&'r str> {
        self.value(&self.config.csrf)
    }

    /// What may be refresh tokens.
    pub(crate) fn refresh(&self) -> Vec<&'r str> {
        self.each(&[&self.config.refresh])
    }

    /// The same at `/logout`, where it comes under either name.
    pub(crate) fn refresh_at_logout(&self) -> Vec<&'r str> {
        self.each(&[&self.config.refresh_at_logout(), &self.config.refresh])
    }

    /// What may say that this device has signed in before.
    pub(crate) fn devices(&self) -> Vec<&'r str> {
        self.each(&[&self.config.device])
    }

    /// The values of these names in order, each once. A browser sends one for each path and host that set
    /// one, and a neighbouring site may set many; whoever sends more than these only means to keep us
    /// busy. None that is not of our making costs a look-up.
    fn each(&self, names: &[&str]) -> Vec<&'r str> {
        const MOST: usize = 64;
        let mut sent: Vec<&str> = Vec::new();
        let values = names.iter().flat_map(|name| self.values(name));
        for value in values.filter(|value| !value.is_empty()) {
            if sent.len() < MOST && !sent.contains(&value) {
                sent.push(value);
            }
        }
        sent
    }

    fn value(&self, name: &str) -> Option<&'r str> {
        self.values(name).next()
    }

    /// Read as bytes: a cookie of somebody else's that is no text must not hide ours.
    fn values(&self, name: &str) -> impl Iterator<Item = &'r str> {
        let lines = self.headers.get_all(header::COOKIE).into_iter();
        let pairs = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
        pairs.filter_map(move |pair| {
            let (key, value) = std::str::from_utf8(pair).ok()?.split_once('=')?;
            (key.trim() == name).then(|| value.trim().trim_matches('"'))
        })
    }
}

/// Sets the cookies of a new session, and the one that knows the device again.
pub(crate) fn set_session(
    response: &mut Response,
    config: &CookieConfig,
    lifetimes: &SessionConfig,
    session: &OpenedSession,
    device: &str,
) {
    let max_age = max_age(lifetimes, session.is_remembered);
    put(response, config, &config.session, session.token.expose(), max_age, Script::Hidden);
    put(response, config, &config.csrf, session.csrf.expose(), max_age, Script::Readable);
    set_device(response, config, device);
}

/// Sets the cookie by which this device is known again.
pub(crate) fn set_device(response: &mut Response, config: &CookieConfig, device: &str) {
    put(response, config, &config.device, device, Some(DEVICE_SECONDS), Script::Hidden);
}

/// Sets the CSRF cookie, to live as long as its session's.
pub(crate) fn set_csrf(
    response: &mut Response,
    config: &CookieConfig,
    lifetimes: &SessionConfig,
    is_remembered: bool,
    csrf: &str,
) {
    let max_age = max_age(lifetimes, is_remembered);
    put(response, config, &config.csrf, csrf, max_age, Script::Readable);
}

/// Renews the dates of a remembered session's cookies, whose life was prolonged just now.
pub(crate) fn keep_session(
    response: &mut Response,
    config: &CookieConfig,
    lifetimes: &SessionConfig,
    token: &Token,
    csrf: Option<&str>,
) {
    let max_age = max_age(lifetimes, true);
    put(response, config, &config.session, token.expose(), max_age, Script::Hidden);
    if let Some(csrf) = csrf {
        put(response, config, &config.csrf, csrf, max_age, Script::Readable);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

/// Removes the session's cookies. The device stays known.
pub(crate) fn clear_session(response: &mut Response, config: &CookieConfig) {
    put(response, config, &config.session, "", Some(0), Script::Hidden);
    put(response, config, &config.csrf, "", Some(0), Script::Readable);
}

/// Sets the refresh token's cookie, for the routes that need it; `asked` is the path of one.
pub(crate) fn set_refresh(
    response: &mut Response,
    config: &CookieConfig,
    asked: &str,
    token: &str,
    lifetime: Duration,
) {
    refresh(response, config, asked, token, lifetime.as_secs());
}

/// Removes it.
pub(crate) fn clear_refresh(response: &mut Response, config: &CookieConfig, asked: &str) {
    refresh(response, config, asked, "", 0);
}

/// A cookie for each of the two routes that need it.
fn refresh(response: &mut Response, config: &CookieConfig, asked: &str, value: &str, max_age: u64) {
    let (mount, _) = asked.rsplit_once('/').unwrap_or_default();
    // An app may rewrite paths, so that this one is as a client wrote it; a cookie takes nearly
    // everything for an attribute (RFC 6265, section 4.1.1).
    let is_path = mount.bytes().all(|byte| byte.is_ascii_graphic() && byte != b';' && byte != b',');
    let is_scoped = config.path == "/" && !config.refresh.starts_with("__Host-") && is_path;
    let cookies = if is_scoped {
        let logout = (config.refresh_at_logout(), format!("{mount}/logout"));
        vec![(config.refresh.clone(), format!("{mount}/refresh")), logout]
    } else {
        vec![(config.refresh.clone(), config.path.clone())]
    };
    for (name, path) in cookies {
        let config = CookieConfig { path, same_site: SameSite::Strict, ..config.clone() };
        put(response, &config, &name, value, Some(max_age), Script::Hidden);
    }
}

/// Whether the page's scripts may read a cookie.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    Readable,
    Hidden,
}

fn max_age(lifetimes: &SessionConfig, is_remembered: bool) -> Option<u64> {
    is_remembered.then_some(lifetimes.remembered_idle_timeout.as_secs())
}

/// Writes one `Set-Cookie` (RFC 6265).
fn put(
    response: &mut Response,
    config: &CookieConfig,
    name: &str,
    value: &str,
    max_age: Option<u64>,
    script: Script,
) {
    let mut cookie = format!("{name}={value}");
    if script == Script::Hidden {
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
    });
    if config.secure {
        cookie.push_str("; Secure");
    }
    // Names and path were judged when the mount was built, and values are ours.
    if let Ok(mut cookie) = HeaderValue::from_str(&cookie) {
        cookie.set_sensitive(true);
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_path_that_a_client_has_written_adds_nothing_to_the_cookie() {
        let config = CookieConfig::default();
        let paths = |asked: &str| -> Vec<String> {
            let mut response = Response::default();
            set_refresh(&mut response, &config, asked, "x", Duration::from_secs(1));
            let lines = response.headers().get_all(header::SET_COOKIE).into_iter();
            let lines = lines.map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned());
            lines.map(|line| line.split("; ").skip(3).collect::<Vec<_>>().join("; ")).collect()
        };
        let [refresh, logout] = ["refresh", "logout"]
            .map(|route| format!("Path=/of/acme/{route}; SameSite=strict; Secure"));
        assert_eq!(paths("/of/acme/token"), [refresh, logout]);
        for asked in ["/of/x;Domain=example.com/token", "/of/x,y/token", "/of/x y/token"] {
            assert_eq!(paths(asked), ["Path=/; SameSite=strict; Secure"], "{asked}");
        }
    }

    fn lines(lines: &[Vec<u8>]) -> HeaderMap {
        let values = lines.iter().filter_map(|line| HeaderValue::from_bytes(line).ok());
        values.map(|value| (header::COOKIE, value)).collect()
    }

    proptest! {
        #[test]
        fn our_cookie_is_found_beside_any_others(
            before in prop::collection::vec(any::<u8>(), 0..60),
            after in prop::collection::vec(any::<u8>(), 0..60),
            is_one_line in any::<bool>(),
        ) {
            let (token, config) = ("a1".repeat(32), CookieConfig::default());
            let ours = format!("session_id={token}").into_bytes();
            let whole = [&*before, b";", &ours, b"; ", &*after].concat();
            let headers = match is_one_line {
                true => lines(&[whole]),
                false => lines(&[before, ours, after]),
            };
            let found = Cookies { headers: &headers, config: &config }.session();
            // A line that no header may hold never arrives.
            if !headers.is_empty() && headers.iter().any(|(_, line)| line.as_bytes().windows(64).any(|it| it == token.as_bytes())) {
                prop_assert!(found.is_some());
            }
        }
    }
}
