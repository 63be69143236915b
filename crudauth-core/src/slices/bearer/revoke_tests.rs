//! Revocation of tokens: by their owner, by the limit of sign-ins, and by changes of the account.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed setup fails the test")]

use std::sync::Arc;

use super::flow_tests::{MINUTE, config, is_valid, issue, principal, refresh, tokens};
use super::*;
use crate::principal::{OwnerError, Principal, Role};
use crate::testing_world::{Hooked, World, worlds};

#[tokio::test]
async fn a_change_of_the_account_invalidates_its_tokens_at_once() {
    for world in worlds().await {
        let tokens = tokens(&world, config());
        let ada = world.account("ada@example.com").await;
        let eve = world.account("eve@example.com").await;
        let sam = world.account("sam@example.com").await;
        let of_ada = issue(&tokens, &ada).await;
        let of_eve = issue(&tokens, &eve).await;
        let of_sam = issue(&tokens, &sam).await;
        world.change_password(&ada).await;
        world.accounts.set_active(eve.user.id(), false, world.now()).await.unwrap();
        world.accounts.set_active(eve.user.id(), true, world.now()).await.unwrap();
        assert!(world.accounts.delete(sam.user.id()).await.unwrap());
        for issued in [of_ada, of_eve, of_sam] {
            assert!(!is_valid(&tokens, &issued.access).await);
            let ended = refresh(&tokens, &issued.refresh).await;
            assert!(matches!(ended, Err(RefreshError::Ended)), "{ended:?}");
        }
    }
}

