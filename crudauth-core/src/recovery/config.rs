//! Over what messages go out, where mailed links point, and how long tokens work.

use std::time::Duration;

use crate::delivery::{DeliveryChannel, EmailSender, MailChannel, SharedChannel, SharedSender};
use crate::ports::{LONGEST, Purpose};

const HOUR: Duration = Duration::from_secs(3600);

/// Settings of the `recovery` slice: over what messages reach people, and how long the tokens in
/// them work.
#[derive(Clone, Debug)]
pub struct RecoveryConfig {
    channels: Vec<SharedChannel>,
    lifetimes: Lifetimes,
}

/// How long tokens work.
#[derive(Clone, Copy, Debug)]
struct Lifetimes {
    verify: Duration,
    reset: Duration,
    change: Duration,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self { verify: 24 * HOUR, reset: HOUR, change: 24 * HOUR }
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

    /// How long the token of a verification works (default 24 hours).
    #[must_use]
    pub const fn verify_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetimes.verify = lifetime;
        self
    }

    /// How long the token of a reset works (default one hour).
    #[must_use]
    pub const fn reset_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetimes.reset = lifetime;
        self
    }

    /// What is wrong with the settings, each in a sentence.
    #[must_use]
    pub fn mistakes(&self) -> Vec<String> {
        let Lifetimes { verify, reset, change } = self.lifetimes;
        let named = [("verify", verify), ("reset", reset), ("change", change)];
        let is_wrong = |lifetime| !(Duration::from_secs(60)..=LONGEST).contains(&lifetime);
        let wrong = named.into_iter().filter(|&(_, lifetime)| is_wrong(lifetime));
        wrong
            .map(|(name, _)| {
                format!("recovery: the {name} token must work for one minute to 100 years")
            })
            .collect()
    }

    pub(super) fn channels(&self) -> &[SharedChannel] {
        &self.channels
    }

    pub(super) const fn lifetime(&self, purpose: Purpose) -> Duration {
        match purpose {
            Purpose::Verify => self.lifetimes.verify,
            Purpose::Reset => self.lifetimes.reset,
            Purpose::Change => self.lifetimes.change,
        }
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
        let Lifetimes { verify, reset, change } = Lifetimes::default();
        Self {
            sender: SharedSender::new(sender),
            frontend_url: frontend_url.into().trim_end_matches('/').to_owned(),
            verify: link("/verify-email", verify),
            reset: link("/reset-password", reset),
            change: link("/confirm-email-change", change),
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
                verify: self.verify.lifetime,
                reset: self.reset.lifetime,
                change: self.change.lifetime,
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
    use crate::delivery::PrintingSender;

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
