#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

use std::sync::Arc;

use super::*;
use crate::bearer::BearerConfig;
use crate::model::Presented;
use crate::password::HashingConfig;
use crate::session::{SessionConfig, Visitor};
use crate::testing_world::{Person, SECRET, World, entropy, keys, worlds};

const RIGHT: &str = "correct horse battery staple";

struct Door {
    sign_in: SignIn<Person>,
    tokens: Arc<Tokens<Person>>,
}

async fn door(world: &World) -> Door {
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
    let rule = LockoutConfig { free_attempts: 2, ..LockoutConfig::default() };
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
    let tokens = Tokens::new(world.grants.clone(), ring(), config, clock(), entropy());
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
        let Presented::Live(visit) = outcome else { panic!("{outcome:?}") };
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

#[tokio::test]
async fn a_password_that_changes_while_it_is_verified_opens_nothing() {
    for world in worlds().await {
        let door = door(&world).await;
        let ada = find(&*world.accounts, "ada@example.com").await.unwrap().unwrap();
        world.change_password(&ada).await;
        let none = door.tokens.issue(&ada, None, Opening::default()).await.unwrap();
        assert!(none.is_none());
    }
}
