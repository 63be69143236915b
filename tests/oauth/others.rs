//! GitHub, a provider of the app's own, and settings.

use crudauth::ConfigError;
use crudauth::oauth::{
    AddressTrust, AuthorizationRequest, AuthorizationResponse, ClientSecret, HttpClient, Identity,
    IdentityProvider, Provider as Configured, ProviderError,
};
use crudauth_tests::Kind;
use serde_json::Value;

use super::provider::Answer as Scripted;
use super::*;

fn scripted(provider: &Provider, path: &'static str, body: &Value) {
    provider.script().answers.insert(path, Scripted::new(200, body.to_string()));
}

fn errors(provider: Configured) -> Vec<ConfigError> {
    OAuthConfig::new(FRONTEND).provider(provider).validate()
}

#[tokio::test]
async fn a_person_of_github_is_known_by_number() {
    let app = App::on(Kind::Sqlite).await;
    let provider = Provider::start(Arc::clone(&app.clock)).await;
    let github = Configured::github(CLIENT, CLIENT_SECRET).github_enterprise(&provider.issuer);
    let app = serving(&app, OAuthConfig::new(FRONTEND).provider(github)).await;
    scripted(&provider, "/login/oauth/access_token", &json!({ "access_token": "t" }));
    scripted(
        &provider,
        "/api/v3/user",
        &json!({ "id": 7, "login": "Ada", "email": "public@example.com" }),
    );
    let addresses = json!([
        { "email": "old@example.com", "primary": true, "verified": false },
        { "email": "ada@example.com", "primary": false, "verified": true },
    ]);
    scripted(&provider, "/api/v3/user/emails", &addresses);
    let browser = app.browser();
    let url = location(&browser.get("/oauth/github/authorize").await);
    assert!(url.contains("scope=read%3Auser+user%3Aemail"), "{url}");
    let answer = browser.get(&provider.consent(&url)).await;
    assert_eq!(error(&answer), None);
    let me = browser.get("/me").await.json();
    assert_eq!((&me["username"], &me["email"]), (&json!("ada"), &json!("ada@example.com")));
    let subject = app.database.text("SELECT subject FROM users_connections").await;
    assert_eq!(subject, "7");
    // A refusal of GitHub has the status 200.
    scripted(&provider, "/login/oauth/access_token", &json!({ "error": "bad_verification_code" }));
    let browser = app.browser();
    let url = location(&browser.get("/oauth/github/authorize").await);
    assert_refused(&browser, &browser.get(&provider.consent(&url)).await, "oauth_failed").await;
}

#[tokio::test]
async fn addresses_of_github_that_are_no_list_lead_home() {
    let app = App::on(Kind::Sqlite).await;
    let provider = Provider::start(Arc::clone(&app.clock)).await;
    let github = Configured::github(CLIENT, CLIENT_SECRET).github_enterprise(&provider.issuer);
    let app = serving(&app, OAuthConfig::new(FRONTEND).provider(github)).await;
    scripted(&provider, "/login/oauth/access_token", &json!({ "access_token": "t" }));
    scripted(&provider, "/api/v3/user", &json!({ "id": 7, "login": "Ada" }));
    for addresses in
        [json!({ "message": "no" }), json!([1, "a", null]), json!([{ "primary": true }])]
    {
        scripted(&provider, "/api/v3/user/emails", &addresses);
        let browser = app.browser();
        let url = location(&browser.get("/oauth/github/authorize").await);
        let answer = browser.get(&provider.consent(&url)).await;
        assert_refused(&browser, &answer, "email_missing").await;
    }
}

#[tokio::test]
async fn an_answer_by_post_is_sent_on_with_the_cookies() {
    struct ByPost;

    #[async_trait::async_trait]
    impl IdentityProvider for ByPost {
        async fn authorization_url(
            &self,
            _: &dyn HttpClient,
            start: &AuthorizationRequest,
        ) -> Result<String, ProviderError> {
            Ok(format!("https://provider.example/?state={}", start.state))
        }

        async fn identify(
            &self,
            _: &dyn HttpClient,
            answer: &AuthorizationResponse,
        ) -> Result<Identity, ProviderError> {
            if *answer.code != "a code+%" {
                return Err(ProviderError::IdToken("another code"));
            }
            Ok(Identity {
                issuer: "https://provider.example".to_owned(),
                subject: "1".to_owned(),
                email: Some("ada@example.com".to_owned()),
                is_email_verified: true,
                ..Identity::default()
            })
        }

        fn answers_by_post(&self) -> bool {
            true
        }
    }

    let app = App::on(Kind::Sqlite).await;
    let config = OAuthConfig::new(FRONTEND).provider(Configured::own("own", ByPost));
    let app = serving(&app, config).await;
    let browser = app.browser();
    let url = location(&browser.get("/oauth/own/authorize").await);
    let state = url.split("state=").nth(1).unwrap();
    let form = serde_urlencoded::to_string([("code", "a code+%"), ("state", state)]).unwrap();
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", "https://provider.example"),
    ];
    // The browser sends no cookies with the form of another site.
    let path = "/oauth/own/callback";
    let posted =
        app.browser().send(poem::http::Method::POST, path, &headers, form.into_bytes()).await;
    assert_eq!(posted.status, 303, "{posted:?}");
    let answer = browser.get(&location(&posted)).await;
    assert_eq!(error(&answer), None);
    assert_eq!(browser.get("/me").await.json()["username"], "ada");
}

