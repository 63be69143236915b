//! The scope policy of a mount: when it is called, and what happens if it fails.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed setup fails the test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::flow_tests::{config, issue, principal, refresh, tokens};
use super::*;
use crate::model::{Account, ClientInfo, Scopes};
use crate::principal::{Principal, ScopePolicy, ScopePolicyHandle};
use crate::store_error::StoreError;
use crate::testing_world::{Hooked, Person, Settings, World, worlds};

/// Grants `read` only, or everything if told so. It counts its calls, and can fail.
#[derive(Clone, Default)]
struct Roles {
    calls: Arc<AtomicUsize>,
    is_away: Arc<AtomicBool>,
    grants_all: Arc<AtomicBool>,
}

impl ScopePolicy<Person> for Roles {
    async fn grant(&self, _: &Account<Person>, requested: &Scopes) -> Result<Scopes, StoreError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if self.is_away.load(Ordering::SeqCst) {
            return Err(StoreError::failed("the roles are away"));
        }
        let grants_all = self.grants_all.load(Ordering::SeqCst);
        Ok(if grants_all { requested.clone() } else { Scopes::parse("read") })
    }
}

fn tokens_under(world: &World, policy: impl ScopePolicy<Person>) -> Arc<BearerTokens<Person>> {
    let all = Scopes::parse("read write");
    let bearer = BearerConfig::default().default_scopes(all.clone()).grantable_scopes(all);
    let scopes = ScopePolicyHandle::new(policy);
    world.slices_with(Settings { bearer, scopes, ..Settings::default() }).tokens
}

#[tokio::test]
async fn a_policy_that_fails_leaves_no_token_family() {
    for world in worlds().await {
        let roles = Roles::default();
        let tokens = tokens_under(&world, roles.clone());
        let ada = world.account("ada@example.com").await;
        let application = Principal::application(&ada);
        roles.is_away.store(true, Ordering::SeqCst);
        assert!(tokens.issue(&ada, None, ClientInfo::default()).await.is_err());
        assert!(tokens.list(&application).await.unwrap().is_empty());
        roles.is_away.store(false, Ordering::SeqCst);
        issue(&tokens, &ada).await;
        assert_eq!(tokens.list(&application).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_policy_is_not_asked_about_no_scopes() {
    let world = worlds().await.remove(0);
    let roles = Roles::default();
    let tokens = tokens_under(&world, roles.clone());
    let ada = world.account("ada@example.com").await;
    let none = Scopes::default();
    let issued = tokens.issue(&ada, Some(&none), ClientInfo::default()).await.unwrap();
    principal(&tokens, &issued.access).await.unwrap();
    assert_eq!(roles.calls.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_family_that_cannot_be_narrowed_is_removed() {
    for world in worlds().await {
        let ada = world.account("ada@example.com").await;
        let families = Hooked::failing(&world.families, "narrow");
        let failing = World { families, ..world.clone() };
        let tokens = tokens_under(&failing, Roles::default());
        assert!(tokens.issue(&ada, None, ClientInfo::default()).await.is_err());
        assert!(world.families.list(&ada, world.now()).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_policy_that_fails_does_not_consume_the_refresh_token() {
    for world in worlds().await {
        let roles = Roles::default();
        let tokens = tokens_under(&world, roles.clone());
        let ada = world.account("ada@example.com").await;
        let issued = issue(&tokens, &ada).await;
        roles.is_away.store(true, Ordering::SeqCst);
        let failed = refresh(&tokens, &issued.refresh).await;
        assert!(matches!(failed, Err(RefreshError::Store(_))), "{failed:?}");
        roles.is_away.store(false, Ordering::SeqCst);
        refresh(&tokens, &issued.refresh).await.unwrap();
    }
}

#[tokio::test]
async fn a_scope_denied_at_sign_in_is_not_granted_by_a_refresh() {
    for world in worlds().await {
        let roles = Roles::default();
        let tokens = tokens_under(&world, roles.clone());
        let ada = world.account("ada@example.com").await;
        let issued = issue(&tokens, &ada).await;
        assert_eq!(issued.scopes.to_string(), "read");
        let listed = tokens.list(&Principal::application(&ada)).await.unwrap();
        assert_eq!(listed[0].scopes.to_string(), "read");
        roles.grants_all.store(true, Ordering::SeqCst);
        let refreshed = refresh(&tokens, &issued.refresh).await.unwrap();
        assert_eq!(refreshed.scopes.to_string(), "read");
    }
}

#[tokio::test]
async fn a_scope_that_the_policy_withdraws_is_gone_at_the_next_request() {
    for world in worlds().await {
        let roles = Roles::default();
        roles.grants_all.store(true, Ordering::SeqCst);
        let tokens = tokens_under(&world, roles.clone());
        let ada = world.account("ada@example.com").await;
        let issued = issue(&tokens, &ada).await;
        assert_eq!(issued.scopes.to_string(), "read write");
        let calls = roles.calls.load(Ordering::SeqCst);
        roles.grants_all.store(false, Ordering::SeqCst);
        let principal = principal(&tokens, &issued.access).await.unwrap();
        assert_eq!(principal.scopes().to_string(), "read");
        assert_eq!(roles.calls.load(Ordering::SeqCst), calls + 1);
    }
}

#[tokio::test]
async fn a_scope_that_is_no_longer_grantable_is_gone_at_once() {
    for world in worlds().await {
        let ada = world.account("ada@example.com").await;
        let requested = Scopes::parse("read write");
        let before = tokens(&world, config());
        let issued = before.issue(&ada, Some(&requested), ClientInfo::default()).await.unwrap();
        assert_eq!(issued.scopes, requested);
        let narrow = BearerConfig { grantable_scopes: Some(Scopes::parse("read")), ..config() };
        let after = tokens(&world, narrow);
        let principal = principal(&after, &issued.access).await.unwrap();
        assert_eq!(principal.scopes().to_string(), "read");
    }
}

#[tokio::test]
async fn a_policy_cannot_grant_more_than_was_requested() {
    for world in worlds().await {
        let generous = |_: &Account<Person>, _: &Scopes| Scopes::parse("read write admin");
        let tokens = tokens_under(&world, generous);
        let ada = world.account("ada@example.com").await;
        let requested = Scopes::parse("write");
        let issued = tokens.issue(&ada, Some(&requested), ClientInfo::default()).await.unwrap();
        assert_eq!(issued.scopes.to_string(), "write");
        let refreshed = refresh(&tokens, &issued.refresh).await.unwrap();
        assert_eq!(refreshed.scopes.to_string(), "write");
    }
}
