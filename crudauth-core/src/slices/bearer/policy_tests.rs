#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::*;
use crate::model::{Account, Scopes};
use crate::ports::{ScopePolicy, StoreError};
use crate::slices::sessions::{Opening, Visitor};
use crate::testing_world::{Person, SECRET, World, entropy, keys, worlds};

/// Grants reading until it is told to be generous, counts how often it is asked, and can fail.
#[derive(Clone, Default)]
struct Roles {
    asked: Arc<AtomicUsize>,
    is_away: Arc<AtomicBool>,
    is_generous: Arc<AtomicBool>,
}

impl ScopePolicy<Person> for Roles {
    async fn grant(&self, _: &Account<Person>, asked: &Scopes) -> Result<Scopes, StoreError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.is_away.load(Ordering::SeqCst) {
            return Err(StoreError::failed("the roles are away"));
        }
        let is_generous = self.is_generous.load(Ordering::SeqCst);
        Ok(if is_generous { asked.clone() } else { Scopes::parse("read") })
    }
}

fn tokens(world: &World, roles: &Roles) -> Tokens<Person> {
    let all = Scopes::parse("read write");
    let config = BearerConfig::default().default_scopes(all.clone()).grantable_scopes(all);
    Tokens::new(world.grants.clone(), keys(SECRET, &[]), config, world.clock.clone(), entropy())
        .granting(Granting::by(roles.clone()))
}

#[tokio::test]
async fn who_gets_no_grant_is_not_told_by_what_the_policy_takes() {
    for world in worlds().await {
        let roles = Roles::default();
        roles.is_away.store(true, Ordering::SeqCst);
        let it = tokens(&world, &roles);
        let ada = world.person("ada@example.com", "hash").await;
        world.change_password(&ada).await;
        let refused = it.issue(&ada, None, Opening::default()).await;
        assert!(refused.unwrap().is_none(), "the store refuses, whatever the policy would say");
        assert_eq!(roles.asked.load(Ordering::SeqCst), 0);
    }
}

#[tokio::test]
async fn a_policy_that_fails_leaves_no_grant_behind() {
    for world in worlds().await {
        let roles = Roles::default();
        let it = tokens(&world, &roles);
        let ada = world.person("ada@example.com", "hash").await;
        roles.is_away.store(true, Ordering::SeqCst);
        assert!(it.issue(&ada, None, Opening::default()).await.is_err());
        assert!(it.list(Visitor::as_app(&ada)).await.unwrap().is_empty());
        roles.is_away.store(false, Ordering::SeqCst);
        assert!(it.issue(&ada, None, Opening::default()).await.unwrap().is_some());
        assert_eq!(it.list(Visitor::as_app(&ada)).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn what_was_denied_at_the_sign_in_comes_with_no_refresh() {
    for world in worlds().await {
        let roles = Roles::default();
        let it = tokens(&world, &roles);
        let ada = world.person("ada@example.com", "hash").await;
        let issued = it.issue(&ada, None, Opening::default()).await.unwrap().unwrap();
        assert_eq!(issued.scopes.to_string(), "read");
        let listed = it.list(Visitor::as_app(&ada)).await.unwrap();
        assert_eq!(listed[0].scopes.to_string(), "read");
        roles.is_generous.store(true, Ordering::SeqCst);
        let refreshed = it.refresh(issued.refresh.expose(), None, None).await.unwrap();
        assert_eq!(refreshed.issued.scopes.to_string(), "read");
    }
}
