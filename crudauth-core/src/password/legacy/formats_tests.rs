//! The checks of each format, recorded by formats that log every call.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed setup fails the test")]

use std::sync::Mutex;

use super::*;

const TYPED: &str = "a-strong-one";

/// Recorded calls of `verify`, as `password|stored`.
#[derive(Clone, Default)]
struct Calls(Arc<Mutex<Vec<String>>>);

impl Calls {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// A format that stores its prefix and the password.
struct Plain {
    prefixes: &'static [&'static str],
    calls: Calls,
}

impl LegacyHash for Plain {
    fn prefixes(&self) -> &'static [&'static str] {
        self.prefixes
    }

    fn verify(&self, password: &[u8], stored: &str) -> bool {
        let password = std::str::from_utf8(password).unwrap();
        self.calls.0.lock().unwrap().push(format!("{password}|{stored}"));
        self.prefixes.iter().any(|prefix| stored == format!("{prefix}{password}"))
    }

    fn decoy(&self) -> String {
        format!("{}{TYPED}", self.prefixes[0]) // Would match if the result counted.
    }
}

/// A format that panics in `verify`, and optionally in `decoy`.
struct Panicking {
    panics_in_decoy: bool,
}

impl LegacyHash for Panicking {
    fn prefixes(&self) -> &'static [&'static str] {
        &["{panics}"]
    }

    fn verify(&self, _: &[u8], _: &str) -> bool {
        panic!("expected");
    }

    fn decoy(&self) -> String {
        assert!(!self.panics_in_decoy, "expected");
        String::new()
    }
}

fn two_formats() -> (Formats, Calls, Calls) {
    let first = Calls::default();
    let second = Calls::default();
    let formats = Formats::new(vec![
        Arc::new(Plain { prefixes: &["{a}", "{both}"], calls: first.clone() }),
        Arc::new(Plain { prefixes: &["{b}", "{both}"], calls: second.clone() }),
    ]);
    (formats, first, second)
}

fn matches(formats: &Formats, typed: &str, stored: Option<&str>) -> bool {
    let stored = stored.map(|text| PasswordHash::new(text.to_owned()));
    formats.verify(&Password::parse(typed).unwrap(), stored.as_ref()) != LegacyMatch::No
}

#[test]
fn an_unused_format_is_not_called() {
    let (formats, first, second) = two_formats();
    for stored in [None, Some("$argon2id$"), Some(""), Some("!{a}a-strong-one"), Some(" {a}")] {
        assert!(!matches(&formats, TYPED, stored));
    }
    assert!(!formats.is_any_in_use());
    assert_eq!((first.take().len(), second.take().len()), (0, 0));
}

#[test]
fn the_first_hash_of_a_format_enables_it() {
    let (formats, first, second) = two_formats();
    assert!(matches(&formats, TYPED, Some("{a}a-strong-one")) && formats.is_any_in_use());
    assert!(!matches(&formats, TYPED, None));
    assert_eq!(first.take().len(), 2);
    assert_eq!(second.take().len(), 0);
}

#[test]
fn enable_prefix_enables_every_format_with_the_prefix() {
    let (formats, first, second) = two_formats();
    assert_eq!(formats.prefixes(), ["{a}", "{both}", "{b}"]);
    formats.enable_prefix("{other}");
    assert!(!formats.is_any_in_use());
    formats.enable_prefix("{both}");
    assert!(!matches(&formats, TYPED, None));
    assert_eq!((first.take().len(), second.take().len()), (1, 1));
}

#[test]
fn every_verification_costs_one_check_of_each_format_per_reading() {
    let (formats, first, second) = two_formats();
    formats.enable_prefix("{both}");
    for (stored, is_match) in [
        (None, false),
        (Some("$argon2id$"), false),
        (Some("!"), false),
        (Some("!{a}a-strong-1"), false),
        (Some("{a}damaged"), false),
        (Some("{a}a-strong-1"), true),
        (Some("{b}a-strong-1"), true),
        (Some("{both}a-strong-1"), true),
        (Some("{b}a-strong-\u{ff11}"), true),
    ] {
        // Two readings: NFKC turns a wide digit into a plain one.
        assert_eq!(matches(&formats, "a-strong-\u{ff11}", stored), is_match, "{stored:?}");
        for calls in [first.take(), second.take()] {
            assert_eq!(calls.len(), 2, "{stored:?}");
            assert!(calls[0].starts_with("a-strong-1|"), "{calls:?}");
            assert!(calls[1].starts_with("a-strong-\u{ff11}|"), "{calls:?}");
        }
    }
}

