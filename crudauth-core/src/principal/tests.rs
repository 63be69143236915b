//! Roles, freshness and scopes of a principal.

use super::*;
use crate::testing_world::Person;

const MAX_AGE: Duration = Duration::from_secs(600);
const ROLES: [Role; 3] = [Role::Application, Role::Owner, Role::Program];

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(1000)
}

fn principal(role: Role) -> Principal<Person> {
    Principal::new(Person::unsaved("ada@example.com")).in_role(role)
}

#[test]
fn a_sign_in_is_recent_only_within_its_maximum_age() {
    let minutes = |n| now() + TimeDelta::minutes(n);
    for (at, expected) in [(-11, false), (-10, true), (0, true), (1, true), (2, false)] {
        assert_eq!(is_recent(minutes(at), MAX_AGE, now()), expected, "{at}");
    }
    assert!(!is_recent(now(), Duration::ZERO, now()));
    assert!(is_recent(DateTime::<Utc>::MIN_UTC, Duration::MAX, now()));
}

#[test]
fn the_application_is_always_fresh_and_a_program_never() {
    for signed_in_at in [now(), now() - TimeDelta::days(1)] {
        let is_fresh = ROLES.map(|role| {
            principal(role).with_sign_in(signed_in_at).check_fresh(MAX_AGE, now()).is_ok()
        });
        assert_eq!(is_fresh, [true, signed_in_at == now(), false]);
    }
    // With zero no sign-in is recent.
    let is_fresh = ROLES
        .map(|role| principal(role).with_sign_in(now()).check_fresh(Duration::ZERO, now()).is_ok());
    assert_eq!(is_fresh, [true, false, false]);
}

#[test]
fn an_unknown_sign_in_is_too_old() {
    let is_fresh = ROLES.map(|role| principal(role).check_fresh(Duration::MAX, now()).is_ok());
    assert_eq!(is_fresh, [true, false, false]);
}

#[test]
fn only_a_session_and_the_application_pass_on_every_scope() {
    let scopes = Scopes::parse("read");
    let owner = principal(Role::Owner).with_scopes(scopes.clone());
    let session = owner.clone().by_method(AuthMethod::Session);
    assert_eq!(session.scope_limit(), None);
    let account = Person::unsaved("ada@example.com");
    assert_eq!(Principal::application(&account).scope_limit(), None);
    for method in [AuthMethod::Bearer, AuthMethod::ApiKey, AuthMethod::Other("own")] {
        let limited = owner.clone().by_method(method);
        assert_eq!(limited.scope_limit(), Some(&scopes), "{method:?}");
    }
    // A token without scopes passes none on.
    let bare = principal(Role::Owner).by_method(AuthMethod::Bearer);
    assert_eq!(bare.scope_limit(), Some(&Scopes::default()));
}

#[test]
fn only_a_program_does_not_own_the_account() {
    let is_owned = ROLES.map(|role| principal(role).owned_account().is_ok());
    assert_eq!(is_owned, [true, true, false]);
    let refused = principal(Role::Program).owned_account().map(drop);
    assert!(matches!(refused, Err(OwnerError::NotOwner)), "{refused:?}");
}

#[test]
fn a_transport_of_the_app_yields_a_program_without_scopes() {
    let principal = Principal::new(Person::unsaved("ada@example.com"));
    assert_eq!(principal.role(), Role::Program);
    assert!(principal.scopes().is_empty());
    assert_eq!(principal.signed_in_at(), None);
    assert!(principal.session().is_none());
    assert_eq!(principal.family(), None);
}

#[test]
fn a_method_and_the_name_of_its_transport_correspond() {
    let own = [
        AuthMethod::Session,
        AuthMethod::Bearer,
        AuthMethod::ApiKey,
        AuthMethod::Other("application"),
        AuthMethod::Other("own"),
    ];
    for method in own {
        assert_eq!(AuthMethod::of(method.as_str()), method);
    }
}

#[test]
fn a_sign_in_ends_at_the_earlier_of_two_limits() {
    let hour = Duration::from_hours(1);
    let stored = now() + TimeDelta::minutes(30);
    assert_eq!(absolute_expiry(now(), None, None), None);
    assert_eq!(absolute_expiry(now(), None, Some(hour)), Some(now() + hour));
    assert_eq!(absolute_expiry(now(), Some(stored), Some(hour)), Some(stored));
    let later = now() + TimeDelta::hours(2);
    assert_eq!(absolute_expiry(now(), Some(later), Some(hour)), Some(now() + hour));
}

#[test]
fn debug_shows_no_identifier_of_the_account() {
    let shown = format!("{:?}", principal(Role::Owner));
    assert!(!shown.contains("ada@example.com"), "{shown}");
}
