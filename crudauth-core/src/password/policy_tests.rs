//! What the policy promises.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

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
fn a_password_that_is_hard_to_guess_is_taken() {
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
fn a_short_one_is_refused() {
    for typed in ["", "zq7-fk2", "cafe\u{301}-fk", "\u{1f511}\u{1f40e}"] {
        assert_eq!(violations(typed, &OWN), [TooShort { min: 8 }], "{typed}");
    }
    let strict = PasswordPolicy::default().min_chars(15);
    let password = Password::parse("a-strong-one").unwrap();
    assert_eq!(strict.check(&password, &OWN), Err(vec![TooShort { min: 15 }]));
}

#[test]
fn a_common_one_is_refused_in_any_case() {
    for typed in ["password", "PassWord1", "12345678", "qwertyuiop", "\u{ff11}2345678"] {
        assert_eq!(violations(typed, &OWN), [Common], "{typed}");
    }
    let password = Password::parse("password").unwrap();
    assert_eq!(PasswordPolicy::default().allow_common().check(&password, &OWN), Ok(()));
}

#[test]
fn one_that_is_little_more_than_a_name_is_refused() {
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
fn every_broken_rule_is_told() {
    assert_eq!(violations("alice", &OWN), [TooShort { min: 8 }, RepeatsIdentifier]);
    assert_eq!(violations("a", &OWN), [TooShort { min: 8 }]);
}
#[test]
fn a_rule_of_the_apps_own_is_asked_once_all_others_hold_and_told_in_its_own_words() {
    let policy = PasswordPolicy::default()
        .validator(|candidate| match candidate.text().contains("acme") {
            true => Err("Not our name."),
            false => Ok(()),
        })
        .validator(|candidate| match candidate.identifiers() {
            ["alice@example.com", "alice"] if candidate.chars() < 12 => {
                Err(format!("Alice needs {} more.", 12 - candidate.chars()))
            }
            _ => Ok(()),
        });
    let said = |typed: &str| {
        let password = Password::parse(typed).unwrap();
        policy
            .clone()
            .check(&password, &OWN)
            .map_err(|violations| violations.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    assert_eq!(said("a-strong-one"), Ok(()));
    assert_eq!(said("acme-zq7"), Err(vec!["Not our name.".into(), "Alice needs 4 more.".into()]));
    assert_eq!(said("acme-alice-one"), Err(vec!["Not our name.".into()]));
    assert_eq!(said("acme"), Err(vec![TooShort { min: 8 }.to_string()]));
}

#[test]
fn a_candidate_and_a_policy_show_nothing() {
    let password = Password::parse("a-strong-one").unwrap();
    let candidate = Candidate::new(&password, &OWN);
    assert_eq!(format!("{candidate:?}"), "Candidate(redacted)");
    let policy = PasswordPolicy::default().validator(|_| Err("no"));
    assert!(format!("{policy:?}").contains("Validator(..)"));
}

/// Knows every password, and counts how often it was asked.
#[derive(Default)]
struct KnowsAll(AtomicU32);

impl BreachService for KnowsAll {
    async fn range(&self, prefix: &str) -> Result<String, BoxError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        // SHA-1 of `a-strong-one`.
        assert_eq!(prefix, "3280A");
        Ok("A1277ACA7593BE365D5088758694C1D5455:1".to_owned())
    }
}

#[tokio::test]
async fn a_breach_service_is_asked_once_all_else_holds() {
    let service = Arc::new(KnowsAll::default());
    let policy =
        PasswordPolicy::default().breach_service(Arc::clone(&service)).validator(|candidate| {
            match candidate.text().contains("acme") {
                true => Err("Not our name."),
                false => Ok(()),
            }
        });
    let judged = async |typed| policy.judge(&Password::parse(typed).unwrap(), &OWN).await;
    assert_eq!(judged("alice").await, Err(vec![TooShort { min: 8 }, RepeatsIdentifier]));
    assert!(judged("acme-strong-one").await.is_err());
    assert_eq!(service.0.load(Ordering::SeqCst), 0);
    assert_eq!(judged("a-strong-one").await, Err(vec![Breached]));
    assert_eq!(service.0.load(Ordering::SeqCst), 1);
}

#[test]
fn settings_that_cannot_be_right_are_told() {
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
