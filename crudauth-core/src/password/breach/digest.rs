//! SHA-1 digest of a password: the prefix that is sent, and the suffix that is compared locally.
//!
//! Called by the breach look-up.

use sha1::{Digest, Sha1};
use zeroize::Zeroizing;

use super::Password;

/// Number of hex digits that are sent: 20 of 160 bits.
const PREFIX_DIGITS: usize = 5;
/// Number of hex digits of a digest.
const DIGITS: usize = 40;

/// The digest in upper-case hex. Wiped when dropped, because it lets an attacker check guesses.
pub(super) struct PasswordDigest(Zeroizing<String>);

/// Result of looking up a password in the response of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lookup {
    /// The response lists the password.
    pub(super) is_breached: bool,
    /// The response has a malformed line.
    pub(super) is_malformed: bool,
}

impl PasswordDigest {
    pub(super) fn of(password: &Password) -> Self {
        let digest = Zeroizing::new(<[u8; 20]>::from(Sha1::digest(password.expose())));
        Self(Zeroizing::new(hex::encode_upper(digest.as_slice())))
    }

    /// Returns the digits that are sent to the service.
    pub(super) fn prefix(&self) -> &str {
        &self.0[..PREFIX_DIGITS]
    }

    /// Looks for the suffix in the response of a service.
    pub(super) fn look_up(&self, response: &str) -> Lookup {
        let own_suffix = &self.0[PREFIX_DIGITS..];
        let mut lookup = Lookup { is_breached: false, is_malformed: false };
        for line in response.lines().map(str::trim).filter(|line| !line.is_empty()) {
            match parse_line(line) {
                Some((suffix, count)) => {
                    lookup.is_breached |= count > 0 && suffix.eq_ignore_ascii_case(own_suffix);
                }
                None => lookup.is_malformed = true,
            }
        }
        lookup
    }
}

/// Reads the suffix and the count of a line; the count is 1 if there is none.
fn parse_line(line: &str) -> Option<(&str, u64)> {
    let (suffix, count) = line.split_once(':').unwrap_or((line, "1"));
    let is_suffix = suffix.len() == DIGITS - PREFIX_DIGITS
        && suffix.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_suffix {
        return None;
    }
    Some((suffix, count.trim().parse().ok()?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed setup fails the test")]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_of_the_nfkc_form() {
        let digest = |typed| PasswordDigest::of(&Password::parse(typed).unwrap()).0.to_string();
        assert_eq!(digest("password"), "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8");
        assert_eq!(digest("caf\u{e9}"), digest("cafe\u{301}"));
    }

    #[test]
    fn malformed_lines_are_noticed_and_ignored() {
        let digest = PasswordDigest::of(&Password::parse("password").unwrap());
        let rest = "1E4C9B93F3F0682250B6CF8331B7EE68FD8";
        for malformed in [
            "sorry",
            &rest[1..],
            &format!("{rest}0"),
            &format!("5BAA6{rest}:7"),
            &format!("{rest}:"),
            &format!("{rest}:many"),
            &format!("{rest}:-1"),
            &format!("{rest} 7"),
            "\u{1f511}",
        ] {
            let lookup = digest.look_up(malformed);
            assert_eq!(lookup, Lookup { is_breached: false, is_malformed: true }, "{malformed}");
        }
        let lookup = digest.look_up(&format!("sorry\n{rest}:7\n"));
        assert_eq!(lookup, Lookup { is_breached: true, is_malformed: true });
        assert!(!digest.look_up("\r\n\r\n").is_malformed);
    }
}
