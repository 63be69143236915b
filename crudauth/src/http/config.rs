//! Settings of the HTTP side.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use poem::http::HeaderValue;

crudauth_core::settings! {
    /// Names and attributes of the cookies.
    #[derive(Clone, Debug)]
    pub struct CookieConfig {
        /// Whether cookies go over HTTPS only (default true; `false` is for development over plain
        /// HTTP).
        secure: bool = true,
        /// When a browser sends them along with requests from other sites (default
        /// [`SameSite::Lax`]). There is no `None`: every other site could then act for people.
        same_site: SameSite = SameSite::Lax,
        /// For which paths they are sent (default `/`).
        path: String as impl Into<String> = "/".to_owned(),
        /// The name of the session cookie (default `session_id`).
        session: String as impl Into<String> = "session_id".to_owned(),
        /// The name of the cookie by which scripts learn the CSRF token (default `csrf_token`).
        csrf: String as impl Into<String> = "csrf_token".to_owned(),
        /// The name of the refresh token's cookie (default `refresh_token`). It goes to `/refresh`
        /// and, unless [`path`](Self::path) says something else, to no other route, and with no
        /// request from another site; `/logout` gets one of its own, whose name ends in `_logout`.
        refresh: String as impl Into<String> = "refresh_token".to_owned(),
        /// The name of the cookie by which a device is known again (default `known_device`).
        device: String as impl Into<String> = "known_device".to_owned(),
    }
}

/// When a browser sends a cookie along with a request that another site caused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SameSite {
    /// Only when a person follows a link.
    Lax,
    /// Never.
    Strict,
}

/// Where refresh tokens live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefreshIn {
    /// In a cookie that scripts cannot read and that no other site can send: for front ends in a
    /// browser. `/token`, `/refresh` and `/logout` then refuse what another site's page sends.
    ///
    /// The cookies are for the paths of `/refresh` and `/logout` as this app sees them. If a proxy in
    /// front takes a prefix away, name it in [`CookieConfig::path`].
    #[default]
    Cookie,
    /// In the body, in answers and in requests: for programs that keep them safe themselves.
    Body,
}

impl CookieConfig {
    /// Names with the prefix `__Host-`: a browser takes such a cookie from this host only, over
    /// HTTPS, for every path. The rest stays as it is.
    #[must_use]
    pub fn hardened(mut self) -> Self {
        for name in [&mut self.session, &mut self.csrf, &mut self.refresh, &mut self.device] {
            if !name.starts_with("__Host-") {
                name.insert_str(0, "__Host-");
            }
        }
        Self { secure: true, path: "/".to_owned(), ..self }
    }

    /// The same over plain HTTP, for development.
    #[must_use]
    pub fn insecure(mut self) -> Self {
        self.secure = false;
        self
    }

    /// The refresh token's name on its way to `/logout`. Two cookies of one name for two paths would
    /// be right, but not all programs tell them apart (RFC 6265, section 4.1.1).
    pub(crate) fn refresh_at_logout(&self) -> String {
        format!("{}_logout", self.refresh)
    }

    fn names(&self) -> [&str; 4] {
        [&self.session, &self.csrf, &self.refresh, &self.device]
    }
}

/// Settings of the HTTP side.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub(crate) struct HttpConfig {
    pub(crate) cookies: CookieConfig,
    pub(crate) refresh_in: RefreshIn,
    pub(crate) trusted_hops: usize,
    /// Whether the log has it that a proxy seems to be there and none is trusted.
    pub(crate) has_told_of_proxy: Arc<AtomicBool>,
    pub(crate) trusted_origins: Vec<String>,
}

impl HttpConfig {
    /// What is wrong with the settings, each in a sentence.
    pub(crate) fn mistakes(&self) -> Vec<String> {
        let cookies = &self.cookies;
        let mut mistakes = Vec::new();
        let names = cookies.names();
        for name in names {
            if !is_token(name) {
                mistakes.push(format!("cookies: `{name}` is no name for a cookie (RFC 6265)"));
            }
            let wants_secure = name.starts_with("__Host-") || name.starts_with("__Secure-");
            if wants_secure && !cookies.secure {
                mistakes.push(format!("cookies: `{name}` needs `secure`"));
            }
            if name.starts_with("__Host-") && cookies.path != "/" {
                mistakes.push(format!("cookies: `{name}` needs the path `/`"));
            }
        }
        let is_twice = (1..names.len()).any(|at| names[..at].contains(&names[at]));
        if is_twice || names.contains(&&*cookies.refresh_at_logout()) {
            mistakes.push("cookies: each needs a name of its own".to_owned());
        }
        for origin in &self.trusted_origins {
            if !origin.starts_with("https://") && !origin.starts_with("http://") {
                mistakes.push(format!("trusted origins: write `https://host`, not `{origin}`"));
            }
        }
        let is_path = |path: &str| {
            path.starts_with('/') && !path.contains(';') && HeaderValue::from_str(path).is_ok()
        };
        if !is_path(&cookies.path) {
            mistakes.push("cookies: the path must start with `/`".to_owned());
        }
        mistakes
    }
}

/// A token of RFC 9110, section 5.6.2.
fn is_token(name: &str) -> bool {
    let is_mark = |byte| b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || is_mark(byte))
}
