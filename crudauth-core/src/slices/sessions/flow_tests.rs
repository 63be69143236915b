//! Opening, checking and revoking sessions, on every database.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed setup fails the test")]

use std::time::Duration;

use super::*;
use crate::model::{ClientInfo, SessionToken};
use crate::principal::{AuthMethod, Principal, Role};
use crate::testing_world::{Hooked, Person, Settings, Slices, World, sqlite, worlds};

const MINUTE: Duration = Duration::from_mins(1);

fn slices(world: &World, config: SessionConfig) -> Slices {
    assert_eq!(config.validate(), []);
    world.slices_with(Settings { sessions: config, ..Settings::default() })
}

async fn authenticate(slices: &Slices, token: &SessionToken) -> Option<Principal<Person>> {
    slices.sessions.authenticate(token).await.unwrap()
}

async fn is_valid(slices: &Slices, opened: &OpenedSession) -> bool {
    authenticate(slices, &opened.token).await.is_some()
}

#[tokio::test]
async fn a_session_authenticates_its_owner() {
    for world in worlds().await {
        let slices = world.slices();
        let ada = world.account("ada@example.com").await;
        let (opened, principal) = slices.open_session(&ada).await;
        assert_eq!(principal.user().id(), ada.user.id());
        assert_eq!(principal.method(), AuthMethod::Session);
        assert_eq!(principal.role(), Role::Owner);
        assert_eq!(principal.signed_in_at(), Some(world.now()));
        assert_eq!(principal.handle(), Some(opened.handle.as_str()));
        assert!(authenticate(&slices, &SessionToken::generate()).await.is_none());
    }
}

