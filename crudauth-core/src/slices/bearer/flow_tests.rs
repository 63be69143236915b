#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::model::{Account, Checked, Scopes};
use crate::slices::sessions::{Opening, Visitor};
use crate::testing_world::{Person, SECRET, World, entropy, keys, worlds};

const OTHER: &str = "another secret of more than 32 bytes!";
const MINUTE: Duration = Duration::from_secs(60);

fn config() -> BearerConfig {
    BearerConfig {
        default_scopes: Scopes::parse("read"),
        grantable_scopes: Some(Scopes::parse("read write")),
        ..BearerConfig::default()
    }
}

fn tokens(world: &World, config: BearerConfig) -> Arc<Tokens<Person>> {
    with_keys(world, config, keys(SECRET, &[]))
}

fn with_keys(world: &World, config: BearerConfig, ring: KeyRing) -> Arc<Tokens<Person>> {
    assert_eq!(config.validate(), []);
    Arc::new(Tokens::new(world.grants.clone(), ring, config, world.clock.clone(), entropy()))
}

async fn issue(it: &Tokens<Person>, account: &Account<Person>) -> Issued {
    it.issue(account, None, Opening::default()).await.unwrap().unwrap()
}

async fn refresh(it: &Tokens<Person>, token: &RefreshToken) -> Result<Issued, RefreshError> {
    let refreshed = it.refresh(token.expose(), None, Some("agent")).await;
    refreshed.map(|refreshed| refreshed.issued)
}

async fn is_live(it: &Tokens<Person>, token: &AccessToken) -> bool {
    match it.authenticate(token.expose()).await.unwrap() {
        Checked::Valid(_) => true,
        Checked::Expired => false,
        Checked::Malformed => panic!("a token of ours"),
    }
}

