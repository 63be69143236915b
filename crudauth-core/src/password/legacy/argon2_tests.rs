//! Hashes made by Django 5.2 with argon2-cffi 25.1, whose hash Spring's prefixes are put before.
#![allow(clippy::unwrap_used, reason = "a failed setup fails the test")]

use super::*;

const TYPED: &str = "Grüße, Zoë";

/// `h = Argon2PasswordHasher(); h.memory_cost = 256; h.encode("Grüße, Zoë", "seasaltseasalt")`
const DJANGO: &str = "argon2$argon2id$v=19$m=256,t=2,p=8$c2Vhc2FsdHNlYXNhbHQ$\
                      35B/voR+qBZyGw7T2h0uX3L82US6DN58paVrJ+KrJ+8";

fn matches(stored: &str, password: &str) -> bool {
    Argon2::default().cost(8, 1).verify(password.as_bytes(), stored)
}

#[test]
fn hashes_of_django_and_spring_match() {
    let spring = |prefix| DJANGO.replacen("argon2", prefix, 1);
    for stored in [DJANGO.to_owned(), spring("{argon2}"), spring("{argon2@SpringSecurity_v5_8}")] {
        assert!(matches(&stored, TYPED), "{stored}");
        assert!(!matches(&stored, "Grüße, Zoe") && !matches(&stored, ""), "{stored}");
        assert!(Argon2::default().prefixes().iter().any(|prefix| stored.starts_with(prefix)));
    }
}

/// `Argon2PasswordHasher().encode("correct horse", "somesaltsomesalt")`
#[test]
fn a_hash_of_djangos_usual_cost_matches() {
    let stored = "argon2$argon2id$v=19$m=102400,t=2,p=8$c29tZXNhbHRzb21lc2FsdA$\
                  W4mh/7tqZpNQ/NLLrNAViZIUpUy0rYQx5TGOyVLf9ig";
    assert!(matches(stored, "correct horse"));
    assert_eq!(stored.split('$').nth(3), Some("m=102400,t=2,p=8"));
    assert!(Argon2::default().decoy().contains("m=102400,t=2,"));
}

#[test]
fn an_expensive_or_damaged_hash_never_matches() {
    for (from, to) in [
        ("m=256", "m=1048577"),
        ("t=2", "t=16385"),
        ("p=8", "p=256"),
        ("35B/", ""),
        ("argon2$argon2id", "argon2argon2id"),
        ("argon2$argon2id", "argon2$argon2"),
        ("argon2$", "{argon2}"),
        ("argon2$", "argon2$$"),
    ] {
        assert!(!matches(&DJANGO.replacen(from, to, 1), TYPED), "{from} {to}");
    }
}

#[test]
fn a_usual_cost_above_the_limits_is_ignored() {
    let decoy = |memory_kib, passes| Argon2::default().cost(memory_kib, passes).decoy();
    assert!(decoy(16_384, 3).starts_with("argon2$argon2id$v=19$m=16384,t=3,p=1$"));
    for (memory_kib, passes) in [(1_048_577, 1), (1_048_576, 5), (0, 1), (8, 0)] {
        assert_eq!(decoy(memory_kib, passes), Argon2::default().decoy());
    }
}