#[test]
fn only_the_accounts_own_hash_matches() {
    let (formats, first, _) = two_formats();
    formats.enable_prefix("{a}");
    for stored in [None, Some("$argon2id$"), Some("!"), Some("{b}")] {
        assert!(!matches(&formats, TYPED, stored), "{stored:?}");
    }
    // The decoy is a hash of this password, and was checked.
    assert_eq!(first.take(), vec!["a-strong-one|{a}a-strong-one"; 4]);
}

#[test]
fn a_column_wide_format_claims_the_hashes_without_a_known_prefix() {
    let [prefixed, wide] = [Calls::default(), Calls::default()];
    let formats = Formats::new(vec![
        Arc::new(Plain { prefixes: &[""], calls: wide.clone() }),
        Arc::new(Plain { prefixes: &["{a}"], calls: prefixed.clone() }),
    ]);
    for (stored, is_match) in [
        (Some("a-strong-one"), true),
        (Some("{a}a-strong-one"), true),
        (Some("{b}a-strong-one"), false),
        (Some("$argon2i$v=19$m=1"), false),
        (Some("a-strong-on"), false),
        (None, false),
    ] {
        assert_eq!(matches(&formats, TYPED, stored), is_match, "{stored:?}");
        let calls = wide.take();
        let own = stored.filter(|text| !text.starts_with("{a}") && !text.starts_with("$argon2"));
        assert_eq!(calls, [format!("{TYPED}|{}", own.unwrap_or(TYPED))], "{stored:?}");
    }
    for unusable in ["", "!", "!a-strong-one"] {
        assert!(!matches(&formats, TYPED, Some(unusable)));
    }
}

#[test]
fn a_column_wide_format_has_no_other_prefix() {
    let validate = |prefixes| {
        let calls = Calls::default();
        Formats::new(vec![Arc::new(Plain { prefixes, calls })]).validate()
    };
    assert_eq!(validate(&[""]), []);
    assert_eq!(validate(&["{a}", ""]).len(), 1);
}

#[test]
fn an_unusable_hash_is_not_passed_to_a_format() {
    let calls = Calls::default();
    let formats =
        Formats::new(vec![Arc::new(Plain { prefixes: &["", "!"], calls: calls.clone() })]);
    assert!(!matches(&formats, "", Some("")) && !matches(&formats, TYPED, Some("!a-strong-one")));
    assert_eq!(calls.take().len(), 0);
}

#[test]
fn a_panicking_format_matches_nothing_and_spares_the_others() {
    for panics_in_decoy in [false, true] {
        let calls = Calls::default();
        let formats = Formats::new(vec![
            Arc::new(Panicking { panics_in_decoy }),
            Arc::new(Plain { prefixes: &["{a}"], calls: calls.clone() }),
        ]);
        assert!(!matches(&formats, TYPED, Some("{panics}a-strong-one")));
        assert!(matches(&formats, TYPED, Some("{a}a-strong-one")));
        assert_eq!(calls.take().len(), 1);
    }
}

#[test]
fn debug_shows_no_hash() {
    let (formats, ..) = two_formats();
    assert!(!format!("{formats:?}").contains(TYPED));
}

#[test]
#[cfg(feature = "legacy-hashes")]
fn the_decoy_of_every_shipped_format_has_its_prefix() {
    use super::super::{Argon2, Bcrypt, CrudauthPy, Pbkdf2, Phpass, Scrypt, WordPress};

    let entries = Formats::new(vec![
        Arc::new(CrudauthPy),
        Arc::new(Bcrypt::default()),
        Arc::new(Pbkdf2::default()),
        Arc::new(Scrypt::default()),
        Arc::new(Argon2::default()),
        Arc::new(Phpass::default()),
        Arc::new(WordPress::default()),
    ]);
    assert_eq!(entries.validate(), []);
}
