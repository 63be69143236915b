//! Issuing, checking and refreshing tokens, on every database.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed setup fails the test")]

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::model::{Account, Checked, ClientInfo, Scopes};
use crate::principal::{AuthMethod, Principal, Role};
use crate::testing_world::{OTHER_SECRET, Person, SECRET, Settings, World, worlds};

pub(super) const MINUTE: Duration = Duration::from_mins(1);

pub(super) fn config() -> BearerConfig {
    BearerConfig {
        default_scopes: Scopes::parse("read"),
        grantable_scopes: Some(Scopes::parse("read write")),
        ..BearerConfig::default()
    }
}

pub(super) fn tokens(world: &World, config: BearerConfig) -> Arc<BearerTokens<Person>> {
    assert_eq!(config.validate(), []);
    world.slices_with(Settings { bearer: config, ..Settings::default() }).tokens
}

pub(super) async fn issue(tokens: &BearerTokens<Person>, account: &Account<Person>) -> Issued {
    tokens.issue(account, None, ClientInfo::default()).await.unwrap()
}

pub(super) async fn refresh(
    tokens: &BearerTokens<Person>,
    token: &RefreshToken,
) -> Result<Issued, RefreshError> {
    let client = ClientInfo::new(None, Some("agent".to_owned()));
    Ok(tokens.refresh(token.expose(), &client).await?.issued)
}

pub(super) async fn principal(
    tokens: &BearerTokens<Person>,
    token: &AccessToken,
) -> Option<Principal<Person>> {
    match tokens.authenticate(token.expose()).await.unwrap() {
        Checked::Valid(principal) => Some(principal),
        Checked::Expired => None,
        Checked::Malformed => panic!("an issued token was rejected as malformed"),
    }
}

pub(super) async fn is_valid(tokens: &BearerTokens<Person>, token: &AccessToken) -> bool {
    principal(tokens, token).await.is_some()
}

#[tokio::test]
async fn an_access_token_authenticates_its_owner_with_its_scopes() {
    for world in worlds().await {
        let tokens = tokens(&world, config());
        let ada = world.account("ada@example.com").await;
        let requested = tokens.requested_scopes(Some("write other write"));
        let client = ClientInfo::default();
        let issued = tokens.issue(&ada, requested.as_ref(), client).await.unwrap();
        assert_eq!(issued.scopes.to_string(), "write");
        assert_eq!(issued.expires_in, 15 * MINUTE);
        let principal = principal(&tokens, &issued.access).await.unwrap();
        assert_eq!(principal.user().id(), ada.user.id());
        assert_eq!(principal.scopes(), &issued.scopes);
        assert_eq!(principal.role(), Role::Owner);
        assert_eq!(principal.method(), AuthMethod::Bearer);
        assert_eq!(principal.family(), Some(issued.family));
        assert_eq!(principal.handle(), Some(&*issued.family.to_string()));
        assert_eq!(principal.signed_in_at(), Some(world.now()));
        world.clock.advance(15 * MINUTE);
        assert!(!is_valid(&tokens, &issued.access).await);
        assert!(!format!("{issued:?}").contains(issued.access.expose()));
    }
}

#[tokio::test]
async fn a_sign_in_that_requests_no_scopes_gets_the_default_ones() {
    for world in worlds().await {
        let tokens = tokens(&world, config());
        let ada = world.account("ada@example.com").await;
        assert_eq!(tokens.requested_scopes(Some(" ")), None);
        assert_eq!(issue(&tokens, &ada).await.scopes.to_string(), "read");
    }
}

#[tokio::test]
async fn a_second_use_of_a_refresh_token_revokes_its_family() {
    for world in worlds().await {
        let tokens = tokens(&world, config());
        let ada = world.account("ada@example.com").await;
        let first = issue(&tokens, &ada).await;
        let second = refresh(&tokens, &first.refresh).await.unwrap();
        assert_eq!(second.family, first.family);
        let third = refresh(&tokens, &second.refresh).await.unwrap();
        assert!(is_valid(&tokens, &third.access).await);
        let reused = refresh(&tokens, &first.refresh).await;
        assert!(matches!(reused, Err(RefreshError::Reused)), "{reused:?}");
        for issued in [&first, &second, &third] {
            assert!(!is_valid(&tokens, &issued.access).await);
            let ended = refresh(&tokens, &issued.refresh).await;
            assert!(matches!(ended, Err(RefreshError::Ended)), "{ended:?}");
        }
    }
}

