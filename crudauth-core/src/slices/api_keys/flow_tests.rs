#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::*;
use crate::model::{Checked, Digest};
use crate::ports::{AddedApiKey, CredentialStore, LiveApiKey, NewApiKey};
use crate::slices::sessions::Visitor;
use crate::testing_world::{Person, SECRET, World, entropy, keys, worlds};

const DAY: Duration = Duration::from_secs(24 * 3600);

fn api_keys(world: &World, ring: KeyRing) -> ApiKeys<Person> {
    api_keys_in(world.api_keys.clone(), world, ring)
}

fn api_keys_in(
    store: Arc<dyn ApiKeyStore<Person>>,
    world: &World,
    ring: KeyRing,
) -> ApiKeys<Person> {
    let grantable_scopes = Scopes::parse("read write");
    let config = ApiKeyConfig { grantable_scopes, max_keys: 3, ..ApiKeyConfig::default() };
    ApiKeys::new(store, ring, config, world.clock.clone(), entropy())
}

async fn create(it: &ApiKeys<Person>, of: &Account<Person>) -> CreatedApiKey {
    it.create(Visitor::as_app(of), &WantedKey::named("ci").scopes(Scopes::parse("read admin")))
        .await
        .unwrap()
}

async fn visit(it: &ApiKeys<Person>, key: &ApiKey) -> Option<ApiKeyVisit<Person>> {
    match it.authenticate(key.expose()).await.unwrap() {
        Checked::Valid(visit) => Some(visit),
        Checked::Expired => None,
        Checked::Malformed => panic!("a key of ours"),
    }
}

#[tokio::test]
async fn a_key_tells_whose_it_is_and_what_it_may() {
    for world in worlds().await {
        let it = api_keys(&world, keys(SECRET, &[]));
        let ada = world.person("ada@example.com", "hash").await;
        let made = create(&it, &ada).await;
        let visit = visit(&it, &made.secret).await.unwrap();
        assert_eq!(visit.account.user.id(), ada.user.id());
        assert_eq!(visit.scopes.to_string(), "read", "`admin` is not grantable");
        let listed = it.list(Visitor::as_app(&ada)).await.unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!((&*listed[0].name, &listed[0].handle), ("ci", &made.key.handle));
        assert!(made.secret.expose().ends_with(&listed[0].hint));
    }
}

#[tokio::test]
async fn a_use_is_recorded_once_a_minute() {
    for world in worlds().await {
        let it = api_keys(&world, keys(SECRET, &[]));
        let ada = world.person("ada@example.com", "hash").await;
        let made = create(&it, &ada).await;
        let used_at = async || it.list(Visitor::as_app(&ada)).await.unwrap()[0].last_used_at;
        assert_eq!(used_at().await, None);
        let first = world.now();
        visit(&it, &made.secret).await.unwrap();
        world.clock.advance(Duration::from_secs(59));
        visit(&it, &made.secret).await.unwrap();
        assert_eq!(used_at().await, Some(first));
        world.clock.advance(Duration::from_secs(1));
        visit(&it, &made.secret).await.unwrap();
        assert_eq!(used_at().await, Some(world.now()));
    }
}

#[tokio::test]
async fn a_key_dies_when_it_expires_is_revoked_or_its_account_changes() {
    for world in worlds().await {
        let it = api_keys(&world, keys(SECRET, &[]));
        let ada = world.person("ada@example.com", "hash").await;
        let eve = world.person("eve@example.com", "hash").await;

        let short = it
            .create(Visitor::as_app(&ada), &WantedKey::named("short").lifetime(DAY))
            .await
            .unwrap();
        world.clock.advance(DAY);
        assert!(visit(&it, &short.secret).await.is_none());
        assert!(it.list(Visitor::as_app(&ada)).await.unwrap().is_empty());
        assert_eq!(world.api_keys.purge_api_keys(world.now(), 10).await.unwrap(), 1);

        let made = create(&it, &ada).await;
        assert!(
            !it.revoke(Visitor::as_app(&eve), &made.key.handle).await.unwrap(),
            "Eve's it is not"
        );
        assert!(!it.revoke(Visitor::as_app(&ada), "x").await.unwrap());
        assert!(it.revoke(Visitor::as_app(&ada), &made.key.handle).await.unwrap());
        assert!(visit(&it, &made.secret).await.is_none());

        let made = create(&it, &ada).await;
        world.change_password(&ada).await;
        assert!(visit(&it, &made.secret).await.is_none());
        let late = it.create(Visitor::as_app(&ada), &WantedKey::named("late")).await;
        assert!(matches!(late, Err(ApiKeyError::Moved)));

        let made = create(&it, &eve).await;
        world.accounts.set_active(eve.user.id(), false, world.now()).await.unwrap();
        world.accounts.set_active(eve.user.id(), true, world.now()).await.unwrap();
        assert!(visit(&it, &made.secret).await.is_none(), "enabling brings nothing back");
    }
}