#[tokio::test]
async fn tokens_issued_for_an_account_that_has_changed_are_invalid() {
    for world in worlds().await {
        let tokens = tokens(&world, config());
        let ada = world.account("ada@example.com").await;
        let changed = world.change_password(&ada).await;
        let late = issue(&tokens, &ada).await;
        assert!(!is_valid(&tokens, &late.access).await);
        let ended = refresh(&tokens, &late.refresh).await;
        assert!(matches!(ended, Err(RefreshError::Ended)), "{ended:?}");
        assert!(tokens.list(&Principal::application(&changed)).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn tokens_that_survive_in_the_store_are_bound_to_the_state_of_the_account() {
    for world in worlds().await {
        // A store in another place than the accounts misses their changes.
        let tokens = tokens(&world, config());
        let ada = world.account("ada@example.com").await;
        let issued = issue(&tokens, &ada).await;
        let stale = world.families.find(&issued.family, world.now()).await.unwrap().unwrap().0;
        let changed = world.change_password(&ada).await;
        let restored = store::NewTokenFamily {
            id: issued.family,
            account: ada.user.id,
            state: stale.state,
            token: stale.token,
            scopes: stale.scopes,
            client: Default::default(),
            created_at: stale.created_at,
            expires_at: stale.expires_at,
            ends_at: stale.ends_at,
        };
        world.families.insert(restored, 50).await.unwrap();
        assert!(!is_valid(&tokens, &issued.access).await);
        let ended = refresh(&tokens, &issued.refresh).await;
        assert!(matches!(ended, Err(RefreshError::Ended)), "{ended:?}");
        assert!(tokens.list(&Principal::application(&changed)).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_disabled_account_loses_its_tokens_for_good_at_their_next_use() {
    use sqlx::Executor as _;
    let (world, pool) = crate::testing_world::sqlite().await;
    let tokens = tokens(&world, config());
    let ada = world.account("ada@example.com").await;
    let issued = issue(&tokens, &ada).await;
    // As an admin tool that does not know the library would.
    pool.execute("UPDATE people SET is_active = FALSE").await.unwrap();
    assert!(!is_valid(&tokens, &issued.access).await);
    pool.execute("UPDATE people SET is_active = TRUE").await.unwrap();
    assert!(!is_valid(&tokens, &issued.access).await);
    assert_eq!(world.reloaded(&ada).await.state().version, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_during_a_change_of_password_yields_no_valid_token() {
    for world in worlds().await {
        let tokens = tokens(&world, config());
        let ada = world.account("ada@example.com").await;
        let mut before = Vec::new();
        for _ in 0..20 {
            before.push(issue(&tokens, &ada).await.refresh);
        }
        let mut tasks = Vec::new();
        for token in before {
            let tokens = Arc::clone(&tokens);
            tasks.push(tokio::spawn(async move { refresh(&tokens, &token).await }));
        }
        // The password changes when some refreshes are done and others are running.
        let mut refreshed = vec![tasks.remove(0).await.unwrap().unwrap()];
        world.change_password(&ada).await;
        for task in tasks {
            match task.await.unwrap() {
                Ok(issued) => refreshed.push(issued),
                Err(error) => assert!(matches!(error, RefreshError::Ended), "{error:?}"),
            }
        }
        for issued in refreshed {
            assert!(!is_valid(&tokens, &issued.access).await);
            let ended = refresh(&tokens, &issued.refresh).await;
            assert!(matches!(ended, Err(RefreshError::Ended)), "{ended:?}");
        }
    }
}

#[tokio::test]
async fn signing_out_revokes_the_family() {
    for world in worlds().await {
        let tokens = tokens(&world, config());
        let ada = world.account("ada@example.com").await;
        let first = issue(&tokens, &ada).await;
        let second = issue(&tokens, &ada).await;
        assert!(tokens.revoke_by_refresh_token(first.refresh.expose()).await.unwrap());
        assert!(!tokens.revoke_by_refresh_token(first.refresh.expose()).await.unwrap());
        assert!(!tokens.revoke_by_refresh_token("x").await.unwrap());
        assert!(!is_valid(&tokens, &first.access).await);
        let caller = principal(&tokens, &second.access).await.unwrap();
        tokens.sign_out(&caller).await.unwrap();
        assert!(!is_valid(&tokens, &second.access).await);
    }
}

#[tokio::test]
async fn an_owner_lists_and_revokes_only_families_of_the_own_account() {
    for world in worlds().await {
        let tokens = tokens(&world, config());
        let ada = world.account("ada@example.com").await;
        let eve = world.account("eve@example.com").await;
        let one = issue(&tokens, &ada).await;
        let two = issue(&tokens, &ada).await;
        let of_eve = issue(&tokens, &eve).await;
        let caller = principal(&tokens, &one.access).await.unwrap();
        let listed = tokens.list(&caller).await.unwrap();
        assert_eq!(listed.len(), 2);
        let current: Vec<_> = listed.iter().filter(|one| one.is_current).collect();
        assert_eq!(current.len(), 1);
        assert_eq!(current[0].handle, one.family);

        let handle = two.family;
        assert!(!tokens.revoke(&Principal::application(&eve), &handle).await.unwrap());
        assert!(is_valid(&tokens, &two.access).await);
        assert!(tokens.revoke(&caller, &handle).await.unwrap());
        assert!(!is_valid(&tokens, &two.access).await);
        assert!(!tokens.revoke(&caller, &handle).await.unwrap());

        assert_eq!(tokens.revoke_all(&caller).await.unwrap(), 1);
        assert!(!is_valid(&tokens, &one.access).await);
        assert!(is_valid(&tokens, &of_eve.access).await);
    }
}

#[tokio::test]
async fn a_program_neither_lists_nor_revokes_families() {
    for world in worlds().await {
        let tokens = tokens(&world, config());
        let ada = world.account("ada@example.com").await;
        let issued = issue(&tokens, &ada).await;
        let program = Principal::new(ada).in_role(Role::Program);
        let handle = issued.family;
        assert!(matches!(tokens.list(&program).await, Err(OwnerError::NotOwner)));
        assert!(matches!(tokens.revoke(&program, &handle).await, Err(OwnerError::NotOwner)));
        assert!(matches!(tokens.revoke_all(&program).await, Err(OwnerError::NotOwner)));
        assert!(is_valid(&tokens, &issued.access).await);
    }
}

#[tokio::test]
async fn a_sign_in_beyond_the_limit_ends_the_least_recently_used_one() {
    for world in worlds().await {
        let tokens = tokens(&world, BearerConfig { max_sign_ins: 2, ..config() });
        let ada = world.account("ada@example.com").await;
        let one = issue(&tokens, &ada).await;
        world.clock.advance(MINUTE);
        let two = issue(&tokens, &ada).await;
        world.clock.advance(MINUTE);
        let one = refresh(&tokens, &one.refresh).await.unwrap();
        world.clock.advance(MINUTE);
        let three = issue(&tokens, &ada).await;
        assert!(!is_valid(&tokens, &two.access).await);
        assert!(is_valid(&tokens, &one.access).await);
        assert!(is_valid(&tokens, &three.access).await);
    }
}

#[tokio::test]
async fn a_trusted_token_stays_valid_until_it_expires() {
    for world in worlds().await {
        let tokens = tokens(&world, BearerConfig { trust_until_expiry: true, ..config() });
        let ada = world.account("ada@example.com").await;
        let seen = issue(&tokens, &ada).await;
        let unseen = issue(&tokens, &ada).await;
        assert!(is_valid(&tokens, &seen.access).await);
        world.change_password(&ada).await;
        assert!(is_valid(&tokens, &seen.access).await);
        assert!(!is_valid(&tokens, &unseen.access).await);
        assert!(refresh(&tokens, &seen.refresh).await.is_err());
        world.clock.advance(15 * MINUTE);
        assert!(!is_valid(&tokens, &seen.access).await);
    }
}

#[tokio::test]
async fn a_failed_rotation_leaves_the_refresh_token_valid() {
    for world in worlds().await {
        let ada = world.account("ada@example.com").await;
        let intact = tokens(&world, config());
        let issued = issue(&intact, &ada).await;
        let families = Hooked::failing(&world.families, "rotate");
        let failing = tokens(&World { families, ..world.clone() }, config());
        let failed = refresh(&failing, &issued.refresh).await;
        assert!(matches!(failed, Err(RefreshError::Store(_))), "{failed:?}");
        refresh(&intact, &issued.refresh).await.unwrap();
    }
}
