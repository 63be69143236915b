//! The network address of a client.
//!
//! All spellings of an address are one value. `X-Forwarded-For` is trusted only as far as the
//! configured proxies wrote it. Rate limits and lockouts count by
//! [`ClientAddress::network`].

use std::fmt;
use std::net::{AddrParseError, IpAddr, Ipv6Addr};
use std::str::FromStr;

/// The network address of a client.
///
/// An IPv4-mapped IPv6 address becomes the IPv4 address (RFC 4291, section 2.5.5.2).
#[derive(Clone, Copy, Eq, PartialEq, Hash)]
pub struct ClientAddress(IpAddr);

impl ClientAddress {
    /// Returns the IP address.
    #[must_use]
    pub const fn ip(self) -> IpAddr {
        self.0
    }

    /// Returns the key for counting the client's requests: an IPv4 address, or the /64 of an IPv6
    /// address.
    ///
    /// One subscriber has a whole /64 (RFC 6177). Counted one by one, its addresses would never run
    /// out.
    #[must_use]
    pub fn network(self) -> String {
        match self.0 {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => {
                let prefix = Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64));
                format!("{prefix}/64")
            }
        }
    }
}

impl From<IpAddr> for ClientAddress {
    fn from(address: IpAddr) -> Self {
        Self(address.to_canonical())
    }
}

impl FromStr for ClientAddress {
    type Err = AddrParseError;

    fn from_str(text: &str) -> Result<Self, AddrParseError> {
        text.parse::<IpAddr>().map(Self::from)
    }
}

/// Prints the address only, for logs.
impl fmt::Debug for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for ClientAddress {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Determines the client of a request from the socket's `peer` and all `X-Forwarded-For` lines, in
/// their order.
///
/// With zero `trusted_hops` the lines are ignored, because every client can send them. With n, the
/// n-th entry from the right is used, which is the address that the outermost of n proxies saw. A
/// shorter list gives its left-most entry. If the entry is missing or not an address, the peer is
/// used.
pub fn client_address<'a>(
    peer: Option<IpAddr>,
    forwarded_for: impl Iterator<Item = &'a str>,
    trusted_hops: usize,
) -> Option<ClientAddress> {
    let forwarded = if trusted_hops == 0 { None } else { entry(forwarded_for, trusted_hops) };
    forwarded.and_then(parse_entry).or(peer).map(ClientAddress::from)
}

fn entry<'a>(lines: impl Iterator<Item = &'a str>, from_the_right: usize) -> Option<&'a str> {
    // Empty list elements do not count (RFC 9110, section 5.6.1).
    let entries: Vec<_> =
        lines.flat_map(|line| line.split(',')).map(str::trim).filter(|e| !e.is_empty()).collect();
    entries.get(entries.len().saturating_sub(from_the_right)).copied()
}

/// Parses an entry, which may have quotes, brackets, a port or a zone, depending on the proxy.
fn parse_entry(entry: &str) -> Option<IpAddr> {
    let entry = entry.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(entry);
    if let Some(bracketed) = entry.strip_prefix('[') {
        let (host, rest) = bracketed.split_once(']')?;
        let is_whole = rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port);
        return if is_whole { parse_ipv6(host) } else { None };
    }
    if let Ok(address) = entry.parse() {
        return Some(IpAddr::V4(address));
    }
    match entry.split_once(':') {
        Some((host, port)) if is_port(port) => host.parse().ok().map(IpAddr::V4),
        _ => parse_ipv6(entry),
    }
}

