//! A refresh token that works once must be lost neither by a fault of the store nor by a slow provider.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use futures_util::future::BoxFuture;
use tokio::sync::Notify;
use tokio::time::{pause, resume, sleep, timeout};

use super::access_token::AccessTokenError;
use super::claim_tests::{ADDRESS, connection};
use super::logout_tests::oauth;
use super::store::NewConnection;
use super::tokens_refresh::LIMIT;
use super::{
    AuthorizationRequest, AuthorizationResponse, HttpClient, Identity, IdentityProvider, OAuth,
    Provider, ProviderError, ProviderTokens, RefreshRequest,
};
use crate::clock::{Clock, LEEWAY, ManualClock};
use crate::model::{Account, PasswordHash};
use crate::testing_world::{Fault, Faults, Hooked, Person, World, worlds};

/// Exchanges the refresh token of its number only, after something else.
#[derive(Default)]
struct Rotating {
    valid: Arc<AtomicU32>,
    first: Option<Box<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>>,
}

#[async_trait]
impl IdentityProvider for Rotating {
    async fn authorization_url(
        &self,
        _: &dyn HttpClient,
        _: &AuthorizationRequest,
    ) -> Result<String, ProviderError> {
        Ok(String::new())
    }

    async fn identify(
        &self,
        _: &dyn HttpClient,
        _: &AuthorizationResponse,
    ) -> Result<Identity, ProviderError> {
        Err(ProviderError::IdToken("missing"))
    }

    async fn refresh(
        &self,
        _: &dyn HttpClient,
        request: &RefreshRequest,
    ) -> Result<ProviderTokens, ProviderError> {
        let valid = self.valid.fetch_add(1, Ordering::SeqCst);
        if let Some(first) = &self.first {
            first().await;
        }
        if *request.refresh_token != valid.to_string() {
            return Err(ProviderError::InvalidGrant);
        }
        let tokens = ProviderTokens::new("access").refresh((valid + 1).to_string());
        Ok(tokens.expires_at(request.now + TimeDelta::minutes(10)))
    }
}

/// An account with a connection.
#[allow(clippy::unwrap_used, reason = "a failed setup fails the test")]
async fn connected(world: &World) -> Account<Person> {
    let ada = world.account(ADDRESS).await;
    let (connection, unusable) = (connection(world.now()), PasswordHash::unusable());
    world.connections.claim(&ada, &connection, &unusable).await.unwrap().unwrap()
}

fn keeping_on(world: &World, provider: Rotating) -> OAuth<Person> {
    oauth(world, Provider::own("corp", provider).keep_tokens()).0
}

/// A mount that keeps the refresh token 0, with an expired access token.
#[allow(clippy::unwrap_used, reason = "a failed setup fails the test")]
async fn keeping(world: &World, ada: &Account<Person>, provider: Rotating) -> OAuth<Person> {
    let oauth = keeping_on(world, provider);
    let expired = ProviderTokens::new("old").refresh("0").expires_at(world.now());
    let NewConnection { issuer, subject, .. } = connection(world.now());
    let identity = Identity { issuer, subject, ..Identity::default() };
    oauth.keep_tokens(ada, &identity, ("corp", &expired)).await.unwrap();
    oauth
}

#[tokio::test]
async fn a_refresh_that_meets_a_fault_loses_no_token() {
    for world in worlds().await {
        let ada = connected(&world).await;
        for (fault, step) in [Fault::Unseen, Fault::Unanswered]
            .into_iter()
            .flat_map(|fault| (1..=5).map(move |step| (fault, step)))
        {
            let faults = Faults::at(step, fault);
            let provider = Rotating::default();
            let oauth = keeping(&world.with_faults(&faults), &ada, provider).await;
            faults.start();
            let told = oauth.access_token(&ada.user.id, "corp").await;
            assert_eq!(faults.stop(), step < 5, "account, tokens, lease, result");
            // The last fault is overcome: the old refresh token is spent.
            assert_eq!(told.is_ok(), step > 3, "{fault:?} {step}: {told:?}");
            world.clock.advance(Duration::from_secs(1200));
            let again = oauth.access_token(&ada.user.id, "corp").await;
            assert_eq!(again.unwrap().expose(), "access");
        }
    }
}