#[tokio::test]
async fn a_token_tells_whose_it_is_and_what_it_may() {
    for world in worlds().await {
        let it = tokens(&world, config());
        let ada = world.person("ada@example.com", "hash").await;
        let asked = it.asked(Some("write other write"));
        let issued = it.issue(&ada, asked.as_ref(), Opening::default()).await.unwrap().unwrap();
        assert_eq!(issued.scopes.to_string(), "write");
        assert_eq!(issued.expires_in, 15 * MINUTE);
        let outcome = it.authenticate(issued.access.expose()).await.unwrap();
        let Checked::Valid(visit) = outcome else { panic!("{outcome:?}") };
        assert_eq!(visit.account.user.id(), ada.user.id());
        assert_eq!(visit.scopes, issued.scopes);
        assert_eq!(visit.grant, issued.grant);
        assert_eq!(issue(&it, &ada).await.scopes.to_string(), "read", "the default");
        world.clock.advance(15 * MINUTE);
        assert!(!is_live(&it, &issued.access).await);
        assert!(!format!("{issued:?}").contains(issued.access.expose()));
    }
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_using_it_again_ends_its_family() {
    for world in worlds().await {
        let it = tokens(&world, config());
        let ada = world.person("ada@example.com", "hash").await;
        let first = issue(&it, &ada).await;
        let second = refresh(&it, &first.refresh).await.unwrap();
        assert_eq!(second.grant, first.grant);
        let third = refresh(&it, &second.refresh).await.unwrap();
        assert!(is_live(&it, &third.access).await);
        let again = refresh(&it, &first.refresh).await;
        assert!(matches!(again, Err(RefreshError::Reused)), "{again:?}");
        for issued in [&first, &second, &third] {
            assert!(!is_live(&it, &issued.access).await);
            let again = refresh(&it, &issued.refresh).await;
            assert!(matches!(again, Err(RefreshError::Ended)), "{again:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_uses_at_once_at_most_one_succeeds() {
    for world in worlds().await {
        let it = tokens(&world, config());
        let ada = world.person("ada@example.com", "hash").await;
        let issued = issue(&it, &ada).await;
        let done = race(&it, &issued.refresh).await;
        assert_eq!(done.len(), 1, "one wins, and the others end the family");
        assert!(!is_live(&it, &issued.access).await);
        assert!(it.list(Visitor::as_app(&ada)).await.unwrap().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn within_grace_64_uses_at_once_get_the_same_successor() {
    for world in worlds().await {
        let it = tokens(&world, BearerConfig { grace: MINUTE / 6, ..config() });
        let ada = world.person("ada@example.com", "hash").await;
        let issued = issue(&it, &ada).await;
        let done = race(&it, &issued.refresh).await;
        assert_eq!(done.len(), 64);
        let successor = done[0].refresh.expose();
        assert!(done.iter().all(|one| one.refresh.expose() == successor));
        world.clock.advance(MINUTE / 6);
        let late = refresh(&it, &issued.refresh).await;
        assert!(matches!(late, Err(RefreshError::Reused)), "{late:?}");
        assert!(!is_live(&it, &done[0].access).await);
    }
}

async fn race(it: &Arc<Tokens<Person>>, token: &RefreshToken) -> Vec<Issued> {
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let (it, token) = (Arc::clone(it), token.clone());
            tokio::spawn(async move { refresh(&it, &token).await })
        })
        .collect();
    let mut done = Vec::new();
    for task in tasks {
        match task.await.unwrap() {
            Ok(issued) => done.push(issued),
            Err(RefreshError::Store(error)) => panic!("{error:?}"),
            Err(_) => {}
        }
    }
    done
}

#[tokio::test]
async fn within_grace_a_token_whose_successor_was_used_still_ends_the_family() {
    for world in worlds().await {
        let it = tokens(&world, BearerConfig { grace: MINUTE, ..config() });
        let ada = world.person("ada@example.com", "hash").await;
        let first = issue(&it, &ada).await;
        let second = refresh(&it, &first.refresh).await.unwrap();
        refresh(&it, &second.refresh).await.unwrap();
        let again = refresh(&it, &first.refresh).await;
        assert!(matches!(again, Err(RefreshError::Reused)), "{again:?}");
    }
}

#[tokio::test]
async fn of_an_owner_and_a_thief_the_second_to_come_ends_what_the_first_has_got() {
    for world in worlds().await {
        let it = tokens(&world, config());
        let ada = world.person("ada@example.com", "hash").await;
        let (stolen, other) = (issue(&it, &ada).await, issue(&it, &ada).await);
        // Which of the two came first, nobody can tell.
        let first = refresh(&it, &stolen.refresh).await.unwrap();
        assert!(is_live(&it, &stolen.access).await && is_live(&it, &first.access).await);
        let second = refresh(&it, &stolen.refresh).await;
        assert!(matches!(second, Err(RefreshError::Reused)), "{second:?}");
        assert!(!is_live(&it, &stolen.access).await && !is_live(&it, &first.access).await);
        let again = refresh(&it, &first.refresh).await;
        assert!(matches!(again, Err(RefreshError::Ended)), "{again:?}");
        assert!(is_live(&it, &other.access).await, "another sign-in is another matter");
        refresh(&it, &other.refresh).await.unwrap();
    }
}

#[tokio::test]
async fn what_ends_an_account_s_credentials_ends_its_tokens_at_once() {
    for world in worlds().await {
        let it = tokens(&world, config());
        let (ada, eve, sam) = (
            world.person("ada@example.com", "hash").await,
            world.person("eve@example.com", "hash").await,
            world.person("sam@example.com", "hash").await,
        );
        let (of_ada, of_eve, of_sam) =
            (issue(&it, &ada).await, issue(&it, &eve).await, issue(&it, &sam).await);
        world.change_password(&ada).await;
        world.accounts.set_active(eve.user.id(), false, world.now()).await.unwrap();
        world.accounts.set_active(eve.user.id(), true, world.now()).await.unwrap();
        assert!(world.accounts.delete(sam.user.id()).await.unwrap());
        for issued in [of_ada, of_eve, of_sam] {
            assert!(!is_live(&it, &issued.access).await);
            assert!(matches!(refresh(&it, &issued.refresh).await, Err(RefreshError::Ended)));
        }
        let late = it.issue(&ada, None, Opening::default()).await.unwrap();
        assert!(late.is_none(), "the account has changed since it was read");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_beside_a_change_of_password_saves_no_token() {
    for world in worlds().await {
        let it = tokens(&world, config());
        let ada = world.person("ada@example.com", "hash").await;
        let mut before = Vec::new();
        for _ in 0..20 {
            before.push(issue(&it, &ada).await.refresh);
        }
        let refreshing = before.into_iter().map(|token| {
            let it = Arc::clone(&it);
            tokio::spawn(async move { refresh(&it, &token).await })
        });
        let mut refreshing = refreshing.collect::<Vec<_>>().into_iter();
        // The change comes when some are through and others are in the middle of it.
        let mut refreshed = vec![refreshing.next().unwrap().await.unwrap().unwrap()];
        world.change_password(&ada).await;
        for task in refreshing {
            match task.await.unwrap() {
                Ok(issued) => refreshed.push(issued),
                Err(error) => assert!(matches!(error, RefreshError::Ended), "{error:?}"),
            }
        }
        for issued in refreshed {
            assert!(!is_live(&it, &issued.access).await);
            let again = refresh(&it, &issued.refresh).await;
            assert!(matches!(again, Err(RefreshError::Ended)), "{again:?}");
        }
    }
}

#[tokio::test]
async fn logging_out_and_revoking_end_the_family() {
    for world in worlds().await {
        let it = tokens(&world, config());
        let ada = world.person("ada@example.com", "hash").await;
        let eve = world.person("eve@example.com", "hash").await;
        let [one, two, three, four] = [
            issue(&it, &ada).await,
            issue(&it, &ada).await,
            issue(&it, &ada).await,
            issue(&it, &ada).await,
        ];
        assert!(it.end(one.refresh.expose()).await.unwrap());
        assert!(!it.end(one.refresh.expose()).await.unwrap());
        assert!(!it.end("x").await.unwrap());
        assert!(!is_live(&it, &one.access).await);
        assert_eq!(it.list(Visitor::as_app(&ada)).await.unwrap().len(), 3);

        assert!(
            !it.revoke(Visitor::as_app(&eve), &two.grant.to_string()).await.unwrap(),
            "Eve's it is not"
        );
        assert!(
            !it.revoke(Visitor::as_app(&ada), &two.grant.to_string().to_uppercase()).await.unwrap()
        );
        assert!(it.revoke(Visitor::as_app(&ada), &two.grant.to_string()).await.unwrap());
        assert!(!is_live(&it, &two.access).await);

        assert!(is_live(&it, &three.access).await);
        assert_eq!(it.revoke_all(Visitor::as_app(&ada)).await.unwrap(), 2);
        assert!(!is_live(&it, &three.access).await && !is_live(&it, &four.access).await);
    }
}

#[tokio::test]
async fn a_sign_in_beyond_the_cap_ends_the_least_recently_used() {
    for world in worlds().await {
        let it = tokens(&world, BearerConfig { max_sign_ins: 2, ..config() });
        let ada = world.person("ada@example.com", "hash").await;
        let one = issue(&it, &ada).await;
        world.clock.advance(MINUTE);
        let two = issue(&it, &ada).await;
        world.clock.advance(MINUTE);
        let one = refresh(&it, &one.refresh).await.unwrap();
        world.clock.advance(MINUTE);
        let three = issue(&it, &ada).await;
        assert!(!is_live(&it, &two.access).await);
        assert!(is_live(&it, &one.access).await && is_live(&it, &three.access).await);
    }
}

#[tokio::test]
async fn each_refresh_token_lives_as_long_again_until_the_end() {
    for world in worlds().await {
        let lifetime = 60 * MINUTE;
        let it = tokens(
            &world,
            BearerConfig {
                refresh_lifetime: lifetime,
                absolute_timeout: Some(2 * lifetime + MINUTE),
                ..config()
            },
        );
        let ada = world.person("ada@example.com", "hash").await;
        let mut last = issue(&it, &ada).await;
        assert_eq!(last.refresh_expires_in, lifetime);
        for left in [lifetime, 2 * MINUTE] {
            world.clock.advance(lifetime - MINUTE / 2);
            last = refresh(&it, &last.refresh).await.unwrap();
            assert_eq!(last.refresh_expires_in, left);
        }
        assert_eq!(last.expires_in, 2 * MINUTE, "not beyond what it stands on");
        world.clock.advance(2 * MINUTE);
        assert!(matches!(refresh(&it, &last.refresh).await, Err(RefreshError::Ended)));
        assert_eq!(world.grants.purge_grants(world.now(), 10).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn what_is_no_longer_grantable_is_gone_at_once_and_what_the_policy_takes_at_a_refresh() {
    for world in worlds().await {
        let ada = world.person("ada@example.com", "hash").await;
        let before = tokens(&world, config());
        let asked = Scopes::parse("read write");
        let issued = before.issue(&ada, Some(&asked), Opening::default()).await.unwrap().unwrap();
        assert_eq!(issued.scopes, asked);

        let narrow = BearerConfig { grantable_scopes: Some(Scopes::parse("read")), ..config() };
        let after = tokens(&world, narrow);
        let outcome = after.authenticate(issued.access.expose()).await.unwrap();
        let Checked::Valid(visit) = outcome else { panic!("{outcome:?}") };
        assert_eq!(visit.scopes.to_string(), "read");

        let policy = |_: &Account<Person>, _: &Scopes| Scopes::parse("write admin");
        let strict = Tokens::new(
            world.grants.clone(),
            keys(SECRET, &[]),
            config(),
            world.clock.clone(),
            entropy(),
        );
        let strict = strict.granting(Granting::by(policy));
        let refreshed = refresh(&strict, &issued.refresh).await.unwrap();
        assert_eq!(refreshed.scopes.to_string(), "write");
    }
}

#[tokio::test]
async fn a_new_secret_of_the_app_signs_nobody_out() {
    for world in worlds().await {
        let ada = world.person("ada@example.com", "hash").await;
        let grace = || BearerConfig { grace: MINUTE, ..config() };
        let issued = issue(&tokens(&world, grace()), &ada).await;
        let after = with_keys(&world, grace(), keys(OTHER, &[SECRET]));
        assert!(is_live(&after, &issued.access).await);
        let second = refresh(&after, &issued.refresh).await.unwrap();
        assert!(is_live(&after, &second.access).await);
        let late = refresh(&after, &issued.refresh).await.unwrap();
        assert_eq!(late.refresh.expose(), second.refresh.expose());
        let without = with_keys(&world, grace(), keys(OTHER, &[]));
        assert!(is_live(&without, &second.access).await);
        refresh(&without, &second.refresh).await.unwrap();
        let old = without.authenticate(issued.access.expose()).await.unwrap();
        assert!(matches!(old, Checked::Malformed));
    }
}

#[tokio::test]
async fn trusted_tokens_outlive_everything_but_their_time() {
    for world in worlds().await {
        let it = tokens(&world, BearerConfig { trust_until_expiry: true, ..config() });
        let ada = world.person("ada@example.com", "hash").await;
        let (seen, unseen) = (issue(&it, &ada).await, issue(&it, &ada).await);
        assert!(is_live(&it, &seen.access).await);
        world.change_password(&ada).await;
        assert!(is_live(&it, &seen.access).await, "as the setting says");
        assert!(!is_live(&it, &unseen.access).await);
        assert!(refresh(&it, &seen.refresh).await.is_err());
        world.clock.advance(15 * MINUTE);
        assert!(!is_live(&it, &seen.access).await);
    }
}
