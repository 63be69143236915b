//! Over what messages go out, where mailed links point, and how long tokens work.

use std::time::Duration;

use super::store::Purpose;
use crate::clock::LONGEST;
use crate::model::Contact;
use crate::notify::{DeliveryChannel, EmailSender, MailChannel, SharedChannel, SharedSender};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Settings of the `recovery` slice: over what messages reach people, and how long the tokens in
/// them work.
#[derive(Clone, Debug)]
pub struct RecoveryConfig {
    channels: Vec<SharedChannel>,
    lifetimes: Lifetimes,
}

/// How long tokens work, where that was said.
#[derive(Clone, Copy, Debug, Default)]
struct Lifetimes {
    verify: Option<Duration>,
    reset: Option<Duration>,
    change: Option<Duration>,
}

/// How long a token works that nothing was said about. What is texted to a phone is read at once
/// or not at all, and shown on a locked screen (NIST SP 800-63B, section 3.1.3.2, has ten minutes).
const fn usual(purpose: Purpose, to: &Contact) -> Duration {
    match (to, purpose) {
        (Contact::Phone(_), _) => Duration::from_secs(600),
        (Contact::Email(_), Purpose::Reset) => HOUR,
        (Contact::Email(_), Purpose::Verify | Purpose::Change) => DAY,
    }
}

impl RecoveryConfig {
    /// Messages go out over `channel`.
    pub fn new(channel: impl DeliveryChannel) -> Self {
        Self { channels: vec![SharedChannel::new(channel)], lifetimes: Lifetimes::default() }
    }

    /// Another channel, over which every message goes out as well; one that fails does not keep
    /// the others.
    #[must_use]
    pub fn channel(mut self, channel: impl DeliveryChannel) -> Self {
        self.channels.push(SharedChannel::new(channel));
        self
    }

    /// How long the token of a verification works (default 24 hours, to a phone ten minutes).
    #[must_use]
    pub const fn verify_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetimes.verify = Some(lifetime);
        self
    }

    /// How long the token of a reset works (default one hour, to a phone ten minutes).
    #[must_use]
    pub const fn reset_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetimes.reset = Some(lifetime);
        self
    }

    /// What is wrong with the settings, each in a sentence.
    #[must_use]
    pub fn mistakes(&self) -> Vec<String> {
        let Lifetimes { verify, reset, change } = self.lifetimes;
        let named = [("verify", verify), ("reset", reset), ("change", change)];
        let is_wrong = |lifetime| !(Duration::from_secs(60)..=LONGEST).contains(&lifetime);
        let wrong = named.into_iter().filter(|&(_, lifetime)| lifetime.is_some_and(is_wrong));
        wrong
            .map(|(name, _)| {
                format!("recovery: the {name} token must work for one minute to 100 years")
            })
            .collect()
    }

    /// The channels, for the outbox.
    #[doc(hidden)]
    #[must_use]
    pub fn channels(&self) -> Vec<SharedChannel> {
        self.channels.clone()
    }

    pub(super) fn lifetime(&self, purpose: Purpose, to: &Contact) -> Duration {
        let said = match purpose {
            Purpose::Verify => self.lifetimes.verify,
            Purpose::Reset => self.lifetimes.reset,
            Purpose::Change => self.lifetimes.change,
        };
        said.unwrap_or(usual(purpose, to))
    }
}

/// Settings of the `email` slice.
#[derive(Clone, Debug)]
pub struct EmailConfig {
    sender: SharedSender,
    frontend_url: String,
    verify: Link,
    reset: Link,
    change: Link,
}

#[derive(Clone, Debug)]
struct Link {
    path: String,
    lifetime: Duration,
}

/// Why an address for links is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "email: the front end's URL must be `https://host` or `http://host`, with a path at most: `{0}`"
)]
pub struct InvalidUrl(String);

impl EmailConfig {
    /// Mails go out by `sender`, and their links point at the app's front end, whose address is
    /// `frontend_url`, for example `https://app.example.com`. It is never taken from a request.
    ///
    /// Links are `/verify-email`, `/reset-password` and `/confirm-email-change` there, each with
    /// `?token=`.
    pub fn new(sender: impl EmailSender, frontend_url: impl Into<String>) -> Self {
        let link = |path: &str, lifetime| Link { path: path.to_owned(), lifetime };
        Self {
            sender: SharedSender::new(sender),
            frontend_url: frontend_url.into().trim_end_matches('/').to_owned(),
            verify: link("/verify-email", DAY),
            reset: link("/reset-password", HOUR),
            change: link("/confirm-email-change", DAY),
        }
    }

    /// Where the link of a verification mail points, and how long it works (default
    /// `/verify-email`, 24 hours).
    #[must_use]
    pub fn verify_link(mut self, path: impl Into<String>, lifetime: Duration) -> Self {
        self.verify = Link { path: path.into(), lifetime };
        self
    }

    /// Where the link of a reset mail points, and how long it works (default `/reset-password`,
    /// one hour).
    #[must_use]
    pub fn reset_link(mut self, path: impl Into<String>, lifetime: Duration) -> Self {
        self.reset = Link { path: path.into(), lifetime };
        self
    }

    /// Where the link of a change of address points, and how long it works (default
    /// `/confirm-email-change`, 24 hours).
    #[must_use]
    pub fn change_link(mut self, path: impl Into<String>, lifetime: Duration) -> Self {
        self.change = Link { path: path.into(), lifetime };
        self
    }

    /// What is wrong with the settings, each in a sentence.
    #[must_use]
    pub fn mistakes(&self) -> Vec<String> {
        let mut mistakes = Vec::new();
        if !is_base_url(&self.frontend_url) {
            mistakes.push(InvalidUrl(self.frontend_url.clone()).to_string());
        }
        for (name, link) in
            [("verify", &self.verify), ("reset", &self.reset), ("change", &self.change)]
        {
            if !link.path.starts_with('/') || !link.path.bytes().all(is_path_byte) {
                mistakes.push(format!("email: the {name} link must be a plain path"));
            }
            if link.lifetime < Duration::from_secs(60) || link.lifetime > LONGEST {
                mistakes
                    .push(format!("email: the {name} link must work for one minute to 100 years"));
            }
        }
        mistakes
    }

    /// The front end's address, without a slash at its end.
    #[must_use]
    pub fn frontend_url(&self) -> &str {
        &self.frontend_url
    }

    /// The same over the one channel that mails links.
    #[must_use]
    pub fn into_recovery(self) -> RecoveryConfig {
        let paths = [&self.verify, &self.reset, &self.change].map(|link| link.path.as_str());
        let channel = MailChannel::new(self.sender, &self.frontend_url, paths);
        RecoveryConfig {
            channels: vec![SharedChannel::new(channel)],
            lifetimes: Lifetimes {
                verify: Some(self.verify.lifetime),
                reset: Some(self.reset.lifetime),
                change: Some(self.change.lifetime),
            },
        }
    }
}

/// Scheme, host, and a plain path at most: no user, query or fragment can swallow the token.
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

fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.' | b'~' | b'%')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::PrintingSender;

    #[test]
    fn only_a_plain_address_is_taken_for_links() {
        let mistakes = |url: &str| EmailConfig::new(PrintingSender, url).mistakes().len();
        for url in ["https://app.example.com", "http://127.0.0.1:8000/", "https://example.com/app"]
        {
            assert_eq!(mistakes(url), 0, "{url}");
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
            assert_eq!(mistakes(url), 1, "{url}");
        }
    }
}
