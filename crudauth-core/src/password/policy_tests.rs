//! Promises of the password policy.

#![allow(clippy::unwrap_used, reason = "a failed setup fails the test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::PolicyViolation::{Breached, Common, RepeatsIdentifier, TooShort};
use super::*;
use crate::password::breach::BoxError;

const OWN: [&str; 2] = ["alice@example.com", "alice"];

fn violations(typed: &str, own: &[&str]) -> Vec<PolicyViolation> {
    let password = Password::parse(typed).unwrap();
    PasswordPolicy::default().check(&password, own).err().unwrap_or_default()
}

#[test]
fn a_strong_password_is_accepted() {
    for typed in [
        "a-strong-one",
        "a-new-strong-one",
        "third-strong-one",
        "changed-meanwhile",
        "another-strong-one",
        "zq7-fk2w",
        &format!("{}tail-one", "x".repeat(72)),
        "correct horse battery staple",
        "alice-in-wonderland",
        "        ",
        "\u{1f511}\u{1f40e}\u{1f50b}\u{1f4ce}\u{1f511}\u{1f40e}\u{1f50b}\u{1f4ce}",
    ] {
        assert_eq!(violations(typed, &OWN), [], "{typed}");
    }
}

#[test]
fn a_short_password_is_rejected() {
    for typed in ["", "zq7-fk2", "cafe\u{301}-fk", "\u{1f511}\u{1f40e}"] {
        assert_eq!(violations(typed, &OWN), [TooShort { min: 8 }], "{typed}");
    }
    let strict = PasswordPolicy::default().min_chars(15);
    let password = Password::parse("a-strong-one").unwrap();
    assert_eq!(strict.check(&password, &OWN), Err(vec![TooShort { min: 15 }]));
}

#[test]
fn a_common_password_is_rejected_in_any_case() {
    for typed in ["password", "PassWord1", "12345678", "qwertyuiop", "\u{ff11}2345678"] {
        assert_eq!(violations(typed, &OWN), [Common], "{typed}");
    }
    let password = Password::parse("password").unwrap();
    assert_eq!(PasswordPolicy::default().allow_common().check(&password, &OWN), Ok(()));
}

#[test]
fn a_password_built_from_an_identifier_is_rejected() {
    for typed in [
        "alice@example.com",
        "Alice@Example.COM1!",
        "alicealice",
        "alice-alice",
        "aliceecila",
        "ecilaALICE99",
        "123alicealice",
    ] {
        assert_eq!(violations(typed, &OWN), [RepeatsIdentifier], "{typed}");
        let password = Password::parse(typed).unwrap();
        let lax = PasswordPolicy::default().allow_identifiers();
        assert_eq!(lax.check(&password, &OWN), Ok(()));
    }
    assert_eq!(violations("bob.jones!!", &["bob.jones@example.com"]), [RepeatsIdentifier]);
    assert_eq!(violations("Mu\u{308}ller-12", &["m\u{fc}ller"]), [RepeatsIdentifier]);
    assert_eq!(violations("alicealice", &["bob", "", "@", "al"]), []);
    assert_eq!(violations("jojojojojo", &["jo@example.com"]), []);
}

#[test]
fn all_violations_are_reported() {
    assert_eq!(violations("alice", &OWN), [TooShort { min: 8 }, RepeatsIdentifier]);
    assert_eq!(violations("a", &OWN), [TooShort { min: 8 }]);
}

#[test]
fn a_rule_of_the_app_runs_last_and_words_its_violation() {
    let policy =
        PasswordPolicy::default()
            .validator(|candidate| {
                if candidate.text().contains("acme") { Err("Not our name.") } else { Ok(()) }
            })
            .validator(|candidate| match candidate.identifiers() {
                ["alice@example.com", "alice"] if candidate.chars() < 12 => {
                    Err(format!("Alice needs {} more.", 12 - candidate.chars()))
                }
                _ => Ok(()),
            });
    let messages = |typed: &str| {
        let password = Password::parse(typed).unwrap();
        policy
            .clone()
            .check(&password, &OWN)
            .map_err(|violations| violations.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    assert_eq!(messages("a-strong-one"), Ok(()));
    assert_eq!(
        messages("acme-zq7"),
        Err(vec!["Not our name.".into(), "Alice needs 4 more.".into()])
    );
    assert_eq!(messages("acme-alice-one"), Err(vec!["Not our name.".into()]));
    assert_eq!(messages("acme"), Err(vec![TooShort { min: 8 }.to_string()]));
}

#[test]
fn debug_redacts_candidate_and_rules() {
    let password = Password::parse("a-strong-one").unwrap();
    let candidate = Candidate::new(&password, &OWN);
    assert_eq!(format!("{candidate:?}"), "Candidate(..)");
    let policy = PasswordPolicy::default().validator(|_| Err("no"));
    assert!(format!("{policy:?}").contains("Validator(..)"));
}

/// Lists every password, and counts look-ups.
#[derive(Default)]
struct ListsAll(AtomicU32);

impl BreachService for ListsAll {
    async fn range(&self, prefix: &str) -> Result<String, BoxError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        // SHA-1 of `a-strong-one`.
        assert_eq!(prefix, "3280A");
        Ok("A1277ACA7593BE365D5088758694C1D5455:1".to_owned())
    }
}

#[tokio::test]
async fn the_breach_service_is_called_last() {
    let service = Arc::new(ListsAll::default());
    let policy =
        PasswordPolicy::default().breach_service(Arc::clone(&service)).validator(|candidate| {
            if candidate.text().contains("acme") { Err("Not our name.") } else { Ok(()) }
        });
    let judge = async |typed| policy.judge(&Password::parse(typed).unwrap(), &OWN).await;
    assert_eq!(judge("alice").await, Err(vec![TooShort { min: 8 }, RepeatsIdentifier]));
    assert!(judge("acme-strong-one").await.is_err());
    assert_eq!(service.0.load(Ordering::SeqCst), 0);
    assert_eq!(judge("a-strong-one").await, Err(vec![Breached]));
    assert_eq!(service.0.load(Ordering::SeqCst), 1);
}

#[test]
fn invalid_settings_are_rejected() {
    let default = PasswordPolicy::default;
    assert_eq!(default().validate(), []);
    for policy in [
        default().min_chars(7),
        default().min_chars(65),
        default().breach_time_limit(Duration::ZERO),
        default().breach_time_limit(Duration::from_secs(31)),
    ] {
        assert_eq!(policy.validate().len(), 1, "{policy:?}");
    }
}
