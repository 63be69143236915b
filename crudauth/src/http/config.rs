//! Settings of cookies, origins and proxies.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crudauth_core::ConfigError;
use crudauth_core::model::RedirectPath;
use poem::http::HeaderValue;

/// The default name of the session cookie.
pub(crate) const SESSION_COOKIE: &str = "session_id";

crudauth_core::settings! {
    /// Settings of the cookies: names and attributes.
    #[derive(Clone, Debug)]
    pub struct CookieConfig {
        /// Sends cookies over HTTPS only (default `true`). Use `false` for development over plain
        /// HTTP.
        secure: bool = true,
        /// Attribute `SameSite` (default [`SameSite::Lax`]). [`SameSite::None`] is for a front end on
        /// another site.
        same_site: SameSite = SameSite::Lax,
        /// Attribute `Path` (default `/`).
        path: String as impl Into<String> = "/".to_owned(),
        /// Name of the session cookie (default `session_id`).
        session: String as impl Into<String> = SESSION_COOKIE.to_owned(),
        /// Name of the cookie in which scripts find the CSRF token (default `csrf_token`).
        csrf: String as impl Into<String> = "csrf_token".to_owned(),
        /// Name of the cookie with the refresh token (default `refresh_token`).
        ///
        /// Browsers send it to `/refresh` only, unless [`path`](Self::path) is set, and never from
        /// another site. A second cookie with the suffix `_logout` is sent to `/logout`.
        refresh: String as impl Into<String> = "refresh_token".to_owned(),
        /// Name of the cookie that identifies a known device (default `known_device`).
        device: String as impl Into<String> = "known_device".to_owned(),
        /// Name of the cookie that binds an unfinished sign-in to its browser (default
        /// `sign_in_browser`).
        browser: String as impl Into<String> = "sign_in_browser".to_owned(),
        /// Name of the cookie of a browser that is not asked for the second factor (default
        /// `trusted_browser`). It starts with `__Host-` if [`secure`](Self::secure) and
        /// [`path`](Self::path) allow it.
        trusted: String as impl Into<String> = "trusted_browser".to_owned(),
        /// Name of the cookie that binds a sign-in with a provider to its browser (default
        /// `oauth_state`).
        ///
        /// Each sign-in has a cookie of its own, whose name ends with an id and starts with
        /// `__Host-` if [`secure`](Self::secure) and [`path`](Self::path) allow it. A cookie without
        /// the id holds the latest value, under the name that crudauth-py has; it is not read.
        oauth_state: String as impl Into<String> = "oauth_state".to_owned(),
        /// Name of the cookie that tells the next page the outcome of a form (default `flash`); see
        /// [`Pages`](crate::Pages).
        flash: String as impl Into<String> = "flash".to_owned(),
    }
    private {
        /// Name of the cookie of an impersonation; `None` if the mount allows none, and does not read
        /// one.
        impersonation: Option<String> = None,
    }
}

/// Requests from other sites with which a browser sends a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SameSite {
    /// Only navigation, such as a followed link.
    Lax,
    /// None.
    Strict,
    /// All. With this value pages of [trusted origins](crate::Builder::trusted_origins) may sign in
    /// from another site, and the cookies are `Partitioned`: a browser keeps them apart for each site
    /// that includes the app. [`guide::other_sites`](crate::guide::other_sites) describes the rest.
    None,
}

/// Where clients keep refresh tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefreshIn {
    /// In a cookie that scripts cannot read and other sites cannot send, for front ends in a
    /// browser. `/token`, `/refresh` and `/logout` then reject requests from other sites.
    ///
    /// The cookies have the paths of `/refresh` and `/logout` as the app sees them. If a proxy
    /// strips a prefix from the path, set it in [`CookieConfig::path`].
    #[default]
    Cookie,
    /// In the bodies of responses and requests, for programs with a safe storage of their own.
    Body,
}

impl RefreshIn {
    /// The default of [`BearerConfig::grace`](crudauth_core::slices::bearer::BearerConfig::grace).
    ///
    /// Two tabs of a browser share the cookie and may refresh at the same moment. A program that
    /// keeps the token itself can avoid that.
    pub(crate) const fn grace(self) -> Duration {
        match self {
            Self::Cookie => Duration::from_secs(10),
            Self::Body => Duration::ZERO,
        }
    }
}

impl CookieConfig {
    /// Prefixes the names with `__Host-`. A browser accepts such a cookie only from this host, over
    /// HTTPS and with the path `/`, so `secure` and `path` are set as well.
    #[must_use]
    pub fn hardened(mut self) -> Self {
        let Self { session, csrf, refresh, device, browser, trusted, oauth_state, flash, .. } =
            &mut self;
        for name in [session, csrf, refresh, device, browser, trusted, oauth_state, flash] {
            if !name.starts_with("__Host-") {
                name.insert_str(0, "__Host-");
            }
        }
        Self { secure: true, path: "/".to_owned(), ..self }
    }

    /// Sends cookies over plain HTTP as well, for development.
    #[must_use]
    pub fn insecure(mut self) -> Self {
        self.secure = false;
        self
    }

    /// Name of the cookie that sends the refresh token to `/logout`. Two cookies of one name with
    /// different paths are valid, but not all programs support that (RFC 6265, section 4.1.1).
    pub(crate) fn refresh_at_logout(&self) -> String {
        format!("{}_logout", self.refresh)
    }

    /// A browser that comes back from a provider sends no strict cookie, so the session that it had
    /// could not end, and no connection could be added.
    #[cfg(feature = "oauth")]
    pub(crate) fn strict_with_providers(&self) -> Option<ConfigError> {
        (self.same_site == SameSite::Strict).then(|| ConfigError::Requires {
            setting: "cookies.same_site",
            value: "Strict".to_owned(),
            requirement: "a mount without `oauth`",
        })
    }