#[tokio::test]
async fn an_outage_of_the_store_after_a_refresh_loses_no_token() {
    for world in worlds().await {
        let ada = connected(&world).await;
        // From the result of the refresh on.
        let faults = Faults::at(4, Fault::Outage);
        let ends = Arc::clone(&faults);
        let outage = move || {
            let faults = Arc::clone(&ends);
            pause();
            tokio::spawn(async move {
                sleep(Duration::from_millis(20_900)).await;
                assert!(faults.stop());
                resume();
            });
            Box::pin(std::future::ready(())) as BoxFuture<'static, ()>
        };
        let provider = Rotating { first: Some(Box::new(outage)), ..Rotating::default() };
        let oauth = keeping(&world.with_faults(&faults), &ada, provider).await;
        faults.start();
        assert_eq!(oauth.access_token(&ada.user.id, "corp").await.unwrap().expose(), "access");
        let kept = world.connections.tokens(&ada).await.unwrap().remove(0);
        assert!(kept.leased_until.is_none() && kept.sealed.is_some());
        let oauth = keeping_on(&world, Rotating { valid: Arc::new(1.into()), first: None });
        world.clock.advance(Duration::from_secs(1200));
        assert_eq!(oauth.access_token(&ada.user.id, "corp").await.unwrap().expose(), "access");
    }
}

/// The clock of tokio runs again when this is dropped.
struct Paused;

impl Drop for Paused {
    fn drop(&mut self) {
        resume();
    }
}

#[tokio::test]
async fn a_refresh_ends_before_its_lease_on_every_clock_and_is_waited_for() {
    for world in worlds().await {
        let ada = connected(&world).await;
        let id = &ada.user.id;
        let (asked, begun) = (Arc::<AtomicU32>::default(), Arc::<Notify>::default());
        let hanging = || {
            let begun = Arc::clone(&begun);
            let hang = move || {
                let begun = Arc::clone(&begun);
                Box::pin(async move {
                    let _paused = Paused;
                    begun.notify_one();
                    std::future::pending().await
                }) as BoxFuture<'static, ()>
            };
            Rotating { valid: Arc::clone(&asked), first: Some(Box::new(hang)) }
        };
        let one = keeping(&world, &ada, hanging()).await;
        tokio::select! {
            token = one.access_token(id, "corp") => panic!("{token:?}"),
            () = begun.notified() => {}
        }
        // The caller is gone. Another server, whose clock is ahead, waits.
        let clock = Arc::new(ManualClock::default());
        let by = world.now() + LIMIT + LEEWAY - clock.now();
        clock.advance(by.to_std().unwrap());
        let looks = Arc::<AtomicU32>::default();
        let count = Arc::clone(&looks);
        let counted = Hooked::before(&world.connections, "tokens", move || {
            count.fetch_add(1, Ordering::SeqCst);
            std::future::ready(())
        });
        let ahead = World { clock, connections: counted, ..world.clone() };
        let other = keeping_on(&ahead, hanging());
        assert!(timeout(Duration::from_millis(650), other.access_token(id, "corp")).await.is_err());
        let looks = looks.load(Ordering::SeqCst);
        assert!((1..=3).contains(&looks), "after 0, 100 and 300 ms: {looks}");
        assert_eq!(asked.load(Ordering::SeqCst), 1);

        let drained = one.parts.background.drained();
        assert!(timeout(Duration::from_millis(20), drained).await.is_err());
        pause();
        one.parts.background.drained().await;
        let kept = world.connections.tokens(&ada).await.unwrap().remove(0);
        assert!(kept.leased_until.is_none() && kept.sealed.is_some());
        let late = async {
            begun.notified().await;
            pause();
        };
        let (token, ()) = tokio::join!(one.access_token(id, "corp"), late);
        let Err(AccessTokenError::Provider(ProviderError::Unreachable { .. })) = token else {
            panic!("{token:?}");
        };
    }
}
