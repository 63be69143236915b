//! A password's SHA-1 digest, cut in two: what may be told, and what is compared here.

use sha1::{Digest, Sha1};
use zeroize::Zeroizing;

use super::Password;

/// How many hex digits are told: 20 of 160 bits.
const TOLD: usize = 5;
/// How many hex digits a digest has.
const DIGITS: usize = 40;

/// The digest in upper-case hex; wiped when dropped, since it tells a guesser of the password.
pub(super) struct PasswordDigest(Zeroizing<String>);

/// What an answer says of a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LookedUp {
    pub(super) is_known: bool,
    /// Something in the answer is no line of a list.
    pub(super) is_garbled: bool,
}

impl PasswordDigest {
    pub(super) fn of(password: &Password) -> Self {
        let digest = Zeroizing::new(<[u8; 20]>::from(Sha1::digest(password.expose())));
        Self(Zeroizing::new(hex::encode_upper(digest.as_slice())))
    }

    /// What may be told.
    pub(super) fn prefix(&self) -> &str {
        &self.0[..TOLD]
    }

    /// Looks for the rest in what a service listed.
    pub(super) fn look_up(&self, answer: &str) -> LookedUp {
        let rest = &self.0[TOLD..];
        let mut found = LookedUp { is_known: false, is_garbled: false };
        for line in answer.lines().map(str::trim).filter(|line| !line.is_empty()) {
            match read(line) {
                Some((suffix, is_seen)) => {
                    found.is_known |= is_seen && suffix.eq_ignore_ascii_case(rest);
                }
                None => found.is_garbled = true,
            }
        }
        found
    }
}

/// The digits of a line, and whether it says that the password was seen.
fn read(line: &str) -> Option<(&str, bool)> {
    let (suffix, count) = line.split_once(':').unwrap_or((line, "1"));
    let is_suffix =
        suffix.len() == DIGITS - TOLD && suffix.bytes().all(|byte| byte.is_ascii_hexdigit());
    let count: u64 = count.trim().parse().ok()?;
    is_suffix.then_some((suffix, count > 0))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_that_of_the_password_in_nfkc() {
        let digest = |typed| PasswordDigest::of(&Password::parse(typed).unwrap()).0.to_string();
        assert_eq!(digest("password"), "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8");
        assert_eq!(digest("caf\u{e9}"), digest("cafe\u{301}"));
    }

    #[test]
    fn what_is_no_line_of_a_list_is_noticed_and_means_nothing() {
        let digest = PasswordDigest::of(&Password::parse("password").unwrap());
        let rest = "1E4C9B93F3F0682250B6CF8331B7EE68FD8";
        for garbled in [
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
            let found = digest.look_up(garbled);
            assert_eq!(found, LookedUp { is_known: false, is_garbled: true }, "{garbled}");
        }
        let found = digest.look_up(&format!("sorry\n{rest}:7\n"));
        assert_eq!(found, LookedUp { is_known: true, is_garbled: true });
        assert!(!digest.look_up("\r\n\r\n").is_garbled);
    }
}
