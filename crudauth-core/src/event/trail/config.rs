//! Settings of the trail.

use std::net::IpAddr;
use std::time::Duration;

use crate::clock::LONGEST;
use crate::config_error::ConfigError;
use crate::model::{ClientAddress, MacKey};
use crate::settings::YEAR;

crate::settings! {
    /// Settings of the `audit` slice.
    #[derive(Clone, Copy, Debug)]
    pub struct AuditConfig {
        /// How long events are kept (default 1 year, 1 day to 100 years). A purge deletes them
        /// afterwards. Events that are kept already stay as long as they were to.
        retention: Duration = YEAR,
        /// How addresses of clients are kept (default: their network).
        addresses: StoredAddress = StoredAddress::Network,
        /// Events of a page (default 25, 1 to 100).
        page_size: u32 = 25,
    }
}

/// How addresses of clients are kept with events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoredAddress {
    /// The whole address.
    Full,
    /// The network: /24 of an IPv4 address, /48 of an IPv6 address.
    Network,
    /// A keyed hash: equal addresses are equal, and only the app's secret leads back to them.
    Pseudonym,
    /// Not at all.
    Omitted,
}

impl StoredAddress {
    pub(super) fn of(self, address: ClientAddress, key: &MacKey) -> Option<String> {
        match self {
            Self::Full => Some(address.to_string()),
            Self::Network => Some(match address.ip() {
                IpAddr::V4(ip) => {
                    let [a, b, c, _] = ip.octets();
                    format!("{a}.{b}.{c}.0/24")
                }
                IpAddr::V6(ip) => {
                    let [a, b, c, ..] = ip.segments();
                    let network = std::net::Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0);
                    format!("{network}/48")
                }
            }),
            Self::Pseudonym => {
                let mac = key.mac(&[b"address", address.to_string().as_bytes()]);
                Some(hex::encode(&mac.as_bytes()[..16]))
            }
            Self::Omitted => None,
        }
    }
}

impl AuditConfig {
    /// Returns an error for each setting out of its bounds.
    #[must_use]
    pub fn validate(&self) -> Vec<ConfigError> {
        let day = Duration::from_hours(24);
        ConfigError::found([
            ConfigError::duration("audit.retention", self.retention, day..=LONGEST),
            ConfigError::number("audit.page_size", self.page_size, 1..=100),
        ])
    }

    /// `Builder::hardened` changes nothing here.
    #[doc(hidden)]
    pub fn harden(&mut self) {}
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed setup fails the test")]
mod tests {
    use super::*;
    use crate::model::{KeyRing, SecretKey};

    fn stored(form: StoredAddress, address: &str) -> Option<String> {
        let secret = SecretKey::from("a secret of an app with more than 32 bytes");
        let keys = KeyRing::new(&secret, &[]).unwrap();
        form.of(address.parse().unwrap(), &keys.current().audit)
    }

    #[test]
    fn a_network_hides_the_host() {
        let network = |address| stored(StoredAddress::Network, address).unwrap();
        assert_eq!(network("203.0.113.77"), "203.0.113.0/24");
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1::/48");
    }

    #[test]
    fn a_pseudonym_tells_addresses_apart_and_reveals_none() {
        let pseudonym = |address| stored(StoredAddress::Pseudonym, address).unwrap();
        assert_eq!(pseudonym("203.0.113.77"), pseudonym("::ffff:203.0.113.77"));
        assert_ne!(pseudonym("203.0.113.77"), pseudonym("203.0.113.78"));
        assert!(!pseudonym("203.0.113.77").contains("203"));
        assert_eq!(stored(StoredAddress::Omitted, "203.0.113.77"), None);
    }
}