#[tokio::test]
async fn an_address_in_every_directory_needs_a_setting() {
    for (trust, is_in) in
        [(AddressTrust::Verified, false), (AddressTrust::Never, false), (AddressTrust::Every, true)]
    {
        let app = App::on(Kind::Sqlite).await;
        let provider = Provider::start(Arc::clone(&app.clock)).await;
        provider.script().profile = json!({ "email_verified": null });
        let config = OAuthConfig::new(FRONTEND).provider(client_of(&provider, "corp").trust(trust));
        let app = serving(&app, config).await;
        let answer = sign_in(&app.browser(), &provider).await;
        assert_eq!(error(&answer).is_none(), is_in, "{trust:?}");
    }
}

#[tokio::test]
async fn a_public_client_proves_itself_by_pkce_alone() {
    let app = App::on(Kind::Sqlite).await;
    let provider = Provider::start(Arc::clone(&app.clock)).await;
    let client = Configured::oidc("corp", &provider.issuer, CLIENT, ClientSecret::None);
    let app = serving(&app, OAuthConfig::new(FRONTEND).provider(client)).await;
    let browser = app.browser();
    // This provider wants a secret.
    assert_refused(&browser, &sign_in(&browser, &provider).await, "oauth_failed").await;
    let seen = provider.script().seen.clone();
    let (_, form, authorization) = seen.iter().find(|(path, ..)| path == "/token").unwrap();
    assert_eq!(form.get("client_id").map(String::as_str), Some(CLIENT));
    assert!(authorization.is_none() && !form.contains_key("client_secret"));
}

#[test]
fn settings_that_cannot_work_are_rejected() {
    let ok = || Configured::google("id", "secret");
    assert_eq!(errors(ok()), []);
    assert_eq!(errors(Configured::github("id", "secret")), []);
    let directory = "72F988BF-86F1-41AF-91AB-2D7CD011DB47";
    for tenant in ["common", "organizations", "consumers", directory] {
        assert_eq!(errors(Configured::microsoft(tenant, "id", "secret").tenants([directory])), []);
    }
    let apple = |key: &str| Configured::apple("team", "key", "client", key);
    assert_eq!(errors(apple(&apple::key())), []);
    for provider in [
        ok().named(""),
        ok().named("Google"),
        ok().named("a/b"),
        ok().named("connections"),
        Configured::google("", "secret"),
        Configured::oidc("a", "http://provider.example", "id", "secret"),
        Configured::oidc("a", "https://10.0.0.1", "id", "secret"),
        Configured::oidc("a", "https://provider.example?x=1", "id", "secret"),
        Configured::oidc("a", "provider.example", "id", "secret"),
        Configured::github("id", "secret").github_enterprise("ftp://a"),
        Configured::microsoft("corp.example", "id", "secret"),
        Configured::microsoft("common", "id", "secret").tenants(["corp.example"]),
        Configured::microsoft("common", "id", "secret").tenants([""; 0]),
        apple(""),
        apple("AuthKey"),
        apple("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
    ] {
        assert_eq!(errors(provider.clone()).len(), 1, "{provider:?}");
    }
    let private = Configured::oidc("a", "https://10.0.0.1", "id", "secret");
    assert_eq!(errors(private.allow_private_network()), []);
    assert_eq!(OAuthConfig::new(FRONTEND).validate().len(), 1, "no provider");
    assert_eq!(OAuthConfig::new("app.example").provider(ok()).validate().len(), 1);
    assert_eq!(OAuthConfig::new(FRONTEND).provider(ok()).provider(ok()).validate().len(), 1);
    let home = |home: &str| OAuthConfig::new(FRONTEND).provider(ok()).default_redirect(home);
    for valid in ["/", "/app?x=1", "https://other.example/"] {
        assert_eq!(home(valid).validate(), [], "{valid}");
    }
    for wrong in ["", "//evil.example", "javascript:alert(1)"] {
        assert_eq!(home(wrong).validate().len(), 1, "{wrong}");
    }
}
