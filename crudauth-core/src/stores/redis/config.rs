//! Settings of the Redis store.

use std::fmt;
use std::time::Duration;

use redis::io::tcp::TcpSettings;
use redis::{ConnectionInfo, IntoConnectionInfo};
use secrecy::{ExposeSecret, SecretString};

use crate::clock::LONGEST;
use crate::config_error::ConfigError;
use crate::store_error::StoreError;

/// Settings of [`RedisStore`](super::RedisStore).
///
/// `Debug` does not show the URLs, which may contain a password.
#[derive(Clone)]
#[non_exhaustive]
pub struct RedisConfig {
    urls: Vec<SecretString>,
    /// Start of every key (default `crudauth`). Apps that share a Redis need different ones.
    pub prefix: String,
    /// Longest time for one command, connecting included (default 1 second; 1 millisecond to 100
    /// years).
    pub timeout: Duration,
    /// Decision about rate-limited requests while Redis is away (default [`WhenAway::Allow`]).
    pub rate_limits_when_away: WhenAway,
}

/// Decision about rate-limited requests while Redis is away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenAway {
    /// Allows them and logs a warning once a minute. Sign-in stays closed, since sessions and
    /// lockout need Redis.
    #[default]
    Allow,
    /// Fails, so that they are answered with 503.
    Fail,
}

impl RedisConfig {
    /// Settings for the Redis at this URL.
    ///
    /// The URL has the form `redis://[user:password@]host[:port][/database]`. `rediss://` connects
    /// with TLS (feature `redis-tls`), with the certificate authorities of the operating system.
    /// One node of a cluster is enough: the store finds the others.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            urls: vec![SecretString::from(url.into())],
            prefix: "crudauth".to_owned(),
            timeout: Duration::from_secs(1),
            rate_limits_when_away: WhenAway::default(),
        }
    }

    /// Adds another node of the cluster, for the case that the first one is away at the start.
    #[must_use]
    pub fn node(mut self, url: impl Into<String>) -> Self {
        self.urls.push(SecretString::from(url.into()));
        self
    }

    /// Sets [`prefix`](#structfield.prefix).
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets [`timeout`](#structfield.timeout).
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets [`rate_limits_when_away`](#structfield.rate_limits_when_away).
    #[must_use]
    pub fn rate_limits_when_away(mut self, decision: WhenAway) -> Self {
        self.rate_limits_when_away = decision;
        self
    }

    /// Returns an error for each invalid setting, without connecting.
    #[must_use]
    pub fn validate(&self) -> Vec<ConfigError> {
        let urls = self.urls.iter().filter_map(|url| node(url).err());
        let timeout = Duration::from_millis(1)..=LONGEST;
        let others =
            [self.empty_prefix(), ConfigError::duration("redis.timeout", self.timeout, timeout)];
        urls.chain(others.into_iter().flatten()).collect()
    }

    fn empty_prefix(&self) -> Option<ConfigError> {
        if !self.prefix.is_empty() {
            return None;
        }
        Some(ConfigError::InvalidName {
            setting: "redis.prefix",
            name: String::new(),
            rule: "a text that is not empty",
        })
    }

    /// The servers to ask first.
    pub(super) fn nodes(&self) -> Result<Vec<ConnectionInfo>, StoreError> {
        if let Some(first) = self.validate().into_iter().next() {
            return Err(StoreError::failed(first));
        }
        self.urls.iter().map(|url| node(url).map_err(StoreError::failed)).collect()
    }
}

fn node(url: &SecretString) -> Result<ConnectionInfo, ConfigError> {
    let setting = "redis.url";
    let url = url.expose_secret();
    // Without TLS the client rejects such a URL by itself, without naming the cause.
    if url.starts_with("rediss:") && !cfg!(feature = "redis-tls") {
        let value = "rediss://".to_owned();
        let requirement = "the feature `redis-tls`";
        return Err(ConfigError::Requires { setting, value, requirement });
    }
    let info = url.into_connection_info().map_err(|error| {
        // The category only: the error itself may quote a part of the URL.
        ConfigError::Malformed { setting, reason: error.category().to_owned() }
    })?;
    Ok(info.set_tcp_settings(tcp_settings()))
}

/// A server whose host vanished does not acknowledge data. Without a limit, Linux sends again for a
/// quarter of an hour before the connection is given up.
const GIVE_UP_AFTER: Duration = Duration::from_secs(5);

pub(super) fn tcp_settings() -> TcpSettings {
    let settings = TcpSettings::default().set_nodelay(true);
    #[cfg(target_os = "linux")]
    let settings = settings.set_user_timeout(GIVE_UP_AFTER);
    settings
}

impl fmt::Debug for RedisConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisConfig")
            .field("urls", &format_args!("{} (redacted)", self.urls.len()))
            .field("prefix", &self.prefix)
            .field("timeout", &self.timeout)
            .field("rate_limits_when_away", &self.rate_limits_when_away)
            .finish()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_shown() {
        let config = RedisConfig::new("redis://app:hunter2@127.0.0.1");
        assert!(!format!("{config:?}").contains("hunter2"));
        let invalid = RedisConfig::new("http://app:hunter2@127.0.0.1");
        let errors = invalid.validate();
        assert!(!format!("{errors:?} {}", errors[0]).contains("hunter2"));
    }

    #[test]
    fn all_invalid_settings_are_reported_at_once() {
        let config = RedisConfig::new("nonsense").node("redis://").prefix("");
        let errors = config.timeout(Duration::ZERO).validate();
        assert!(matches!(
            errors[..],
            [
                ConfigError::Malformed { setting: "redis.url", .. },
                ConfigError::Malformed { setting: "redis.url", .. },
                ConfigError::InvalidName { setting: "redis.prefix", .. },
                ConfigError::DurationOutOfRange { setting: "redis.timeout", .. },
            ]
        ));
    }

    #[test]
    #[cfg(not(feature = "redis-tls"))]
    fn tls_without_the_feature_is_an_error() {
        let errors = RedisConfig::new("rediss://127.0.0.1").validate();
        assert!(matches!(errors[..], [ConfigError::Requires { setting: "redis.url", .. }]));
    }

    #[test]
    fn common_urls_are_valid() {
        for url in
            ["redis://localhost", "redis://:secret@10.0.0.1:6380/2", "unix:///run/redis.sock"]
        {
            assert_eq!(RedisConfig::new(url).validate(), [], "{url}");
        }
    }
}
