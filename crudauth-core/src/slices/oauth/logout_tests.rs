//! A logout that meets a fault must not be lost.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::claim_tests::{ADDRESS, connection};
use super::{
    AuthorizationRequest, AuthorizationResponse, HttpClient, Identity, IdentityProvider, OAuth,
    OAuthConfig, OAuthParts, Provider, ProviderError, ProviderLogout,
};
use crate::model::PasswordHash;
use crate::notify::Background;
use crate::slices::accounts::Callers;
use crate::stores::MemoryStore;
use crate::testing_world::{Fault, Faults, Person, Slices, World, worlds};

/// Tells the logout of one person, by tokens of any text.
struct Corp;

#[async_trait]
impl IdentityProvider for Corp {
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

    async fn verify_logout(
        &self,
        _: &dyn HttpClient,
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<ProviderLogout, ProviderError> {
        let connection = connection(now);
        let (issuer, subject) = (connection.issuer, connection.subject);
        Ok(ProviderLogout { issuer, subject, token_id: token.to_owned() })
    }
}

pub(super) fn oauth(world: &World, provider: Provider) -> (OAuth<Person>, Slices) {
    let slices = world.slices();
    let parts = OAuthParts {
        connections: Arc::clone(&world.connections),
        challenges: Arc::new(MemoryStore::default()),
        callers: Callers::new(Arc::clone(&slices.sessions), Arc::clone(&slices.tokens)),
        sessions: Arc::clone(&slices.sessions),
        sign_in: slices.sign_in.clone(),
        background: Background::default(),
        widths: HashMap::new(),
    };
    let config = OAuthConfig::new("https://app.example.com").provider(provider);
    (OAuth::new(slices.kit.clone(), parts, config), slices)
}

#[tokio::test]
async fn a_logout_token_that_met_a_fault_is_accepted_again() {
    for world in worlds().await {
        let ada = world.account(ADDRESS).await;
        let (connection, unusable) = (connection(world.now()), PasswordHash::unusable());
        let claimed = world.connections.claim(&ada, &connection, &unusable).await.unwrap();
        let ada = claimed.unwrap();
        for step in 1.. {
            let faults = Faults::at(step, Fault::Unseen);
            let (oauth, slices) = oauth(&world.with_faults(&faults), Provider::own("corp", Corp));
            let session = slices.open_session(&ada).await.0;
            faults.start();
            let told = oauth.log_out("corp", "token").await;
            let has_failed = faults.stop();
            assert_eq!(told.is_err(), has_failed, "{told:?}");
            oauth.log_out("corp", "token").await.unwrap();
            assert!(slices.sessions.authenticate(&session.token).await.unwrap().is_none());
            if !has_failed {
                assert!(step > 2, "some calls have failed");
                break;
            }
        }
    }
}
