//! Settings of the HTTP side.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crudauth_core::ConfigError;
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

    fn names(&self) -> [(&'static str, &str); 4] {
        [
            ("cookies.session", &self.session),
            ("cookies.csrf", &self.csrf),
            ("cookies.refresh", &self.refresh),
            ("cookies.device", &self.device),
        ]
    }

    /// Browsers drop cookies whose name or attributes are not what the prefix demands (RFC 6265bis,
    /// section 4.1.3).
    fn invalid_names(&self) -> Vec<ConfigError> {
        let mut errors = Vec::new();
        for (setting, name) in self.names() {
            let requires = |requirement| {
                let value = name.to_owned();
                ConfigError::Requires { setting, value, requirement }
            };
            if !is_token(name) {
                let name = name.to_owned();
                let rule = "a token (RFC 9110, section 5.6.2)";
                errors.push(ConfigError::InvalidName { setting, name, rule });
            }
            let is_host = name.starts_with("__Host-");
            if (is_host || name.starts_with("__Secure-")) && !self.secure {
                errors.push(requires("cookies.secure to be true"));
            }
            if is_host && self.path != "/" {
                errors.push(requires("cookies.path to be `/`"));
            }
        }
        errors
    }

    fn duplicate_names(&self) -> Vec<ConfigError> {
        let at_logout = self.refresh_at_logout();
        let mut seen = vec![&*at_logout];
        let mut errors = Vec::new();
        for (_, name) in self.names() {
            if seen.contains(&name) {
                let name = name.to_owned();
                errors.push(ConfigError::DuplicateName { setting: "cookies", name });
            }
            seen.push(name);
        }
        errors
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
    /// Returns an error for each setting that is invalid, or that a browser would ignore.
    pub(crate) fn validate(&self) -> Vec<ConfigError> {
        let mut errors = self.cookies.invalid_names();
        errors.extend(self.cookies.duplicate_names());
        let path = &self.cookies.path;
        let is_path =
            path.starts_with('/') && !path.contains(';') && HeaderValue::from_str(path).is_ok();
        if !is_path {
            errors.push(ConfigError::InvalidPath { setting: "cookies.path", path: path.clone() });
        }
        for origin in &self.trusted_origins {
            if !origin.starts_with("https://") && !origin.starts_with("http://") {
                let url = origin.clone();
                errors.push(ConfigError::InvalidUrl { setting: "trusted_origins", url });
            }
        }
        errors
    }
}

/// A token of RFC 9110, section 5.6.2.
fn is_token(name: &str) -> bool {
    let is_mark = |byte| b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || is_mark(byte))
}