/// Parses an IPv6 address without its zone (RFC 4007), which names an interface of the proxy.
fn parse_ipv6(host: &str) -> Option<IpAddr> {
    let address = host.split_once('%').map_or(host, |(address, _zone)| address);
    address.parse().ok().map(IpAddr::V6)
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed setup fails the test")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PEER: &str = "10.0.0.1";

    fn client(lines: &[&str], trusted_hops: usize) -> String {
        let peer = Some(PEER.parse().unwrap());
        client_address(peer, lines.iter().copied(), trusted_hops).unwrap().to_string()
    }

    fn network(address: &str) -> String {
        ClientAddress::from(address.parse::<IpAddr>().unwrap()).network()
    }

    #[test]
    fn without_trusted_proxies_a_header_is_ignored() {
        assert_eq!(client(&["203.0.113.7"], 0), PEER);
    }

    #[test]
    fn the_nth_entry_from_the_right_of_all_lines_counts() {
        let lines = ["6.6.6.6, 203.0.113.7", "198.51.100.2,192.0.2.1"];
        assert_eq!(client(&lines, 1), "192.0.2.1");
        assert_eq!(client(&lines, 2), "198.51.100.2");
        assert_eq!(client(&lines, 3), "203.0.113.7");
    }

    #[test]
    fn entries_added_by_a_client_are_ignored() {
        for forged in ["6.6.6.6", "6.6.6.6,,, ", "\"", "[::1", ""] {
            assert_eq!(client(&[forged, "203.0.113.7"], 1), "203.0.113.7");
            assert_eq!(client(&[&format!("{forged}, 203.0.113.7")], 1), "203.0.113.7");
        }
    }

    #[test]
    fn a_shorter_list_gives_its_left_most_entry() {
        assert_eq!(client(&["203.0.113.7, 198.51.100.2"], 9), "203.0.113.7");
        assert_eq!(client(&["203.0.113.7"], usize::MAX), "203.0.113.7");
        assert_eq!(client(&[], 2), PEER);
    }

    #[test]
    fn ports_brackets_quotes_and_zones_are_removed() {
        for (entry, address) in [
            ("203.0.113.7:1234", "203.0.113.7"),
            ("\"203.0.113.7:1234\"", "203.0.113.7"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("\"[2001:db8::1]:443\"", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("\"[::1]\"", "::1"),
            ("fe80::1%eth0", "fe80::1"),
            ("[fe80::1%25eth0]:80", "fe80::1"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
            ("[::FFFF:cb00:7107]:80", "203.0.113.7"),
        ] {
            assert_eq!(client(&[entry], 1), address, "{entry}");
        }
    }

    #[test]
    fn an_invalid_entry_falls_back_to_the_peer() {
        for entry in [
            "unknown",
            "_hidden",
            "203.0.113.7:http",
            "203.0.113.7:",
            "203.0.113.7:+80",
            "203.0.113.7:70000",
            "[203.0.113.7]:80",
            "[2001:db8::1]443",
            "[2001:db8::1",
            "010.0.0.1",
            "203.0.113.7%eth0",
            "%",
            "\"",
            "１.2.3.4",
        ] {
            assert_eq!(client(&[entry], 1), PEER, "{entry}");
        }
        assert_eq!(client_address(None, ["unknown"].into_iter(), 1), None);
    }

    #[test]
    fn all_spellings_of_a_64_have_one_key() {
        for spelling in [
            "2001:db8:0:1::",
            "2001:db8:0:1::1",
            "2001:0DB8:0000:0001:ffff:FFFF:ffff:ffff",
            "2001:db8::1:0:0:203.0.113.7",
        ] {
            assert_eq!(network(spelling), "2001:db8:0:1::/64");
        }
        assert_ne!(network("2001:db8:0:2::1"), network("2001:db8:0:1::1"));
    }

    #[test]
    fn a_mapped_address_counts_as_its_ipv4_address() {
        assert_eq!(network("::ffff:203.0.113.7"), network("203.0.113.7"));
        assert_ne!(network("::ffff:203.0.113.7"), network("::ffff:203.0.113.8"));
    }

    proptest! {
        #[test]
        fn all_hosts_of_a_64_have_one_key(prefix in any::<u64>(), hosts in any::<[u64; 2]>()) {
            // IPv4-mapped addresses are in the all-zero /64, but count as IPv4.
            prop_assume!(prefix != 0);
            let [one, other] = hosts.map(|host| {
                let bits = u128::from(prefix) << 64 | u128::from(host);
                ClientAddress::from(IpAddr::V6(Ipv6Addr::from_bits(bits)))
            });
            prop_assert_eq!(one.network(), other.network());
            prop_assert_eq!(client(&[&format!("\"[{one}%eth0]:80\"")], 1), one.to_string());
        }

        #[test]
        fn any_header_is_accepted(
            lines in proptest::collection::vec("[0-9a-f.:,%\\[\\]\" ]{0,40}|\\PC{0,20}", 0..4),
            hops in 0..5_usize,
        ) {
            let lines = lines.iter().map(String::as_str);
            prop_assert!(client_address(Some(PEER.parse().unwrap()), lines, hops).is_some());
        }
    }
}