#[tokio::test]
async fn a_second_use_revokes_no_other_family() {
    for world in worlds().await {
        let tokens = tokens(&world, config());
        let ada = world.account("ada@example.com").await;
        let stolen = issue(&tokens, &ada).await;
        let other = issue(&tokens, &ada).await;
        let first = refresh(&tokens, &stolen.refresh).await.unwrap();
        assert!(is_valid(&tokens, &stolen.access).await, "a refresh leaves older access tokens");
        assert!(refresh(&tokens, &stolen.refresh).await.is_err());
        assert!(!is_valid(&tokens, &stolen.access).await);
        assert!(!is_valid(&tokens, &first.access).await);
        assert!(is_valid(&tokens, &other.access).await);
        refresh(&tokens, &other.refresh).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_concurrent_uses_one_succeeds_and_the_others_revoke_the_family() {
    for world in worlds().await {
        let tokens = tokens(&world, config());
        let ada = world.account("ada@example.com").await;
        let issued = issue(&tokens, &ada).await;
        let successes = race(&tokens, &issued.refresh).await;
        assert_eq!(successes.len(), 1);
        assert!(!is_valid(&tokens, &issued.access).await);
        assert!(!is_valid(&tokens, &successes[0].access).await);
        let application = Principal::application(&ada);
        assert!(tokens.list(&application).await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn within_the_grace_period_64_concurrent_uses_get_the_same_successor() {
    for world in worlds().await {
        let tokens = tokens(&world, BearerConfig { grace: Some(MINUTE / 6), ..config() });
        let ada = world.account("ada@example.com").await;
        let issued = issue(&tokens, &ada).await;
        let successes = race(&tokens, &issued.refresh).await;
        assert_eq!(successes.len(), 64);
        let successor = successes[0].refresh.expose();
        assert!(successes.iter().all(|one| one.refresh.expose() == successor));
        world.clock.advance(MINUTE / 6);
        let late = refresh(&tokens, &issued.refresh).await;
        assert!(matches!(late, Err(RefreshError::Reused)), "{late:?}");
        assert!(!is_valid(&tokens, &successes[0].access).await);
    }
}

/// Refreshes 64 times at once with one token and returns the successes.
async fn race(tokens: &Arc<BearerTokens<Person>>, token: &RefreshToken) -> Vec<Issued> {
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let tokens = Arc::clone(tokens);
            let token = token.clone();
            tokio::spawn(async move { refresh(&tokens, &token).await })
        })
        .collect();
    let mut successes = Vec::new();
    for task in tasks {
        match task.await.unwrap() {
            Ok(issued) => successes.push(issued),
            Err(RefreshError::Store(error)) => panic!("{error:?}"),
            Err(_) => {}
        }
    }
    successes
}

#[tokio::test]
async fn a_used_successor_ends_the_grace_period() {
    for world in worlds().await {
        let tokens = tokens(&world, BearerConfig { grace: Some(MINUTE), ..config() });
        let ada = world.account("ada@example.com").await;
        let first = issue(&tokens, &ada).await;
        let second = refresh(&tokens, &first.refresh).await.unwrap();
        let third = refresh(&tokens, &second.refresh).await.unwrap();
        let reused = refresh(&tokens, &first.refresh).await;
        assert!(matches!(reused, Err(RefreshError::Reused)), "{reused:?}");
        assert!(!is_valid(&tokens, &third.access).await);
    }
}

#[tokio::test]
async fn each_refresh_token_has_the_full_lifetime_up_to_the_absolute_timeout() {
    for world in worlds().await {
        let lifetime = 60 * MINUTE;
        let config = BearerConfig {
            refresh_lifetime: lifetime,
            absolute_timeout: Some(2 * lifetime + MINUTE),
            ..config()
        };
        let tokens = tokens(&world, config);
        let ada = world.account("ada@example.com").await;
        let mut last = issue(&tokens, &ada).await;
        assert_eq!(last.refresh_expires_in, lifetime);
        for left in [lifetime, 2 * MINUTE] {
            world.clock.advance(lifetime - MINUTE / 2);
            last = refresh(&tokens, &last.refresh).await.unwrap();
            assert_eq!(last.refresh_expires_in, left);
        }
        assert_eq!(last.expires_in, 2 * MINUTE, "an access token does not outlive its family");
        world.clock.advance(2 * MINUTE);
        let ended = refresh(&tokens, &last.refresh).await;
        assert!(matches!(ended, Err(RefreshError::Ended)), "{ended:?}");
        assert_eq!(world.purge().await, 1);
    }
}

#[tokio::test]
async fn a_new_secret_of_the_app_signs_no_client_out() {
    for world in worlds().await {
        let ada = world.account("ada@example.com").await;
        let grace = || BearerConfig { grace: Some(MINUTE), ..config() };
        let issued = issue(&tokens(&world, grace()), &ada).await;
        let after = tokens(&world.with_keys(OTHER_SECRET, &[SECRET]), grace());
        assert!(is_valid(&after, &issued.access).await);
        let second = refresh(&after, &issued.refresh).await.unwrap();
        assert!(is_valid(&after, &second.access).await);
        let repeated = refresh(&after, &issued.refresh).await.unwrap();
        assert_eq!(repeated.refresh.expose(), second.refresh.expose());
        let without = tokens(&world.with_keys(OTHER_SECRET, &[]), grace());
        assert!(is_valid(&without, &second.access).await);
        refresh(&without, &second.refresh).await.unwrap();
        let old = without.authenticate(issued.access.expose()).await.unwrap();
        assert!(matches!(old, Checked::Malformed), "{old:?}");
    }
}