#[tokio::test]
async fn a_new_secret_of_the_app_leaves_keys_as_they_are() {
    for world in worlds().await {
        let ada = world.person("ada@example.com", "hash").await;
        let made = create(&api_keys(&world, keys(SECRET, &[])), &ada).await;
        let other = "another secret of more than 32 bytes!";
        assert!(visit(&api_keys(&world, keys(other, &[])), &made.secret).await.is_none());
        assert!(visit(&api_keys(&world, keys(other, &[SECRET])), &made.secret).await.is_some());
        let alone = api_keys(&world, keys(other, &[]));
        assert!(visit(&alone, &made.secret).await.is_some(), "its use has renewed it");
        assert!(
            alone.revoke(Visitor::as_app(&ada), &made.key.handle).await.unwrap(),
            "its name has not changed"
        );
    }
}

#[tokio::test]
async fn an_end_that_is_said_later_reaches_the_keys_that_there_are() {
    for world in worlds().await {
        let ada = world.person("ada@example.com", "hash").await;
        let endless = create(&api_keys(&world, keys(SECRET, &[])), &ada).await;
        assert_eq!(endless.key.expires_at, None);
        let config =
            ApiKeyConfig::default().max_lifetime(DAY).grantable_scopes(Scopes::parse("read"));
        let it = ApiKeys::new(
            world.api_keys.clone(),
            keys(SECRET, &[]),
            config,
            world.clock.clone(),
            entropy(),
        );
        let ends_at = Some(endless.key.created_at + DAY);
        assert_eq!(it.list(Visitor::as_app(&ada)).await.unwrap()[0].expires_at, ends_at);
        assert_eq!(visit(&it, &endless.secret).await.unwrap().key.expires_at, ends_at);
        world.clock.advance(DAY);
        assert!(it.list(Visitor::as_app(&ada)).await.unwrap().is_empty());
        assert!(visit(&it, &endless.secret).await.is_none());
    }
}

