//! A refresh token that works once must not be lost by a fault of the store.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;

use super::claim_tests::{ADDRESS, connection};
use super::logout_tests::oauth;
use super::{
    AuthorizationRequest, AuthorizationResponse, HttpClient, Identity, IdentityProvider, Provider,
    ProviderError, ProviderTokens, RefreshRequest,
};
use crate::model::PasswordHash;
use crate::testing_world::{Fault, Faults, worlds};

/// Exchanges the refresh token of its number only.
#[derive(Default)]
struct Rotating(AtomicU32);

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
        let valid = self.0.fetch_add(1, Ordering::SeqCst);
        if *request.refresh_token != valid.to_string() {
            return Err(ProviderError::InvalidGrant);
        }
        let tokens = ProviderTokens::new("access").refresh((valid + 1).to_string());
        Ok(tokens.expires_at(request.now + TimeDelta::minutes(10)))
    }
}

#[tokio::test]
async fn a_refresh_that_meets_a_fault_loses_no_token() {
    for world in worlds().await {
        let ada = world.account(ADDRESS).await;
        let (connection, unusable) = (connection(world.now()), PasswordHash::unusable());
        let claimed = world.connections.claim(&ada, &connection, &unusable).await.unwrap();
        let ada = claimed.unwrap();
        let (issuer, subject) = (connection.issuer, connection.subject);
        let identity = Identity { issuer, subject, ..Identity::default() };
        for (fault, step) in [Fault::Unseen, Fault::Unanswered]
            .into_iter()
            .flat_map(|fault| (1..=5).map(move |step| (fault, step)))
        {
            let faults = Faults::at(step, fault);
            let provider = Provider::own("corp", Rotating::default()).keep_tokens();
            let oauth = oauth(&world.with_faults(&faults), provider).0;
            let expired = ProviderTokens::new("old").refresh("0").expires_at(world.now());
            oauth.keep_tokens(&ada, &identity, ("corp", &expired)).await.unwrap();
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
