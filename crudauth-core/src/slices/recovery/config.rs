//! Settings of recovery: channels, links, and lifetimes of one-time tokens.

use std::time::Duration;

use super::store::Purpose;
use crate::clock::LONGEST;
use crate::config_error::ConfigError;
use crate::model::Contact;
use crate::notify::{
    DeliveryChannel, EmailSender, MailChannel, SharedChannel, SharedSender, TOKEN,
};

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// Lifetime of a token that signs in, or is sent to a phone: the message is read at once, and may be
/// visible on a locked screen (NIST SP 800-63B, section 3.1.3.2, allows ten minutes).
const TEN_MINUTES: Duration = Duration::from_mins(10);

/// Settings of the `recovery` slice: channels of messages, and lifetimes of the tokens in them.
#[derive(Clone, Debug)]
pub struct RecoveryConfig {
    channels: Vec<SharedChannel>,
    lifetimes: Lifetimes,
}

/// Configured lifetimes; `None` is the default of the purpose and the contact.
#[derive(Clone, Copy, Debug, Default)]
struct Lifetimes {
    verify: Option<Duration>,
    reset: Option<Duration>,
    change: Option<Duration>,
    delete: Option<Duration>,
    login: Option<Duration>,
}

const fn default_lifetime(purpose: Purpose, to: &Contact) -> Duration {
    match (to, purpose) {
        (Contact::Phone(_), _) | (_, Purpose::SignIn) => TEN_MINUTES,
        (Contact::Email(_), Purpose::Reset | Purpose::Delete) => HOUR,
        (Contact::Email(_), Purpose::Verify | Purpose::Change) => DAY,
    }
}

impl RecoveryConfig {
    /// Sends messages over `channel`.
    pub fn new(channel: impl DeliveryChannel) -> Self {
        Self { channels: vec![SharedChannel::new(channel)], lifetimes: Lifetimes::default() }
    }

    /// Sends every message over another channel as well. Channels fail independently.
    #[must_use]
    pub fn channel(mut self, channel: impl DeliveryChannel) -> Self {
        self.channels.push(SharedChannel::new(channel));
        self
    }

