//! Creating, checking and revoking API keys, on every database.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed setup fails the test")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::*;
use crate::model::{ApiKeyHandle, Checked};
use crate::principal::{AuthMethod, OwnerError, Principal, Role};
use crate::testing_world::{Hooked, OTHER_SECRET, Person, SECRET, Settings, Slices, World, worlds};

const DAY: Duration = Duration::from_hours(24);

fn config() -> ApiKeyConfig {
    ApiKeyConfig::default().grantable_scopes(Scopes::parse("read write")).max_keys(3)
}

fn slices(world: &World, config: ApiKeyConfig) -> Slices {
    world.slices_with(Settings { api_keys: config, ..Settings::default() })
}

fn api_keys(world: &World, config: ApiKeyConfig) -> Arc<ApiKeys<Person>> {
    slices(world, config).api_keys
}

async fn create(keys: &ApiKeys<Person>, account: &Account<Person>) -> CreatedApiKey {
    let new = NewApiKey::named("ci").scopes(Scopes::parse("read admin"));
    keys.create(&Principal::application(account), &new).await.unwrap()
}

async fn principal(keys: &ApiKeys<Person>, key: &ApiKey) -> Option<Principal<Person>> {
    match keys.authenticate(key.expose()).await.unwrap() {
        Checked::Valid(principal) => Some(principal),
        Checked::Expired => None,
        Checked::Malformed => panic!("an issued key was rejected as malformed"),
    }
}

async fn is_valid(keys: &ApiKeys<Person>, key: &ApiKey) -> bool {
    principal(keys, key).await.is_some()
}

async fn list(keys: &ApiKeys<Person>, account: &Account<Person>) -> Vec<ApiKeyEntry> {
    keys.list(&Principal::application(account)).await.unwrap()
}

#[tokio::test]
async fn a_key_authenticates_a_program_of_its_owner_with_its_scopes() {
    for world in worlds().await {
        let keys = api_keys(&world, config());
        let ada = world.account("ada@example.com").await;
        let created = create(&keys, &ada).await;
        let principal = principal(&keys, &created.secret).await.unwrap();
        assert_eq!(principal.user().id(), ada.user.id());
        assert_eq!(principal.scopes().to_string(), "read", "`admin` is not grantable");
        assert_eq!(principal.method(), AuthMethod::ApiKey);
        assert_eq!(principal.role(), Role::Program);
        assert_eq!(principal.handle(), Some(created.key.handle.as_str()));
        let listed = list(&keys, &ada).await;
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0].name, "ci");
        assert_eq!(listed[0].handle, created.key.handle);
        assert!(created.secret.expose().ends_with(&listed[0].hint));
    }
}

#[tokio::test]
async fn a_use_is_recorded_at_most_once_a_minute() {
    for world in worlds().await {
        let keys = api_keys(&world, config());
        let ada = world.account("ada@example.com").await;
        let created = create(&keys, &ada).await;
        assert_eq!(list(&keys, &ada).await[0].last_used_at, None);
        let first = world.now();
        assert!(is_valid(&keys, &created.secret).await);
        world.clock.advance(Duration::from_secs(59));
        assert!(is_valid(&keys, &created.secret).await);
        assert_eq!(list(&keys, &ada).await[0].last_used_at, Some(first));
        world.clock.advance(Duration::from_secs(1));
        assert!(is_valid(&keys, &created.secret).await);
        assert_eq!(list(&keys, &ada).await[0].last_used_at, Some(world.now()));
    }
}

