//! The cookies of one browser, for one host over HTTPS.
//!
//! Kept by name and path as browsers do (RFC 6265, section 5). A cookie lives until it is removed:
//! when it would expire is not looked at, since a test turns the clock of the server.

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
    /// Puts a cookie in, in the place of the one of that name and path.
    pub(super) fn put(&mut self, name: &str, value: &str, path: &str) {
        self.remove(name, path);
        let [name, value, path] = [name, value, path].map(str::to_owned);
        self.0.push(Cookie { name, value, path });
    }

    fn remove(&mut self, name: &str, path: &str) {
        self.0.retain(|cookie| cookie.name != name || cookie.path != path);
    }

    /// Throws a cookie away, whatever its path.
    pub(super) fn forget(&mut self, name: &str) {
        self.0.retain(|cookie| cookie.name != name);
    }

    /// The value that scripts of a page see under a name.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|cookie| cookie.name == name).map(|cookie| cookie.value.as_str())
    }

    /// What a request for `path` carries.
    pub(super) fn line(&self, path: &str) -> Option<String> {
        let mut sent: Vec<_> = self.0.iter().filter(|cookie| covers(&cookie.path, path)).collect();
        sent.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<_> =
            sent.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// Does what the answer to a request for `path` says.
    pub(super) fn obey(&mut self, headers: &HeaderMap, path: &str) {
        for line in headers.get_all(header::SET_COOKIE) {
            let line = String::from_utf8_lossy(line.as_bytes());
            let mut parts = line.split(';').map(str::trim);
            let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
                continue;
            };
            let (mut at, mut is_over) = (directory(path), None);
            for attribute in parts {
                let (word, said) = attribute.split_once('=').unwrap_or((attribute, ""));
                match word.to_ascii_lowercase().as_str() {
                    "path" if said.starts_with('/') => at = said,
                    "max-age" => is_over = Some(said.parse::<i64>().is_ok_and(|left| left <= 0)),
                    // The word by which a cookie is removed; `Max-Age` has the last one.
                    "expires" => {
                        is_over = is_over.or_else(|| said.contains("1970").then_some(true));
                    }
                    _ => {}
                }
            }
            match is_over {
                Some(true) => self.remove(name, at),
                _ => self.put(name, value, at),
            }
        }
    }
}

/// Whether a cookie of one path is sent to another (RFC 6265, section 5.1.4).
fn covers(path: &str, asked: &str) -> bool {
    let Some(rest) = asked.strip_prefix(path) else { return false };
    rest.is_empty() || path.ends_with('/') || rest.starts_with('/')
}

/// The path of a cookie that names none.
fn directory(path: &str) -> &str {
    match path.rfind('/') {
        None | Some(0) => "/",
        Some(end) => &path[..end],
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
mod tests {
    use super::*;

    fn told(jar: &mut Jar, line: &str) {
        let mut headers = HeaderMap::new();
        headers.insert(header::SET_COOKIE, line.parse().unwrap());
        jar.obey(&headers, "/accounts/login");
    }

    #[test]
    fn a_cookie_is_sent_below_its_path_and_the_nearest_one_first() {
        let mut jar = Jar::default();
        told(&mut jar, "a=1; HttpOnly; Path=/; SameSite=lax; Secure");
        told(&mut jar, "a=2; path=/accounts; Max-Age=60");
        told(&mut jar, "b=3");
        assert_eq!(jar.line("/").unwrap(), "a=1");
        assert_eq!(jar.line("/accounts").unwrap(), "a=2; b=3; a=1");
        assert_eq!(jar.line("/accounts/me").unwrap(), "a=2; b=3; a=1");
        assert_eq!(jar.line("/accountsearch").unwrap(), "a=1");
        assert_eq!(Jar::default().line("/"), None);
    }

    #[test]
    fn a_cookie_is_replaced_and_removed_under_its_own_path_only() {
        let mut jar = Jar::default();
        told(&mut jar, "a=1; Path=/");
        told(&mut jar, "a=2; Path=/");
        assert_eq!(jar.line("/x").unwrap(), "a=2");
        told(&mut jar, "a=; Path=/accounts; Max-Age=0");
        assert_eq!(jar.line("/x").unwrap(), "a=2");
        for removed in [
            "a=; Path=/; Max-Age=0",
            "a=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
            "a=gone; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/",
        ] {
            told(&mut jar, "a=2; Path=/");
            told(&mut jar, removed);
            assert_eq!(jar.line("/x"), None, "{removed}");
        }
        told(&mut jar, "no cookie");
        assert_eq!(jar.line("/accounts"), None);
    }
}