    /// Sets the lifetime of the token of a verification (default 24 hours, 10 minutes if sent to a
    /// phone; 1 minute to 100 years).
    #[must_use]
    pub const fn verify_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetimes.verify = Some(lifetime);
        self
    }

    /// Sets the lifetime of the token of a reset (default 1 hour, 10 minutes if sent to a phone;
    /// 1 minute to 100 years).
    #[must_use]
    pub const fn reset_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetimes.reset = Some(lifetime);
        self
    }

    /// Returns an error for each lifetime out of its bounds.
    #[must_use]
    pub fn validate(&self) -> Vec<ConfigError> {
        [
            invalid_lifetime("recovery.verify_lifetime", self.lifetimes.verify),
            invalid_lifetime("recovery.reset_lifetime", self.lifetimes.reset),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The channels, for the outbox.
    #[doc(hidden)]
    #[must_use]
    pub fn channels(&self) -> Vec<SharedChannel> {
        self.channels.clone()
    }

    pub(super) fn lifetime(&self, purpose: Purpose, to: &Contact) -> Duration {
        let configured = match purpose {
            Purpose::Verify => self.lifetimes.verify,
            Purpose::Reset => self.lifetimes.reset,
            Purpose::Change => self.lifetimes.change,
            Purpose::Delete => self.lifetimes.delete,
            Purpose::SignIn => self.lifetimes.login,
        };
        configured.unwrap_or(default_lifetime(purpose, to))
    }
}

fn invalid_lifetime(
    setting: &'static str,
    lifetime: impl Into<Option<Duration>>,
) -> Option<ConfigError> {
    ConfigError::duration(setting, lifetime, Duration::from_mins(1)..=LONGEST)
}

/// Settings of the `email` slice: sender, front end, and the links in mails.
#[derive(Clone, Debug)]
pub struct EmailConfig {
    sender: SharedSender,
    frontend_url: String,
    verify: Link,
    reset: Link,
    change: Link,
    delete: Link,
    /// How long the link works is the grace period.
    restore_path: String,
    login: Link,
    /// How long the link works is a setting of invitations.
    invitation_path: String,
}

#[derive(Clone, Debug)]
struct Link {
    path: String,
    lifetime: Duration,
}

impl EmailConfig {
    /// Sends mails with `sender`. Links point to the app's front end at `frontend_url`, for example
    /// `https://app.example.com`, never to the host of a request.
    ///
    /// The links are `/verify-email`, `/reset-password`, `/confirm-email-change`, `/delete-account`,
    /// `/restore-account`, `/email-login` and `/accept-invitation` there, each with `?token=`. Another
    /// path may contain `{token}` instead, for example `/#/verify?token={token}` for a front end with
    /// a hash router.
    pub fn new(sender: impl EmailSender, frontend_url: impl Into<String>) -> Self {
        let link = |path: &str, lifetime| Link { path: path.to_owned(), lifetime };
        Self {
            sender: SharedSender::new(sender),
            frontend_url: frontend_url.into(),
            verify: link("/verify-email", DAY),
            reset: link("/reset-password", HOUR),
            change: link("/confirm-email-change", DAY),
            delete: link("/delete-account", HOUR),
            restore_path: "/restore-account".to_owned(),
            login: link("/email-login", TEN_MINUTES),
            invitation_path: "/accept-invitation".to_owned(),
        }
    }

    /// Sets path and lifetime of the link in verification mails (default `/verify-email`, 24 hours;
    /// 1 minute to 100 years).
    #[must_use]
    pub fn verify_link(mut self, path: impl Into<String>, lifetime: Duration) -> Self {
        self.verify = Link { path: path.into(), lifetime };
        self
    }

    /// Sets path and lifetime of the link in reset mails (default `/reset-password`, 1 hour;
    /// 1 minute to 100 years).
    #[must_use]
    pub fn reset_link(mut self, path: impl Into<String>, lifetime: Duration) -> Self {
        self.reset = Link { path: path.into(), lifetime };
        self
    }

    /// Sets path and lifetime of the link that confirms a new address (default
    /// `/confirm-email-change`, 24 hours; 1 minute to 100 years).
    #[must_use]
    pub fn change_link(mut self, path: impl Into<String>, lifetime: Duration) -> Self {
        self.change = Link { path: path.into(), lifetime };
        self
    }

    /// Sets path and lifetime of the link that deletes an account without a password (default
    /// `/delete-account`, 1 hour; 1 minute to 100 years).
    #[must_use]
    pub fn delete_link(mut self, path: impl Into<String>, lifetime: Duration) -> Self {
        self.delete = Link { path: path.into(), lifetime };
        self
    }

    /// Sets the path of the link that restores an account during the grace period of its deletion
    /// (default `/restore-account`).
    #[must_use]
    pub fn restore_link(mut self, path: impl Into<String>) -> Self {
        self.restore_path = path.into();
        self
    }

    /// Sets path and lifetime of the link and the code that sign in (default `/email-login`,
    /// 10 minutes; 1 minute to 1 hour). The slice `email_login` has a page at that path.
    #[must_use]
    pub fn login_link(mut self, path: impl Into<String>, lifetime: Duration) -> Self {
        self.login = Link { path: path.into(), lifetime };
        self
    }

    /// Sets the path of the link that accepts an invitation (default `/accept-invitation`).
    #[must_use]
    pub fn invitation_link(mut self, path: impl Into<String>) -> Self {
        self.invitation_path = path.into();
        self
    }

    /// Returns an error for an invalid front end, and for each invalid path or lifetime of a link.
    #[must_use]
    pub fn validate(&self) -> Vec<ConfigError> {
        let mut errors = Vec::new();
        if !is_base_url(&self.frontend_url) {
            let url = self.frontend_url.clone();
            errors.push(ConfigError::InvalidUrl { setting: "email.frontend_url", url });
        }
        for (setting, link, longest) in [
            ("email.verify_link", &self.verify, LONGEST),
            ("email.reset_link", &self.reset, LONGEST),
            ("email.change_link", &self.change, LONGEST),
            ("email.delete_link", &self.delete, LONGEST),
            ("email.login_link", &self.login, HOUR),
        ] {
            errors.extend(invalid_path(setting, &link.path));
            let lifetimes = Duration::from_mins(1)..=longest;
            errors.extend(ConfigError::duration(setting, link.lifetime, lifetimes));
        }
        errors.extend(invalid_path("email.restore_link", &self.restore_path));
        errors.extend(invalid_path("email.invitation_link", &self.invitation_path));
        errors
    }

    /// URL of the front end, without a slash at the end.
    #[must_use]
    pub fn frontend_url(&self) -> &str {
        self.frontend_url.trim_end_matches('/')
    }

    /// Converts into settings with one channel, which mails the links.
    #[must_use]
    pub fn into_recovery(self) -> RecoveryConfig {
        let frontend_url = self.frontend_url().to_owned();
        let links = [&self.verify, &self.reset, &self.change, &self.delete, &self.login];
        let [verify, reset, change, delete, login] = links.map(|link| link.path.as_str());
        let (restore, invitation) = (&*self.restore_path, &*self.invitation_path);
        let paths = [verify, reset, change, delete, restore, login, invitation];
        let channel = MailChannel::new(self.sender, &frontend_url, paths);
        RecoveryConfig {
            channels: vec![SharedChannel::new(channel)],
            lifetimes: Lifetimes {
                verify: Some(self.verify.lifetime),
                reset: Some(self.reset.lifetime),
                change: Some(self.change.lifetime),
                delete: Some(self.delete.lifetime),
                login: Some(self.login.lifetime),
            },
        }
    }
}

fn invalid_path(setting: &'static str, path: &str) -> Option<ConfigError> {
    let path = path.to_owned();
    (!is_link_path(&path)).then_some(ConfigError::InvalidPath { setting, path })
}

/// Returns `true` for a scheme, a host, and at most a plain path. A user, a query or a fragment could
/// swallow the token of a link.
fn is_base_url(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|rest| {
        let host = rest.split('/').next().unwrap_or_default();
        !host.is_empty()
            && rest
                .bytes()
                .all(|byte| byte == b':' || byte == b'[' || byte == b']' || is_path_byte(byte))
    })
}

