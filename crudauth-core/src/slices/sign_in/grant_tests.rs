#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::*;
use crate::guard::LockoutConfig;
use crate::model::{Checked, Digest};
use crate::password::HashingConfig;
use crate::ports::{
    CredentialStore, GrantEntry, GrantId, GrantStore, LiveGrant, LockRule, NewGrant, Opened,
    Rotation,
};
use crate::slices::bearer::BearerConfig;
use crate::slices::sessions::{SessionConfig, Visitor};
use crate::testing_world::{Person, SECRET, World, entropy, keys, worlds};

const RIGHT: &str = "correct horse battery staple";

struct Door {
    sign_in: SignIn<Person>,
    tokens: Arc<Tokens<Person>>,
}

async fn door(world: &World) -> Door {
    door_before(world, world.grants.clone()).await
}

async fn door_before(world: &World, grants: Arc<dyn GrantStore<Person>>) -> Door {
    let ring = || keys(SECRET, &[]);
    let hashing = HashingPool::new(HashingConfig::default(), Vec::new(), entropy());
    let hash = hashing.hash(&Password::parse(RIGHT).unwrap()).await.unwrap();
    world.person("ada@example.com", hash.expose()).await;
    let config = BearerConfig {
        default_scopes: Scopes::parse("read"),
        grantable_scopes: Some(Scopes::parse("read write")),
        ..BearerConfig::default()
    };
    let clock = || world.clock.clone();
    let sessions = world.sessions.clone();
    let sessions = Sessions::new(sessions, ring(), SessionConfig::default(), clock(), entropy());
    let rule = LockoutConfig { max_failures: 2, ..LockoutConfig::default() };
    let lockout = Lockout::new(world.counters.clone(), ring(), rule);
    let sign_in = SignIn::new(
        world.accounts.clone(),
        Arc::new(sessions),
        lockout,
        hashing,
        ring(),
        clock(),
        entropy(),
    );
    let tokens = Tokens::new(grants, ring(), config, clock(), entropy());
    Door { sign_in, tokens: Arc::new(tokens) }
}

impl Door {
    async fn grant(&self, password: &str) -> Result<Granted<Person>, SignInError> {
        let attempt = Attempt::new("ada@example.com", &Password::parse(password).unwrap());
        self.sign_in.grant(&self.tokens, attempt, self.tokens.asked(Some("write"))).await
    }

    async fn sign_in(&self, password: &str) -> Result<SignedIn<Person>, SignInError> {
        let attempt = Attempt::new("ada@example.com", &Password::parse(password).unwrap());
        self.sign_in.sign_in(attempt).await
    }
}

#[tokio::test]
async fn a_right_password_gets_tokens_that_say_who_and_what() {
    for world in worlds().await {
        let door = door(&world).await;
        let granted = door.grant(RIGHT).await.unwrap();
        let access = granted.issued.access.expose();
        let outcome = door.tokens.authenticate(access).await.unwrap();
        let Checked::Valid(visit) = outcome else { panic!("{outcome:?}") };
        assert_eq!(visit.account.user.id(), granted.account.user.id());
        assert_eq!(visit.scopes.to_string(), "write");
        assert!(!format!("{granted:?}").contains(access));
    }
}

#[tokio::test]
async fn tokens_and_sessions_share_one_lockout() {
    for world in worlds().await {
        let door = door(&world).await;
        let refused = door.grant("wrong").await;
        assert!(matches!(refused, Err(SignInError::Refused)), "{refused:?}");
        let refused = door.sign_in("wrong").await;
        assert!(matches!(refused, Err(SignInError::Refused)), "{refused:?}");
        let locked = door.grant(RIGHT).await;
        assert!(matches!(locked, Err(SignInError::LockedOut { .. })), "{locked:?}");
        let ada = find(&*world.accounts, "ada@example.com").await.unwrap().unwrap();
        assert!(door.tokens.list(Visitor::as_app(&ada)).await.unwrap().is_empty());
    }
}

/// Before whoever has proved to know the password gets anything, the owner has changed it.
struct Overtaken(World);

#[async_trait]
impl CredentialStore<Person> for Overtaken {
    async fn end_all_of_disabled(&self, id: &i64, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.0.grants.end_all_of_disabled(id, now).await
    }
}

#[async_trait]
impl GrantStore<Person> for Overtaken {
    async fn open_grant(
        &self,
        grant: NewGrant<i64>,
        unless: &[Digest],
        rule: &LockRule,
        cap: u32,
    ) -> Result<Opened, StoreError> {
        let owner = self.0.accounts.by_id(&grant.account).await?.unwrap();
        self.0.change_password(&owner).await;
        self.0.grants.open_grant(grant, unless, rule, cap).await
    }

    async fn find_grant(
        &self,
        id: &GrantId,
        now: DateTime<Utc>,
    ) -> Result<Option<LiveGrant<Person>>, StoreError> {
        self.0.grants.find_grant(id, now).await
    }

    async fn narrow_grant(&self, id: &GrantId, scopes: &Scopes) -> Result<(), StoreError> {
        self.0.grants.narrow_grant(id, scopes).await
    }

    async fn rotate_grant(&self, rotation: Rotation) -> Result<bool, StoreError> {
        self.0.grants.rotate_grant(rotation).await
    }

    async fn end_grant(&self, id: &GrantId) -> Result<bool, StoreError> {
        self.0.grants.end_grant(id).await
    }

    async fn list_grants(
        &self,
        account: &Account<Person>,
        now: DateTime<Utc>,
    ) -> Result<Vec<GrantEntry>, StoreError> {
        self.0.grants.list_grants(account, now).await
    }

    async fn revoke_grant(
        &self,
        account: &Account<Person>,
        id: &GrantId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.0.grants.revoke_grant(account, id, now).await
    }

    async fn revoke_grants(
        &self,
        account: &Account<Person>,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        self.0.grants.revoke_grants(account, now).await
    }

    async fn purge_grants(&self, now: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
        self.0.grants.purge_grants(now, limit).await
    }
}

#[tokio::test]
async fn a_password_that_changes_while_it_is_verified_opens_nothing_and_is_a_miss() {
    for world in worlds().await {
        let door = door_before(&world, Arc::new(Overtaken(world.clone()))).await;
        let refused = door.grant(RIGHT).await;
        assert!(matches!(refused, Err(SignInError::Refused)), "{refused:?}");
        let ada = find(&*world.accounts, "ada@example.com").await.unwrap().unwrap();
        assert_eq!(ada.version, 1, "it was right, or nothing would have been opened");
        assert!(door.tokens.list(Visitor::as_app(&ada)).await.unwrap().is_empty());
        // Of two misses that are free one is left.
        let refused = door.grant("wrong").await;
        assert!(matches!(refused, Err(SignInError::Refused)), "{refused:?}");
        let locked = door.grant("wrong").await;
        assert!(matches!(locked, Err(SignInError::LockedOut { .. })), "{locked:?}");
    }
}
