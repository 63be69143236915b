//! Microsoft: one document for many directories, of which each is an issuer of its own.

use crudauth::oauth::{AddressTrust, Provider as Configured};
use crudauth_tests::{Kind, Log, on_every_database};
use serde_json::Value;

use super::*;

const ONE: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";

const OTHER: &str = "1b2c3d4e-0000-4000-8000-00000000000a";

const PERSONAL: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

fn issuer(directory: &str) -> String {
    format!("https://login.microsoftonline.com/{directory}/v2.0")
}

/// The claims of a person in a directory.
fn claims(directory: &str) -> Value {
    json!({
        "iss": issuer(directory), "tid": directory, "email": "ada@example.com", "xms_edov": true,
        "preferred_username": "ada@corp.example",
    })
}

async fn serving_microsoft(
    app: &App,
    tenant: &str,
    set: impl FnOnce(Configured) -> Configured,
) -> (App, Provider) {
    // The library asks at the id of the directory for personal accounts.
    let directory = if tenant == "consumers" { PERSONAL } else { tenant };
    let microsoft = Provider::start(Arc::clone(&app.clock)).await.known_as(&issuer(directory));
    {
        let named = if directory.contains('-') { directory } else { "{tenantid}" };
        let mut script = microsoft.script();
        // The token of an app with an API of its own does not open the profile.
        script.document = json!({
            "issuer": issuer(named), "userinfo_endpoint": "https://graph.microsoft.com/oidc/userinfo",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
        });
        script.published_key = json!({ "issuer": issuer("{tenantid}") });
        script.id_token = claims(ONE);
    }
    let provider = Configured::microsoft(tenant, CLIENT, CLIENT_SECRET);
    let config = OAuthConfig::new(FRONTEND).provider(set(provider)).http_client(microsoft.clone());
    (serving(app, config).await, microsoft)
}

/// The whole round in a new browser.
async fn round(app: &App, microsoft: &Provider) -> (Browser, Answer) {
    let browser = app.browser();
    let url = location(&browser.get("/oauth/microsoft/authorize").await);
    let answer = browser.get(&microsoft.consent(&url)).await;
    (browser, answer)
}

async fn assert_in(app: &App, microsoft: &Provider) -> Browser {
    let (browser, answer) = round(app, microsoft).await;
    assert_eq!(error(&answer), None);
    browser
}

async fn assert_out(app: &App, microsoft: &Provider, code: &str) {
    let (browser, answer) = round(app, microsoft).await;
    assert_refused(&browser, &answer, code).await;
}

on_every_database! {
    async fn a_person_of_a_directory_signs_up_and_in_again(app: App) {
        let (app, microsoft) = serving_microsoft(&app, "common", |provider| provider).await;
        let ada = assert_in(&app, &microsoft).await;
        let me = ada.get("/me").await.json();
        assert_eq!((&me["username"], &me["email"]), (&json!("ada"), &json!("ada@example.com")));
        assert_eq!(assert_in(&app, &microsoft).await.id().await, ada.id().await);
        let stored = app.database.text("SELECT issuer FROM users_connections").await;
        assert_eq!(stored, issuer(ONE));

        // The same subject in another directory is another person.
        microsoft.script().id_token = claims(OTHER);
        microsoft.script().id_token["email"] = json!("eve@example.com");
        assert_ne!(assert_in(&app, &microsoft).await.id().await, ada.id().await);
        assert_eq!((accounts(&app).await, connections(&app).await), (2, 2));
    }
}

#[tokio::test]
async fn only_the_people_of_admitted_directories_sign_in() {
    for (tenant, listed, directory, is_in) in [
        (ONE, None, ONE, true),
        (ONE, None, OTHER, false),
        ("consumers", None, PERSONAL, true),
        ("consumers", None, ONE, false),
        ("common", None, PERSONAL, true),
        ("organizations", None, ONE, true),
        ("organizations", None, PERSONAL, false),
        ("organizations", Some(OTHER), OTHER, true),
        ("organizations", Some(OTHER), ONE, false),
        ("common", Some(OTHER), PERSONAL, false),
    ] {
        let app = App::on(Kind::Sqlite).await;
        let limit = |provider: Configured| match listed {
            Some(id) => provider.tenants([id.to_uppercase()]),
            None => provider,
        };
        let (app, microsoft) = serving_microsoft(&app, tenant, limit).await;
        microsoft.script().id_token = claims(directory);
        let (browser, answer) = round(&app, &microsoft).await;
        assert_eq!(error(&answer).is_none(), is_in, "{tenant} {listed:?} {directory}");
        assert_eq!(browser.is_signed_in().await, is_in);
    }
}

