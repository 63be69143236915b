//! Cookies of one browser, for one host over HTTPS.
//!
//! Stored by name and path, like in browsers (RFC 6265, section 5). Expiry times are ignored,
//! because tests control only the clock of the server: a cookie stays until it is removed.

use poem::http::{HeaderMap, header};

#[derive(Clone, Debug)]
struct Cookie {
    name: String,
    value: String,
    path: String,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Jar(Vec<Cookie>);

impl Jar {
    /// Adds a cookie, replacing one of the same name and path.
    pub(super) fn put(&mut self, name: &str, value: &str, path: &str) {
        self.remove(name, path);
        let [name, value, path] = [name, value, path].map(str::to_owned);
        self.0.push(Cookie { name, value, path });
    }

    fn remove(&mut self, name: &str, path: &str) {
        self.0.retain(|cookie| cookie.name != name || cookie.path != path);
    }

    /// Removes all cookies of that name.
    pub(super) fn forget(&mut self, name: &str) {
        self.0.retain(|cookie| cookie.name != name);
    }

    /// Returns the value of the first cookie of that name.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|cookie| cookie.name == name).map(|cookie| cookie.value.as_str())
    }

    /// Returns the `Cookie` header for a request to `path`.
    pub(super) fn line(&self, path: &str) -> Option<String> {
        let mut sent: Vec<_> = self.0.iter().filter(|cookie| covers(&cookie.path, path)).collect();
        sent.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<_> =
            sent.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        if pairs.is_empty() { None } else { Some(pairs.join("; ")) }
    }

    /// Applies the `Set-Cookie` headers of a response to a request for `path`.
    pub(super) fn store(&mut self, headers: &HeaderMap, path: &str) {
        for line in headers.get_all(header::SET_COOKIE) {
            let line = String::from_utf8_lossy(line.as_bytes());
            let mut parts = line.split(';').map(str::trim);
            let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
                continue;
            };
            let mut cookie_path = directory(path);
            let mut is_past = false;
            let mut max_age = None;
            for attribute in parts {
                let (key, value) = attribute.split_once('=').unwrap_or((attribute, ""));
                match key.to_ascii_lowercase().as_str() {
                    "path" if value.starts_with('/') => cookie_path = value,
                    "max-age" => max_age = Some(value.parse().unwrap_or(i64::MAX)),
                    "expires" => is_past = value.contains("1970"),
                    _ => {}
                }
            }
            // `Max-Age` takes precedence over `Expires`.
            if max_age.map_or(is_past, |seconds| seconds <= 0) {
                self.remove(name, cookie_path);
            } else {
                self.put(name, value, cookie_path);
            }
        }
    }
}

/// Returns `true` if a cookie of `path` is sent to `requested` (RFC 6265, section 5.1.4).
fn covers(path: &str, requested: &str) -> bool {
    let Some(rest) = requested.strip_prefix(path) else { return false };
    rest.is_empty() || path.ends_with('/') || rest.starts_with('/')
}

/// Returns the default path of a cookie.
fn directory(path: &str) -> &str {
    match path.rfind('/') {
        None | Some(0) => "/",
        Some(end) => &path[..end],
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed setup fails the test")]
mod tests {
    use super::*;

    fn store(jar: &mut Jar, line: &str) {
        let mut headers = HeaderMap::new();
        headers.insert(header::SET_COOKIE, line.parse().unwrap());
        jar.store(&headers, "/accounts/login");
    }

    #[test]
    fn a_cookie_is_sent_below_its_path_and_the_longest_path_first() {
        let mut jar = Jar::default();
        store(&mut jar, "a=1; HttpOnly; Path=/; SameSite=lax; Secure");
        store(&mut jar, "a=2; path=/accounts; Max-Age=60");
        store(&mut jar, "b=3");
        assert_eq!(jar.line("/").unwrap(), "a=1");
        assert_eq!(jar.line("/accounts").unwrap(), "a=2; b=3; a=1");
        assert_eq!(jar.line("/accounts/me").unwrap(), "a=2; b=3; a=1");
        assert_eq!(jar.line("/accountsearch").unwrap(), "a=1");
        assert_eq!(Jar::default().line("/"), None);
    }

    #[test]
    fn a_cookie_is_replaced_and_removed_under_its_own_path_only() {
        let mut jar = Jar::default();
        store(&mut jar, "a=1; Path=/");
        store(&mut jar, "a=2; Path=/");
        assert_eq!(jar.line("/x").unwrap(), "a=2");
        store(&mut jar, "a=; Path=/accounts; Max-Age=0");
        assert_eq!(jar.line("/x").unwrap(), "a=2");
        for removed in [
            "a=; Path=/; Max-Age=0",
            "a=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
            "a=gone; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/",
        ] {
            store(&mut jar, "a=2; Path=/");
            store(&mut jar, removed);
            assert_eq!(jar.line("/x"), None, "{removed}");
        }
        store(&mut jar, "no cookie");
        assert_eq!(jar.line("/accounts"), None);
    }
}
