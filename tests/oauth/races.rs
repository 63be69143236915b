//! Many requests at once have one effect.

use std::time::Duration;

use crudauth_tests::{concurrently, on_every_database};

use super::*;

on_every_database! {
    async fn of_many_callbacks_of_one_state_one_signs_in(app: App) {
        let (app, provider) = with_provider(&app).await;
        let browser = app.browser();
        let back = provider.consent(&begin(&browser, "").await);
        let answers = concurrently((0..32).map(|_| {
            let (browser, back) = (browser.stolen(), back.clone());
            async move { browser.get(&back).await }
        }))
        .await;
        let signed_in = answers.iter().filter(|answer| error(answer).is_none()).count();
        assert_eq!(signed_in, 1, "{answers:?}");
        assert_eq!(provider.requests("/token"), 1);
        assert_eq!((accounts(&app).await, connections(&app).await), (1, 1));
    }

    async fn many_first_sign_ins_of_one_person_make_one_account(app: App) {
        let (app, provider) = with_provider(&app).await;
        let mut begun = Vec::new();
        for _ in 0..16 {
            let browser = app.browser();
            let url = begin(&browser, "").await;
            begun.push((browser, provider.consent(&url)));
        }
        // All of them need the provider's keys before the first one has read them.
        provider.script().delay = Duration::from_millis(100);
        let answers = concurrently(begun.into_iter().map(|(browser, back)| async move {
            error(&browser.get(&back).await)
        }))
        .await;
        assert!(answers.iter().all(Option::is_none), "{answers:?}");
        assert_eq!(provider.requests("/jwks"), 1);
        assert_eq!((accounts(&app).await, connections(&app).await), (1, 1));
    }

    async fn many_sign_ins_share_a_request_for_keys_that_fails(app: App) {
        let (app, provider) = with_provider(&app).await;
        let mut begun = Vec::new();
        for _ in 0..4 {
            let browser = app.browser();
            let url = begin(&browser, "").await;
            begun.push((browser, provider.consent(&url)));
        }
        provider.script().delay = Duration::from_millis(100);
        let mut down = provider::Answer::new(500, "down");
        down.delay = Duration::from_secs(1);
        provider.script().answers.insert("/jwks", down);
        let answers = concurrently(begun.into_iter().map(|(browser, back)| async move {
            error(&browser.get(&back).await)
        }))
        .await;
        assert!(answers.iter().all(|one| one.as_deref() == Some("oauth_failed")), "{answers:?}");
        assert_eq!(provider.requests("/jwks"), 1);
        provider.script().answers.clear();
        signed_in(&app, &provider).await;
    }

    async fn of_many_people_with_one_address_one_gets_the_account(app: App) {
        let (app, provider) = with_provider(&app).await;
        app.register("ada").await;
        let mut begun = Vec::new();
        for number in 0..12 {
            provider.script().person = provider::person(&format!("ada-{number}"), "ada");
            let browser = app.browser();
            let url = begin(&browser, "").await;
            begun.push((browser, provider.consent(&url)));
        }
        let answers = concurrently(begun.into_iter().map(|(browser, back)| async move {
            error(&browser.get(&back).await)
        }))
        .await;
        let refused = answers.iter().filter(|answer| answer.as_deref() == Some("provider_already_linked"));
        assert_eq!(refused.count(), 11, "{answers:?}");
        assert_eq!((accounts(&app).await, connections(&app).await), (1, 1));
    }

    async fn of_two_removals_at_once_one_connection_stays(app: App) {
        let (app, provider) = with_provider(&app).await;
        let ada = signed_in(&app, &provider).await;
        provider.script().person = provider::person("ada-2", "countess");
        let answer = ada.post("/oauth/corp/connect", json!({})).await;
        ada.get(&provider.consent(answer.json()["url"].as_str().unwrap())).await;
        let list = ada.get("/oauth/connections").await.json();
        let removals = list.as_array().unwrap().iter().map(|one| {
            let path = format!("/oauth/connections/{}", one["id"].as_str().unwrap());
            let browser = ada.clone();
            async move { browser.delete(&path).await }
        });
        let answers = concurrently(removals.collect::<Vec<_>>()).await;
        let removed = answers.iter().filter(|answer| answer.status == 200).count();
        assert!(removed <= 1, "{answers:?}");
        assert!(connections(&app).await >= 1);
    }
}