#[tokio::test]
async fn a_lie_about_the_directory_is_refused() {
    let log = Log::listen();
    let app = App::on(Kind::Sqlite).await;
    let (app, microsoft) = serving_microsoft(&app, "common", |provider| provider).await;
    for (claim, lie) in [
        ("tid", json!(null)),
        ("tid", json!(OTHER)),
        ("iss", json!(issuer(OTHER))),
        ("iss", json!(issuer("common"))),
        ("iss", json!(issuer("{tenantid}"))),
        ("iss", json!(format!("https://sts.windows.net/{ONE}/"))),
    ] {
        microsoft.script().id_token = claims(ONE);
        microsoft.script().id_token[claim] = lie;
        assert_out(&app, &microsoft, "oauth_failed").await;
    }
    assert_eq!(log.count("another issuer"), 6, "{}", log.text());
    microsoft.script().id_token = claims(ONE);
    microsoft.script().callback = json!({ "iss": "https://evil.example" });
    assert_out(&app, &microsoft, "oauth_failed").await;
    microsoft.script().callback = json!({ "iss": issuer(ONE) });
    assert_in(&app, &microsoft).await;
}

#[tokio::test]
async fn keys_and_documents_of_another_directory_are_refused() {
    for (own, is_in) in [(issuer("{tenantid}"), true), (issuer(ONE), true), (issuer(OTHER), false)]
    {
        let app = App::on(Kind::Sqlite).await;
        let (app, microsoft) = serving_microsoft(&app, "common", |provider| provider).await;
        microsoft.script().published_key = json!({ "issuer": own });
        let (_, answer) = round(&app, &microsoft).await;
        assert_eq!(error(&answer).is_none(), is_in, "{own}");
        let token = microsoft.logout_token("a", &claims(ONE), &Value::Null);
        let answer = logout::told_by(&app, "microsoft", &token).await;
        assert_eq!(answer.status == 200, is_in, "{own}: {answer:?}");
    }
    for named in ["https://evil.example/{tenantid}/v2.0".to_owned(), issuer(ONE)] {
        let app = App::on(Kind::Sqlite).await;
        let (app, microsoft) = serving_microsoft(&app, "common", |provider| provider).await;
        microsoft.script().document["issuer"] = json!(named);
        let answer = app.browser().get("/oauth/microsoft/authorize").await;
        assert_eq!(error(&answer).as_deref(), Some("oauth_failed"), "{named}");
    }
}

#[tokio::test]
async fn an_address_in_a_directory_counts_with_its_claim_or_by_a_setting() {
    let app = App::on(Kind::Sqlite).await;
    let (app, microsoft) = serving_microsoft(&app, "common", |provider| provider).await;
    let owner = verified(&app, "ada").await.id().await;
    for verdict in [json!(null), json!(false), json!("0"), json!("true"), json!(2)] {
        microsoft.script().id_token["xms_edov"] = verdict;
        // Microsoft sends no such claim: an administrator may have added it.
        microsoft.script().id_token["email_verified"] = json!(true);
        assert_out(&app, &microsoft, "email_unverified").await;
    }
    assert_eq!(connections(&app).await, 0);
    microsoft.script().id_token["xms_edov"] = json!("1");
    assert_eq!(assert_in(&app, &microsoft).await.id().await, owner);

    let app = App::on(Kind::Sqlite).await;
    let trusting = |provider: Configured| provider.trust(AddressTrust::Every);
    let (app, microsoft) = serving_microsoft(&app, ONE, trusting).await;
    microsoft.script().id_token["xms_edov"] = json!(null);
    assert_in(&app, &microsoft).await;
}
