//! Who is asked, about what, and how often: by formats that write down every call.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

use std::sync::Mutex;

use super::*;

const TYPED: &str = "a-strong-one";

/// What a format was asked, as `password|stored`.
#[derive(Clone, Default)]
struct Calls(Arc<Mutex<Vec<String>>>);

impl Calls {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// A format whose texts are its prefix and the password.
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
        format!("{}{TYPED}", self.prefixes[0]) // would match, if what it tells were listened to
    }
}

/// A format that panics wherever it is told to.
struct Rude {
    is_broken_from_the_start: bool,
}

impl LegacyHash for Rude {
    fn prefixes(&self) -> &'static [&'static str] {
        &["{rude}"]
    }

    fn verify(&self, _: &[u8], _: &str) -> bool {
        panic!("out of patience");
    }

    fn decoy(&self) -> String {
        assert!(!self.is_broken_from_the_start, "out of patience");
        String::new()
    }
}

fn two() -> (Formats, Calls, Calls) {
    let (first, second) = (Calls::default(), Calls::default());
    let formats = Formats::new(vec![
        Arc::new(Plain { prefixes: &["{a}", "{both}"], calls: first.clone() }),
        Arc::new(Plain { prefixes: &["{b}", "{both}"], calls: second.clone() }),
    ]);
    (formats, first, second)
}

fn know(formats: &Formats, typed: &str, stored: Option<&str>) -> bool {
    let stored = stored.map(|text| PasswordHash::new(text.to_owned()));
    formats.know(&Password::parse(typed).unwrap(), stored.as_ref()) != LegacyMatch::No
}

#[test]
fn a_format_that_is_not_in_use_is_asked_nothing() {
    let (formats, first, second) = two();
    for stored in [None, Some("$argon2id$"), Some(""), Some("!{a}a-strong-one"), Some(" {a}")] {
        assert!(!know(&formats, TYPED, stored));
    }
    assert!(!formats.is_any_in_use());
    assert_eq!((first.take().len(), second.take().len()), (0, 0));
}

#[test]
fn a_hash_that_is_met_takes_its_format_into_use() {
    let (formats, first, second) = two();
    assert!(know(&formats, TYPED, Some("{a}a-strong-one")) && formats.is_any_in_use());
    assert!(!know(&formats, TYPED, None));
    assert_eq!(first.take().len(), 2);
    assert_eq!(second.take().len(), 0);
}

#[test]
fn a_prefix_that_was_found_takes_every_format_that_has_it_into_use() {
    let (formats, first, second) = two();
    assert_eq!(formats.prefixes(), ["{a}", "{both}", "{b}"]);
    formats.found("{nobody's}");
    assert!(!formats.is_any_in_use());
    formats.found("{both}");
    assert!(!know(&formats, TYPED, None));
    assert_eq!((first.take().len(), second.take().len()), (1, 1));
}

#[test]
fn whatever_is_stored_and_whoever_is_right_costs_one_check_of_each_format_per_reading() {
    let (formats, first, second) = two();
    formats.found("{both}");
    for (stored, is_known) in [
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
        // Two readings: NFKC makes a plain digit of a wide one.
        assert_eq!(know(&formats, "a-strong-\u{ff11}", stored), is_known, "{stored:?}");
        let (first, second) = (first.take(), second.take());
        assert_eq!((first.len(), second.len()), (2, 2), "{stored:?}");
        for asked in [first, second] {
            assert!(asked[0].starts_with("a-strong-1|"), "{asked:?}");
            assert!(asked[1].starts_with("a-strong-\u{ff11}|"), "{asked:?}");
        }
    }
}

#[test]
fn only_an_accounts_own_hash_opens_it() {
    let (formats, first, _) = two();
    formats.found("{a}");
    for stored in [None, Some("$argon2id$"), Some("!"), Some("{b}")] {
        assert!(!know(&formats, TYPED, stored), "{stored:?}");
    }
    // The decoy was compared with, and it is of this very password.
    assert_eq!(first.take(), vec!["a-strong-one|{a}a-strong-one"; 4]);
}

#[test]
fn what_is_no_password_is_shown_to_no_format() {
    let calls = Calls::default();
    let formats =
        Formats::new(vec![Arc::new(Plain { prefixes: &["", "!"], calls: calls.clone() })]);
    assert!(!know(&formats, "", Some("")) && !know(&formats, TYPED, Some("!a-strong-one")));
    assert_eq!(calls.take().len(), 0);
}

#[test]
fn a_format_that_panics_matches_nothing_and_leaves_the_others_alone() {
    for is_broken_from_the_start in [false, true] {
        let calls = Calls::default();
        let formats = Formats::new(vec![
            Arc::new(Rude { is_broken_from_the_start }),
            Arc::new(Plain { prefixes: &["{a}"], calls: calls.clone() }),
        ]);
        assert!(!know(&formats, TYPED, Some("{rude}a-strong-one")));
        assert!(know(&formats, TYPED, Some("{a}a-strong-one")));
        assert_eq!(calls.take().len(), 1);
    }
}

#[test]
fn nothing_of_a_hash_is_shown() {
    let (formats, ..) = two();
    assert!(!format!("{formats:?}").contains(TYPED));
}

#[test]
#[cfg(feature = "legacy-hashes")]
fn every_shipped_format_has_a_decoy_of_its_own_kind() {
    use super::super::{Bcrypt, CrudauthPy, Pbkdf2, Scrypt};

    let entries = Formats::new(vec![
        Arc::new(CrudauthPy),
        Arc::new(Bcrypt::default()),
        Arc::new(Pbkdf2::default()),
        Arc::new(Scrypt::default()),
    ]);
    for entry in &entries.0 {
        assert!(entry.fits(&entry.decoy), "{}", entry.decoy);
    }
}