/// Returns `true` for a plain path, or a template that has `{token}` once, in its path, query or
/// fragment.
fn is_link_path(path: &str) -> bool {
    let (before, after) = path.split_once(TOKEN).unwrap_or((path, ""));
    let mut bytes = before.bytes().chain(after.bytes());
    let is_template = path.contains(TOKEN);
    let is_mark = |byte| matches!(byte, b'#' | b'!' | b'?' | b'&' | b'=' | b':' | b'@' | b'+');
    path.starts_with('/') && bytes.all(|byte| is_path_byte(byte) || is_template && is_mark(byte))
}

fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.' | b'~' | b'%')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::{PrintingSender, RecordingChannel};

    #[test]
    fn lifetimes_of_tokens_are_a_minute_to_a_century() {
        let (minute, second) = (Duration::from_mins(1), Duration::from_secs(1));
        let errors = |verify, reset| {
            let config = RecoveryConfig::new(RecordingChannel::default());
            config.verify_lifetime(verify).reset_lifetime(reset).validate()
        };
        assert_eq!(errors(minute, LONGEST), []);
        let wrong = ["recovery.verify_lifetime", "recovery.reset_lifetime"]
            .map(|setting| ConfigError::DurationOutOfRange { setting, min: minute, max: LONGEST });
        assert_eq!(errors(minute - second, LONGEST + second), wrong);
    }

    #[test]
    fn a_link_is_a_plain_path_or_a_template_with_one_token() {
        let errors = |path: &str| {
            let config = EmailConfig::new(PrintingSender, "https://app.example.com");
            config.verify_link(path, DAY).validate()
        };
        for path in ["/verify", "/#/verify?token={token}", "/v/{token}", "/?a=b&t={token}#top"] {
            assert_eq!(errors(path), [], "{path}");
        }
        for path in ["", "verify", "{token}", "/#/verify", "/v?a=b", "/{token}/{token}", "/{other}"]
        {
            let (setting, path) = ("email.verify_link", path.to_owned());
            assert_eq!(errors(&path), [ConfigError::InvalidPath { setting, path: path.clone() }]);
        }
    }

    #[test]
    fn only_a_plain_url_is_valid_for_links() {
        let errors = |url: &str| EmailConfig::new(PrintingSender, url).validate();
        for url in ["https://app.example.com", "http://127.0.0.1:8000/", "https://example.com/app"]
        {
            assert_eq!(errors(url), [], "{url}");
        }
        for url in [
            "",
            "app.example.com",
            "ftp://a",
            "https://",
            "https://a?b",
            "https://a#b",
            "https://u@a",
            "javascript:alert(1)",
            "https://a b",
        ] {
            let setting = "email.frontend_url";
            let invalid = ConfigError::InvalidUrl { setting, url: url.to_owned() };
            assert_eq!(errors(url), [invalid], "{url}");
        }
    }
}