#[tokio::test]
async fn keys_that_have_ended_by_a_late_word_make_room() {
    for world in worlds().await {
        let ada = world.person("ada@example.com", "hash").await;
        let before = api_keys(&world, keys(SECRET, &[]));
        for _ in 0..3 {
            create(&before, &ada).await;
        }
        world.clock.advance(DAY);
        let full = before.create(Visitor::as_app(&ada), &WantedKey::named("more")).await;
        assert!(matches!(full, Err(ApiKeyError::TooMany { cap: 3 })), "{full:?}");
        let config = ApiKeyConfig::default().max_lifetime(DAY).max_keys(3);
        let (store, clock) = (world.api_keys.clone(), world.clock.clone());
        let it = ApiKeys::new(store, keys(SECRET, &[]), config, clock, entropy());
        it.create(Visitor::as_app(&ada), &WantedKey::named("more")).await.unwrap();
        assert_eq!(before.list(Visitor::as_app(&ada)).await.unwrap().len(), 1, "they are gone");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_no_more_are_made_than_an_account_may_have() {
    for world in worlds().await {
        let it = Arc::new(api_keys(&world, keys(SECRET, &[])));
        let ada = world.person("ada@example.com", "hash").await;
        let tasks: Vec<_> = (0..20)
            .map(|_| {
                let (it, ada) = (Arc::clone(&it), ada.clone());
                tokio::spawn(async move {
                    it.create(Visitor::as_app(&ada), &WantedKey::named("k")).await
                })
            })
            .collect();
        let mut made = 0;
        for task in tasks {
            match task.await.unwrap() {
                Ok(_) => made += 1,
                Err(error) => assert!(matches!(error, ApiKeyError::TooMany { cap: 3 }), "{error}"),
            }
        }
        assert_eq!((made, it.list(Visitor::as_app(&ada)).await.unwrap().len()), (3, 3));
        assert_eq!(it.revoke_all(Visitor::as_app(&ada)).await.unwrap(), 3);
    }
}

#[tokio::test]
async fn names_and_lifetimes_are_bounded() {
    let world = worlds().await.remove(0);
    let it = api_keys(&world, keys(SECRET, &[]));
    let ada = world.person("ada@example.com", "hash").await;
    let long = "x".repeat(65);
    for name in ["", "  ", &long, "a\nb", "a\u{202e}b"] {
        let refused = it
            .create(Visitor::as_app(&ada), &WantedKey::named(name).lifetime(Duration::ZERO))
            .await;
        let Err(ApiKeyError::Invalid(mistakes)) = refused else { panic!("{name:?}") };
        assert_eq!(mistakes.len(), 2, "{name:?}");
    }
}

/// A store in which another request with the same key is faster: between this one's first look and
/// its second, what stands for the key has been renewed.
struct Overtaken {
    store: Arc<dyn ApiKeyStore<Person>>,
    first_asked: Mutex<Option<Digest>>,
}

#[async_trait]
impl CredentialStore<Person> for Overtaken {
    async fn end_all_of_disabled(&self, id: &i64, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.store.end_all_of_disabled(id, now).await
    }
}

#[async_trait]
impl ApiKeyStore<Person> for Overtaken {
    async fn find_api_key(
        &self,
        digest: &Digest,
        now: DateTime<Utc>,
    ) -> Result<Option<LiveApiKey<Person>>, StoreError> {
        let renewed = *self.first_asked.lock().unwrap().get_or_insert(*digest);
        if renewed != *digest {
            self.store.touch_api_key(digest, &renewed, now, now).await?;
        }
        self.store.find_api_key(digest, now).await
    }

    async fn add_api_key(&self, key: NewApiKey<i64>, cap: u32) -> Result<AddedApiKey, StoreError> {
        self.store.add_api_key(key, cap).await
    }

    async fn touch_api_key(
        &self,
        digest: &Digest,
        renewed: &Digest,
        now: DateTime<Utc>,
        before: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.store.touch_api_key(digest, renewed, now, before).await
    }

    async fn list_api_keys(
        &self,
        account: &Account<Person>,
        now: DateTime<Utc>,
    ) -> Result<Vec<ApiKeyEntry>, StoreError> {
        self.store.list_api_keys(account, now).await
    }

    async fn end_api_key(&self, digest: &Digest) -> Result<(), StoreError> {
        self.store.end_api_key(digest).await
    }

    async fn revoke_api_key(
        &self,
        account: &Account<Person>,
        handle: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.store.revoke_api_key(account, handle, now).await
    }

    async fn revoke_api_keys(
        &self,
        account: &Account<Person>,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        self.store.revoke_api_keys(account, now).await
    }

    async fn purge_api_keys(&self, now: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
        self.store.purge_api_keys(now, limit).await
    }
}

#[tokio::test]
async fn a_key_that_another_request_renews_at_this_moment_is_good() {
    for world in worlds().await {
        let ada = world.person("ada@example.com", "hash").await;
        let made = create(&api_keys(&world, keys(SECRET, &[])), &ada).await;
        let other = "another secret of more than 32 bytes!";
        let store = Overtaken { store: world.api_keys.clone(), first_asked: Mutex::default() };
        let it = api_keys_in(Arc::new(store), &world, keys(other, &[SECRET]));
        assert!(visit(&it, &made.secret).await.is_some());
        let alone = api_keys(&world, keys(other, &[]));
        assert!(visit(&alone, &made.secret).await.is_some(), "it was the other that renewed it");
    }
}
