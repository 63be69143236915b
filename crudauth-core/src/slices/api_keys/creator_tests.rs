//! Creators of API keys: a recent sign-in that is still valid, and no scopes beyond its own.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed setup fails the test")]

use std::time::Duration;

use super::*;
use crate::model::{Checked, ClientInfo};
use crate::principal::{Principal, Role};
use crate::slices::bearer::BearerConfig;
use crate::testing_world::{Hooked, Person, Settings, Slices, World, worlds};

fn slices(world: &World) -> Slices {
    let scopes = Scopes::parse("read write");
    world.slices_with(Settings {
        api_keys: ApiKeyConfig::default().grantable_scopes(scopes.clone()),
        bearer: BearerConfig::default().grantable_scopes(scopes),
        ..Settings::default()
    })
}

async fn count(world: &World, account: &Account<Person>) -> usize {
    world.api_keys.list(account, world.now()).await.unwrap().len()
}

#[tokio::test]
async fn only_a_recent_sign_in_creates_keys() {
    for world in worlds().await {
        let slices = slices(&world);
        let ada = world.account("ada@example.com").await;
        let session = slices.open_session(&ada).await.1;
        let bearer = slices.issue_tokens(&ada).await.1;
        let unknown = Principal::new(ada.clone()).in_role(Role::Owner);
        world.clock.advance(Duration::from_mins(10));
        for caller in [&session, &bearer] {
            slices.api_keys.create(caller, &NewApiKey::named("k")).await.unwrap();
        }
        world.clock.advance(Duration::from_millis(1));
        for caller in [&session, &bearer, &unknown] {
            let refused = slices.api_keys.create(caller, &NewApiKey::named("k")).await;
            assert!(matches!(refused, Err(ApiKeyError::NotFresh(_))), "{refused:?}");
        }
        assert_eq!(count(&world, &ada).await, 2);
    }
}

#[tokio::test]
async fn a_token_creates_no_key_with_a_scope_beyond_its_own() {
    for world in worlds().await {
        let slices = slices(&world);
        let ada = world.account("ada@example.com").await;
        let wanted = NewApiKey::named("k").scopes(Scopes::parse("read write"));
        let requested = Scopes::parse("read");
        let client = ClientInfo::default();
        let issued = slices.tokens.issue(&ada, Some(&requested), client).await.unwrap();
        let checked = slices.tokens.authenticate(issued.access.expose()).await.unwrap();
        let Checked::Valid(bearer) = checked else { panic!("{checked:?}") };
        let by_token = slices.api_keys.create(&bearer, &wanted).await.unwrap();
        assert_eq!(by_token.key.scopes.to_string(), "read");
        let session = slices.open_session(&ada).await.1;
        let by_session = slices.api_keys.create(&session, &wanted).await.unwrap();
        assert_eq!(by_session.key.scopes.to_string(), "read write");
    }
}

#[tokio::test]
async fn a_revoked_credential_creates_no_key() {
    for world in worlds().await {
        let slices = slices(&world);
        let ada = world.account("ada@example.com").await;
        let session = slices.open_session(&ada).await.1;
        let bearer = slices.issue_tokens(&ada).await.1;
        slices.sessions.sign_out(&session).await.unwrap();
        slices.tokens.sign_out(&bearer).await.unwrap();
        for caller in [&session, &bearer] {
            let refused = slices.api_keys.create(caller, &NewApiKey::named("k")).await;
            assert!(matches!(refused, Err(ApiKeyError::Ended)), "{refused:?}");
        }
        assert_eq!(count(&world, &ada).await, 0);
    }
}

#[tokio::test]
async fn a_password_that_changes_right_before_the_insert_prevents_the_key() {
    for world in worlds().await {
        let ada = world.account("ada@example.com").await;
        let inner = world.clone();
        let owner = ada.clone();
        let api_keys = Hooked::before(&world.api_keys, "insert", move || {
            let inner = inner.clone();
            let owner = owner.clone();
            async move {
                inner.change_password(&owner).await;
            }
        });
        let slices = slices(&World { api_keys, ..world.clone() });
        let session = slices.open_session(&ada).await.1;
        let refused = slices.api_keys.create(&session, &NewApiKey::named("k")).await;
        assert!(matches!(refused, Err(ApiKeyError::Ended)), "{refused:?}");
        assert_eq!(count(&world, &world.reloaded(&ada).await).await, 0);
    }
}