#[tokio::test]
async fn a_session_ends_when_it_idles_and_use_extends_it() {
    for world in worlds().await {
        let slices = slices(&world, SessionConfig::default().idle_timeout(10 * MINUTE));
        let ada = world.account("ada@example.com").await;
        let idle = slices.open_session(&ada).await.0;
        let used = slices.open_session(&ada).await.0;
        world.clock.advance(9 * MINUTE);
        assert!(is_valid(&slices, &used).await);
        world.clock.advance(MINUTE);
        assert!(!is_valid(&slices, &idle).await);
        assert!(is_valid(&slices, &used).await);
        assert_eq!(world.sessions.purge(world.now(), 10).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn a_session_is_extended_at_most_once_a_minute() {
    for world in worlds().await {
        let slices = world.slices();
        let ada = world.account("ada@example.com").await;
        let opened = slices.open_session(&ada).await.0;
        let mut extensions = Vec::new();
        for _ in 0..4 {
            world.clock.advance(MINUTE / 2);
            let principal = authenticate(&slices, &opened.token).await.unwrap();
            extensions.push(principal.session().unwrap().was_extended());
        }
        assert_eq!(extensions, [false, true, false, true]);
    }
}

#[tokio::test]
async fn a_session_ends_at_its_absolute_timeout_even_if_that_is_set_later() {
    for world in worlds().await {
        let ada = world.account("ada@example.com").await;
        let limited = slices(&world, SessionConfig::default().absolute_timeout(40 * MINUTE));
        let unlimited = world.slices();
        let early = limited.open_session(&ada).await.0;
        let endless = unlimited.open_session(&ada).await.0;
        let principal = authenticate(&limited, &early.token).await.unwrap();
        let end = principal.session().unwrap().ends_at();
        assert_eq!(end, Some(world.now() + 40 * MINUTE));
        for _ in 0..2 {
            world.clock.advance(19 * MINUTE);
            assert!(is_valid(&limited, &early).await);
            assert!(is_valid(&unlimited, &endless).await);
        }
        world.clock.advance(2 * MINUTE);
        assert!(!is_valid(&unlimited, &early).await, "the limit is stored with the session");
        assert!(is_valid(&unlimited, &endless).await);
        assert!(!is_valid(&limited, &endless).await, "a later limit ends older sessions");
        assert!(!is_valid(&unlimited, &endless).await, "an ended session is removed");
    }
}

#[tokio::test]
async fn a_session_beyond_the_limit_ends_the_least_recently_active_one() {
    for world in worlds().await {
        let slices = slices(&world, SessionConfig::default().max_sessions(2));
        let ada = world.account("ada@example.com").await;
        let eve = world.account("eve@example.com").await;
        let of_eve = slices.open_session(&eve).await.0;
        let one = slices.open_session(&ada).await.0;
        world.clock.advance(MINUTE);
        let two = slices.open_session(&ada).await.0;
        world.clock.advance(MINUTE);
        assert!(is_valid(&slices, &one).await, "the use counts as activity");
        let three = slices.open_session(&ada).await.0;
        assert!(!is_valid(&slices, &two).await);
        assert!(is_valid(&slices, &one).await);
        assert!(is_valid(&slices, &three).await);
        assert!(is_valid(&slices, &of_eve).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_sign_ins_do_not_pass_the_limit() {
    for world in worlds().await {
        let slices = Arc::new(slices(&world, SessionConfig::default().max_sessions(3)));
        let ada = world.account("ada@example.com").await;
        let mut tasks = Vec::new();
        for _ in 0..20 {
            let slices = Arc::clone(&slices);
            let ada = ada.clone();
            tasks.push(tokio::spawn(async move {
                let client = ClientInfo::default();
                slices.sessions.open(&ada, client, false, &[]).await.unwrap();
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        let sessions = world.sessions.list(ada.user.id(), world.now()).await.unwrap();
        assert!((1..=3).contains(&sessions.len()), "{}", sessions.len());
    }
}

#[tokio::test]
async fn a_limit_that_cannot_be_enforced_leaves_no_new_session() {
    use sqlx::Executor as _;
    let (world, pool) = sqlite().await;
    let slices = slices(&world, SessionConfig::default().max_sessions(1));
    let ada = world.account("ada@example.com").await;
    let former = slices.open_session(&ada).await.0;
    // The second statement of the next insert fails, its compensation does not.
    let trigger = "CREATE TRIGGER keep BEFORE DELETE ON people_sessions WHEN OLD.user_agent IS NULL \
        BEGIN SELECT RAISE(ABORT, 'kept'); END";
    pool.execute(trigger).await.unwrap();
    let client = ClientInfo::new(None, Some("agent".to_owned()));
    assert!(slices.sessions.open(&ada, client, false, &[]).await.is_err());
    let left = world.sessions.list(ada.user.id(), world.now()).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].handle(), former.handle);
}

#[tokio::test]
async fn a_change_of_the_account_invalidates_its_sessions() {
    for world in worlds().await {
        let slices = world.slices();
        let ada = world.account("ada@example.com").await;
        let eve = world.account("eve@example.com").await;
        let sam = world.account("sam@example.com").await;
        let of_ada = slices.open_session(&ada).await.0;
        let of_eve = slices.open_session(&eve).await.0;
        let of_sam = slices.open_session(&sam).await.0;
        world.change_password(&ada).await;
        world.accounts.set_active(eve.user.id(), false, world.now()).await.unwrap();
        world.accounts.set_active(eve.user.id(), true, world.now()).await.unwrap();
        world.accounts.delete(sam.user.id()).await.unwrap();
        for opened in [of_ada, of_eve, of_sam] {
            assert!(!is_valid(&slices, &opened).await);
        }
    }
}

#[tokio::test]
async fn sessions_in_a_store_apart_from_the_accounts_are_compared_with_their_state() {
    for world in worlds().await {
        // A hooked store looks the account up by itself, as a store without SQL does.
        let sessions = Hooked::before(&world.sessions, "list", || async {});
        let slices = World { sessions, ..world.clone() }.slices();
        let ada = world.account("ada@example.com").await;
        let opened = slices.open_session(&ada).await.0;
        assert!(is_valid(&slices, &opened).await);
        world.change_password(&ada).await;
        let digest = opened.token.digest();
        assert!(world.sessions.find(&digest, world.now()).await.unwrap().is_some());
        assert!(!is_valid(&slices, &opened).await);
    }
}

#[tokio::test]
async fn a_disabled_account_loses_its_sessions_for_good_at_their_next_use() {
    use sqlx::Executor as _;
    let (world, pool) = sqlite().await;
    let slices = world.slices();
    let ada = world.account("ada@example.com").await;
    let opened = slices.open_session(&ada).await.0;
    // As an admin tool that does not know the library would.
    pool.execute("UPDATE people SET is_active = FALSE").await.unwrap();
    assert!(!is_valid(&slices, &opened).await);
    pool.execute("UPDATE people SET is_active = TRUE").await.unwrap();
    assert!(!is_valid(&slices, &opened).await);
}

#[tokio::test]
async fn a_session_that_cannot_be_extended_is_valid_all_the_same() {
    for world in worlds().await {
        let sessions = Hooked::failing(&world.sessions, "touch");
        let slices = World { sessions, ..world.clone() }.slices();
        let ada = world.account("ada@example.com").await;
        let opened = slices.open_session(&ada).await.0;
        world.clock.advance(2 * MINUTE);
        assert!(is_valid(&slices, &opened).await);
    }
}

#[tokio::test]
async fn of_two_renewals_of_a_csrf_token_one_succeeds() {
    for world in worlds().await {
        let slices = world.slices();
        let ada = world.account("ada@example.com").await;
        let (opened, principal) = slices.open_session(&ada).await;
        let session = principal.session().unwrap();
        assert!(slices.sessions.is_csrf_token(session, opened.csrf.expose()));
        let renewed = slices.sessions.renew_csrf_token(session).await.unwrap().unwrap();
        assert!(slices.sessions.renew_csrf_token(session).await.unwrap().is_none());
        let principal = authenticate(&slices, &opened.token).await.unwrap();
        let session = principal.session().unwrap();
        assert!(slices.sessions.is_csrf_token(session, renewed.expose()));
        assert!(!slices.sessions.is_csrf_token(session, opened.csrf.expose()));
        assert!(!slices.sessions.is_csrf_token(session, "x"));
    }
}
