//! The flows of sign-in with a provider.

use std::ops::Deref;
use std::sync::{Arc, Mutex};

use crudauth::oauth::{
    AuthorizationRequest, AuthorizationResponse, HttpClient, Identity, IdentityProvider,
    ProviderError, ProviderTokens,
};
use crudauth::testing::Client;
use crudauth::{Mount, Mounted, Mounts, slice};
use crudauth_tests::{PASSWORD, sign_up};
use poem::http::Uri;
use serde_json::json;

use super::flows::World;

/// A provider that says who the test tells it to say.
#[derive(Clone, Default)]
pub(super) struct Scripted(Arc<Mutex<Identity>>);

impl Scripted {
    /// The person with this subject and address.
    fn say(&self, subject: &str, address: &str) {
        let mut identity = self.0.lock().unwrap();
        "https://provider.example".clone_into(&mut identity.issuer);
        subject.clone_into(&mut identity.subject);
        identity.email = Some(address.to_owned());
        identity.is_email_verified = true;
        identity.tokens = Some(ProviderTokens::new("access"));
    }
}

#[async_trait::async_trait]
impl IdentityProvider for Scripted {
    async fn authorization_url(
        &self,
        _: &dyn HttpClient,
        start: &AuthorizationRequest,
    ) -> Result<String, ProviderError> {
        Ok(format!("https://provider.example/?code=c&state={}", start.state))
    }

    async fn identify(
        &self,
        _: &dyn HttpClient,
        _: &AuthorizationResponse,
    ) -> Result<Identity, ProviderError> {
        Ok(self.0.lock().unwrap().clone())
    }
}

impl<A> World<'_, A>
where
    A: Mount
        + Mounts<slice::Session>
        + Mounts<slice::Bearer>
        + Mounts<slice::ApiKeys>
        + Mounts<slice::Mfa>
        + Deref<Target = Mounted<A::User>>,
{
    /// Signs in as that person, in a new client.
    async fn come_back(&self, subject: &str, address: &str) -> Client {
        let client = self.app.client();
        let start = client.get("/oauth/own/authorize").await.expect_status(307);
        self.bring(&client, start.header("location").unwrap(), subject, address).await;
        client.get("/me").await.expect_status(200);
        client
    }

    async fn bring(&self, client: &Client, url: &str, subject: &str, address: &str) {
        self.provider.say(subject, address);
        let query = url.parse::<Uri>().unwrap().query().unwrap().to_owned();
        client.get(&format!("/oauth/own/callback?{query}")).await.expect_status(307);
    }

    pub(super) async fn providers(&self) {
        // A new account, the same one again, a verified one, and one that is claimed.
        for _ in 0..2 {
            self.come_back("eve", "eve@example.com").await;
        }
        self.come_back("ada", "countess@example.com").await;
        self.app.client().post("/register", sign_up("grace")).await.expect_status(202);
        let client = self.come_back("grace", "grace@example.com").await;
        client.post("/set-password", json!({ "new_password": PASSWORD })).await.expect_status(200);
        let answer = client.post("/oauth/own/connect", json!({})).await.expect_status(200).json();
        self.bring(&client, answer["url"].as_str().unwrap(), "grace-2", "g2@example.com").await;
        let list = client.get("/oauth/connections").await.expect_status(200).json();
        assert_eq!(list.as_array().unwrap().len(), 2);
        let other = self.come_back("linus", "linus@example.com").await;
        let only = other.get("/oauth/connections").await.json()[0]["id"].clone();
        let path = format!("/oauth/connections/{}", only.as_str().unwrap());
        other.delete(&path).await.expect_status(409);
        let path = format!("/oauth/connections/{}", list[0]["id"].as_str().unwrap());
        client.delete(&path).await.expect_status(200);
        // The connection of an account that other software has deleted.
        let table = self.table;
        self.database
            .execute(&format!("DELETE FROM {table} WHERE email = 'eve@example.com'"))
            .await;
        self.come_back("eve", "eve@example.com").await;
    }
}