    /// Name of the cookie of one sign-in with a provider.
    #[cfg(feature = "oauth")]
    pub(crate) fn oauth_state_of(&self, id: &str) -> String {
        format!("{}_{id}", self.of_this_host(&self.oauth_state))
    }

    /// Name of the cookie of a trusted browser.
    pub(crate) fn trusted_name(&self) -> String {
        self.of_this_host(&self.trusted)
    }

    /// Name of the cookie with the session of another account, if the mount allows impersonation.
    pub(crate) fn impersonation(&self) -> Option<&str> {
        self.impersonation.as_deref()
    }

    /// Reads the cookie of an impersonation from now on.
    pub(crate) fn allow_impersonation(&mut self) {
        self.impersonation = Some(self.of_this_host("impersonation"));
    }

    /// The name with the prefix that keeps other hosts from setting the cookie, if that is possible.
    fn of_this_host(&self, name: &str) -> String {
        let can_have_one = self.secure && self.path == "/" && !name.starts_with("__");
        format!("{}{name}", if can_have_one { "__Host-" } else { "" })
    }

    fn names(&self) -> [(&'static str, &str); 8] {
        [
            ("cookies.session", &self.session),
            ("cookies.csrf", &self.csrf),
            ("cookies.refresh", &self.refresh),
            ("cookies.device", &self.device),
            ("cookies.browser", &self.browser),
            ("cookies.trusted", &self.trusted),
            ("cookies.oauth_state", &self.oauth_state),
            ("cookies.flash", &self.flash),
        ]
    }

    /// A browser ignores a cookie with an invalid name, or without the attributes that its prefix
    /// demands (RFC 6265bis, section 4.1.3).
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

/// Settings of cookies, origins and proxies.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub(crate) struct HttpConfig {
    pub(crate) cookies: CookieConfig,
    pub(crate) refresh_in: RefreshIn,
    pub(crate) trusted_hops: usize,
    /// Whether the warning about an untrusted proxy was logged.
    pub(crate) has_told_of_proxy: Arc<AtomicBool>,
    pub(crate) trusted_origins: Vec<String>,
    /// The app's own pages, if the server renders them.
    pub(crate) pages: Option<Pages>,
}

impl HttpConfig {
    /// Returns an error for each setting that is invalid, or that a browser would ignore.
    pub(crate) fn validate(&self) -> Vec<ConfigError> {
        let mut errors = self.cookies.invalid_names();
        errors.extend(self.cookies.duplicate_names());
        errors.extend(self.pages.iter().flat_map(Pages::validate));
        if self.cookies.same_site == SameSite::None && !self.cookies.secure {
            errors.push(ConfigError::Requires {
                setting: "cookies.same_site",
                value: "None".to_owned(),
                requirement: "cookies.secure to be true",
            });
        }
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

/// Returns `true` for a token of RFC 9110, section 5.6.2.
fn is_token(name: &str) -> bool {
    let is_mark = |byte| b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || is_mark(byte))
}

/// The paths of an app's own pages, for [`Builder::pages`](crate::Builder::pages).
///
#[doc = include_str!("../../docs/pages.md")]
#[derive(Clone, Debug)]
pub struct Pages {
    pub(super) sign_in: String,
    pub(super) home: String,
    pub(super) second_step: Option<String>,
    pub(super) fresh_proof: Option<String>,
}

impl Pages {
    /// Sets the page with the sign-in form. A refused visitor is sent there with the query
    /// `?next=`, which holds the path that the visitor asked for.
    #[must_use]
    pub fn new(sign_in: impl Into<String>) -> Self {
        Self { sign_in: sign_in.into(), home: "/".to_owned(), second_step: None, fresh_proof: None }
    }

    /// Sets the page after a sign-in or sign-out without `next` (default `/`).
    #[must_use]
    pub fn home(mut self, path: impl Into<String>) -> Self {
        self.home = path.into();
        self
    }

    /// Sets the page that asks for the code of the second factor (default: the page of the sign-in).
    #[must_use]
    pub fn second_step(mut self, path: impl Into<String>) -> Self {
        self.second_step = Some(path.into());
        self
    }

    /// Sets the page that asks a signed-in person for fresh proof (default: the page of the sign-in).
    #[must_use]
    pub fn fresh_proof(mut self, path: impl Into<String>) -> Self {
        self.fresh_proof = Some(path.into());
        self
    }

    /// Returns an error for each value that is not a path of this site.
    pub(crate) fn validate(&self) -> Vec<ConfigError> {
        let pages = [
            ("pages.sign_in", Some(&self.sign_in)),
            ("pages.home", Some(&self.home)),
            ("pages.second_step", self.second_step.as_ref()),
            ("pages.fresh_proof", self.fresh_proof.as_ref()),
        ];
        let given = pages.into_iter().filter_map(|(setting, path)| Some((setting, path?)));
        let invalid = given.filter(|(_, path)| RedirectPath::parse(path).is_none());
        invalid
            .map(|(setting, path)| ConfigError::InvalidPath { setting, path: path.to_owned() })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_must_be_a_path_of_this_site() {
        let pages = Pages::new("https://evil.example").home("//evil.example").second_step("/code");
        let settings = pages.validate();
        let named: Vec<_> = settings.iter().map(ToString::to_string).collect();
        assert_eq!(named.len(), 2, "{named:?}");
        assert!(named[0].starts_with("pages.sign_in") && named[1].starts_with("pages.home"));
    }
}
