//! Hashes made by passlib 1.7.4.
#![allow(clippy::unwrap_used, reason = "a failed setup fails the test")]

use proptest::prelude::*;

use super::*;

const TYPED: &str = "Grüße, Zoë";

fn matches(stored: &str, password: &str) -> bool {
    Phpass::default().cost(7).verify(password.as_bytes(), stored)
}

/// PyPI passlib 1.7.4, which the tests of phpass itself are part of:
/// - `passlib.hash.phpass.using(rounds=7, salt="abcdefgh").hash("Grüße, Zoë")`
/// - `.using(rounds=11, ident="H")`, as in phpBB, and `.using(rounds=13)`, as in WordPress
/// - `.using(rounds=7).hash("long " * 20 + "end")`
#[test]
fn hashes_of_wordpress_and_phpbb_match() {
    let long = format!("{}end", "long ".repeat(20));
    for (password, stored) in [
        (TYPED, "$P$5abcdefghQ4mUQq/HsynG95CGXTC4z/"),
        (TYPED, "$H$9fzFcmad9D9rtamNBdcZwW8SY8PEeT."),
        (TYPED, "$P$BGFB8DlBQi914ocEbU1d3dzAB/IwCu0"),
        (&long, "$P$5Ez8ZxHWhaPLsXa7hvh86MBoC.Npos/"),
    ] {
        assert!(matches(stored, password), "{stored}");
        assert!(!matches(stored, "Grüße, Zoe") && !matches(stored, ""), "{stored}");
    }
}

#[test]
fn an_expensive_or_damaged_hash_is_malformed() {
    let whole = "$P$5abcdefghQ4mUQq/HsynG95CGXTC4z/";
    assert!(Stored::parse(whole).is_some());
    assert!(Stored::parse(&whole.replace("$5", "$G")).is_some());
    for (from, to) in [
        ("$5", "$H"),
        ("$5", "$S"),
        ("$5", "$4"),
        ("$5", "$."),
        ("$5", "$*"),
        ("$5", "$"),
        ("$5", "$\u{e9}"),
        ("$P", "$S"),
        ("4z/", "4z"),
        ("4z/", "4z//"),
        ("abcdefghQ", "abcdefg\u{e9}"),
    ] {
        assert!(Stored::parse(&whole.replacen(from, to, 1)).is_none(), "{from} {to}");
    }
    assert!(!matches(&whole.replace("4z/", "4z."), TYPED));
}

#[test]
fn the_decoy_has_the_configured_cost() {
    for (format, log_rounds) in [
        (Phpass::default(), 13),
        (Phpass::default().cost(11), 11),
        (Phpass::default().cost(0), 7),
        (Phpass::default().cost(99), 18),
    ] {
        assert_eq!(Stored::parse(&format.decoy()).unwrap().log_rounds, log_rounds);
    }
}

proptest! {
    #[test]
    fn the_parser_accepts_any_text(text in "\\PC{0,40}") {
        let _ = Stored::parse(&text);
        let _ = Stored::parse(&format!("$P$5{text}"));
    }
}
