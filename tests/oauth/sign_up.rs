//! The sign-up policy and invitations, for a person whom a provider vouches for.

use crudauth::EmailAddress;
use crudauth::email::MessageKind;
use crudauth_tests::on_every_database;
use serde_json::Map;

use super::*;

const ADA: &str = "ada@example.com";

async fn with_policy(app: &App, policy: SignUpPolicy) -> (Auth, App, Provider) {
    let provider = Provider::start(Arc::clone(&app.clock)).await;
    let (auth, app) = serving_to(app, config(&provider), policy).await;
    (auth, app, provider)
}

on_every_database! {
    async fn a_closed_sign_up_refuses_new_people_and_signs_known_ones_in(app: App) {
        let open = app.clone();
        let (_, app, provider) = with_policy(&app, SignUpPolicy::closed()).await;
        let browser = app.browser();
        assert_refused(&browser, &sign_in(&browser, &provider).await, "sign_up_closed").await;
        assert_eq!((accounts(&app).await, connections(&app).await), (0, 0));
        verified(&open, "ada").await;
        signed_in(&app, &provider).await;
        assert_eq!((accounts(&app).await, connections(&app).await), (1, 1));
    }

    async fn only_addresses_of_listed_domains_get_an_account(app: App) {
        let (_, app, provider) = with_policy(&app, SignUpPolicy::domains(["example.com"])).await;
        provider.script().profile = json!({ "email": "ada@sub.example.com" });
        let browser = app.browser();
        assert_refused(&browser, &sign_in(&browser, &provider).await, "sign_up_closed").await;
        provider.script().profile = json!({ "email": ADA });
        signed_in(&app, &provider).await;
        assert_eq!(accounts(&app).await, 1);
    }

    async fn an_invited_person_signs_up_with_a_provider(app: App) {
        let (auth, app, provider) = with_policy(&app, SignUpPolicy::closed()).await;
        let mut preset = Map::new();
        preset.insert("full_name".to_owned(), "Ada L.".into());
        let address = EmailAddress::parse(ADA).unwrap();
        let invitations = auth.accounts().invitations().unwrap();
        invitations.invite(None, address, preset).await.unwrap();
        let token = app.token(MessageKind::Invitation, ADA).await;
        signed_in(&app, &provider).await;
        assert_eq!(app.database.count("users WHERE full_name = 'Ada L.'").await, 1);
        assert_eq!(app.database.count("users_invitations").await, 0);
        let mut form = crudauth_tests::sign_up("ada");
        form["invitation"] = token.into();
        let answer = app.browser().post("/register", form).await;
        assert_eq!((answer.status, &*answer.code()), (400, "invalid-token"));
    }
}