/// The condition in the store is for processes that use a key at the same time.
#[tokio::test]
async fn a_use_that_need_not_be_recorded_costs_no_write() {
    let world = worlds().await.remove(0);
    let writes = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&writes);
    let store = Hooked::before(&world.api_keys, "touch", move || {
        count.fetch_add(1, Ordering::SeqCst);
        async {}
    });
    let keys = api_keys(&World { api_keys: store, ..world.clone() }, config());
    let created = create(&keys, &world.account("ada@example.com").await).await;
    for _ in 0..3 {
        assert!(is_valid(&keys, &created.secret).await);
        world.clock.advance(Duration::from_secs(29));
    }
    assert_eq!(writes.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_expired_key_is_invalid_and_purged() {
    for world in worlds().await {
        let keys = api_keys(&world, config());
        let ada = world.account("ada@example.com").await;
        let application = Principal::application(&ada);
        let new = NewApiKey::named("short").lifetime(DAY);
        let short = keys.create(&application, &new).await.unwrap();
        assert!(is_valid(&keys, &short.secret).await);
        world.clock.advance(DAY);
        assert!(!is_valid(&keys, &short.secret).await);
        assert!(list(&keys, &ada).await.is_empty());
        assert_eq!(world.purge().await, 1);
    }
}

#[tokio::test]
async fn an_owner_revokes_only_keys_of_the_own_account() {
    for world in worlds().await {
        let keys = api_keys(&world, config());
        let ada = world.account("ada@example.com").await;
        let eve = world.account("eve@example.com").await;
        let created = create(&keys, &ada).await;
        let handle = &created.key.handle;
        let of_ada = Principal::application(&ada);
        assert!(!keys.revoke(&Principal::application(&eve), handle).await.unwrap());
        let unknown = ApiKeyHandle::parse(&"0".repeat(64)).unwrap();
        assert!(!keys.revoke(&of_ada, &unknown).await.unwrap());
        assert!(is_valid(&keys, &created.secret).await);
        assert!(keys.revoke(&of_ada, handle).await.unwrap());
        assert!(!is_valid(&keys, &created.secret).await);
        assert!(!keys.revoke(&of_ada, handle).await.unwrap());
    }
}

#[tokio::test]
async fn a_program_neither_creates_nor_lists_nor_revokes_keys() {
    for world in worlds().await {
        let keys = api_keys(&world, config());
        let ada = world.account("ada@example.com").await;
        let created = create(&keys, &ada).await;
        let program = principal(&keys, &created.secret).await.unwrap();
        let refused = keys.create(&program, &NewApiKey::named("more")).await;
        assert!(matches!(refused, Err(ApiKeyError::NotOwner)), "{refused:?}");
        assert!(matches!(keys.list(&program).await, Err(OwnerError::NotOwner)));
        let handle = &created.key.handle;
        assert!(matches!(keys.revoke(&program, handle).await, Err(OwnerError::NotOwner)));
        assert!(matches!(keys.revoke_all(&program).await, Err(OwnerError::NotOwner)));
        assert_eq!(list(&keys, &ada).await.len(), 1);
    }
}

#[tokio::test]
async fn a_change_of_the_account_invalidates_its_keys() {
    for world in worlds().await {
        let keys = api_keys(&world, config());
        let ada = world.account("ada@example.com").await;
        let of_ada = create(&keys, &ada).await;
        world.change_password(&ada).await;
        assert!(!is_valid(&keys, &of_ada.secret).await);
        let late = keys.create(&Principal::application(&ada), &NewApiKey::named("late")).await;
        assert!(matches!(late, Err(ApiKeyError::Ended)), "{late:?}");

        let eve = world.account("eve@example.com").await;
        let of_eve = create(&keys, &eve).await;
        world.accounts.set_active(eve.user.id(), false, world.now()).await.unwrap();
        world.accounts.set_active(eve.user.id(), true, world.now()).await.unwrap();
        assert!(!is_valid(&keys, &of_eve.secret).await, "enabling restores no key");
    }
}

#[tokio::test]
async fn a_new_secret_of_the_app_leaves_keys_valid() {
    for world in worlds().await {
        let ada = world.account("ada@example.com").await;
        let created = create(&api_keys(&world, config()), &ada).await;
        for previous in [&[SECRET] as &[_], &[]] {
            let keys = api_keys(&world.with_keys(OTHER_SECRET, previous), config());
            assert!(is_valid(&keys, &created.secret).await);
            assert_eq!(list(&keys, &ada).await[0].handle, created.key.handle);
        }
    }
}

#[tokio::test]
async fn a_later_maximum_lifetime_ends_existing_keys() {
    for world in worlds().await {
        let ada = world.account("ada@example.com").await;
        let endless = create(&api_keys(&world, config()), &ada).await;
        assert_eq!(endless.key.expires_at, None);
        let keys = api_keys(&world, config().max_lifetime(DAY));
        let ends_at = endless.key.created_at + DAY;
        assert_eq!(list(&keys, &ada).await[0].expires_at, Some(ends_at));
        assert!(is_valid(&keys, &endless.secret).await);
        world.clock.advance(DAY);
        assert!(list(&keys, &ada).await.is_empty());
        assert!(!is_valid(&keys, &endless.secret).await);
    }
}

#[tokio::test]
async fn keys_past_a_later_maximum_lifetime_make_room() {
    for world in worlds().await {
        let ada = world.account("ada@example.com").await;
        let application = Principal::application(&ada);
        let before = api_keys(&world, config());
        for _ in 0..3 {
            create(&before, &ada).await;
        }
        world.clock.advance(DAY);
        let more = NewApiKey::named("more");
        let full = before.create(&application, &more).await;
        assert!(matches!(full, Err(ApiKeyError::TooMany { max: 3 })), "{full:?}");
        let keys = api_keys(&world, config().max_lifetime(DAY));
        keys.create(&application, &more).await.unwrap();
        assert_eq!(list(&before, &ada).await.len(), 1);
        keys.create(&application, &more).await.unwrap();
        assert_eq!(list(&keys, &ada).await.len(), 2, "younger keys stay");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_creations_do_not_pass_the_limit() {
    for world in worlds().await {
        let keys = api_keys(&world, config());
        let ada = world.account("ada@example.com").await;
        let mut tasks = Vec::new();
        for _ in 0..20 {
            let keys = Arc::clone(&keys);
            let application = Principal::application(&ada);
            tasks.push(tokio::spawn(async move {
                keys.create(&application, &NewApiKey::named("k")).await
            }));
        }
        let mut created = 0;
        for task in tasks {
            match task.await.unwrap() {
                Ok(_) => created += 1,
                Err(error) => assert!(matches!(error, ApiKeyError::TooMany { max: 3 }), "{error}"),
            }
        }
        assert_eq!(created, 3);
        assert_eq!(list(&keys, &ada).await.len(), 3);
        assert_eq!(keys.revoke_all(&Principal::application(&ada)).await.unwrap(), 3);
    }
}

#[tokio::test]
async fn invalid_names_and_lifetimes_are_rejected_together() {
    let world = worlds().await.remove(0);
    let keys = api_keys(&world, config());
    let ada = world.account("ada@example.com").await;
    let long = "x".repeat(65);
    for name in ["", "  ", &long, "a\nb", "a\u{202e}b"] {
        let new = NewApiKey::named(name).lifetime(Duration::ZERO);
        let refused = keys.create(&Principal::application(&ada), &new).await;
        let Err(ApiKeyError::Invalid(errors)) = refused else { panic!("{name:?}: {refused:?}") };
        assert_eq!(errors.len(), 2, "{name:?}");
    }
    assert!(list(&keys, &ada).await.is_empty());
    let longest = NewApiKey::named("é".repeat(64)).lifetime(Duration::from_mins(1));
    keys.create(&Principal::application(&ada), &longest).await.unwrap();
}
