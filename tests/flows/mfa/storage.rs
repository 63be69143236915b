//! What the database and the log hold.

use crudauth_tests::Log;

use super::*;

const NEXT_SECRET: &str = "the-next-secret-for-tests-of-32-bytes";

on_every_database! {
    async fn a_secret_that_is_copied_to_another_row_opens_nothing(app: App) {
        let app = guarded(&app, Setup::default()).await;
        let ada = enrolled(&app, "ada").await;
        let eve = enrolled(&app, "eve").await;
        let [ada_id, eve_id] = [ada.browser.id().await, eve.browser.id().await];
        let table = "users_authenticators";
        app.database
            .execute(&format!(
                "UPDATE {table} SET secret = (SELECT secret FROM (SELECT secret, user_id FROM {table}) \
                 AS other WHERE user_id = {eve_id}) WHERE user_id = {ada_id}"
            ))
            .await;
        assert!(!signs_in(&app, "ada", &code(&app, &eve.secret, 0)).await);
        assert!(signs_in(&app, "eve", &code(&app, &eve.secret, 0)).await);
        assert!(signs_in(&app, "ada", &ada.codes[0]).await, "recovery codes need no key");
    }

    async fn a_purge_deletes_challenges_that_nobody_finished(app: App) {
        let (auth, app) = guarded_mount(&app, Setup::default()).await;
        enrolled(&app, "ada").await;
        challenged(&app, "ada").await;
        auth.purge().await.unwrap();
        assert_eq!(app.database.count("users_challenges").await, 1);
        app.clock.advance(Duration::from_hours(1));
        auth.purge().await.unwrap();
        assert_eq!(app.database.count("users_challenges").await, 0);
    }

    async fn a_factor_survives_new_secrets_of_the_app(app: App) {
        let first = guarded(&app, Setup::default()).await;
        let ada = enrolled(&first, "ada").await;
        let setup = Setup { secret: NEXT_SECRET, previous: vec![SECRET], ..Setup::default() };
        let rotated = guarded(&app, setup).await;
        assert!(signs_in(&rotated, "ada", &code(&app, &ada.secret, 0)).await);
        app.clock.advance(Duration::from_secs(30));
        let later = guarded(&app, Setup { secret: NEXT_SECRET, ..Setup::default() }).await;
        assert!(signs_in(&later, "ada", &code(&app, &ada.secret, 0)).await, "encrypted anew");
    }
}

#[tokio::test]
async fn neither_the_database_nor_the_log_has_a_secret() {
    let log = Log::listen();
    let app = guarded(&App::on(crudauth_tests::Kind::Sqlite).await, Setup::default()).await;
    let ada = enrolled(&app, "ada").await;
    let (browser, challenge) = challenged(&app, "ada").await;
    let right = code(&app, &ada.secret, 0);
    assert_eq!(verify(&browser, &challenge, &right).await.status, 200);
    let (_, open) = challenged(&app, "ada").await;
    assert!(signs_in(&app, "ada", &ada.codes[0]).await);
    let stored = app.database.cells_in_hex().await;
    let raw = |text: &str| hex::encode(text);
    assert!(stored.contains(&raw("ada@example.com")), "the search sees what is stored");
    assert!(!stored.contains(&hex::encode(key_of(&ada.secret))));
    let mut secrets = vec![ada.secret.clone(), challenge, open];
    secrets.extend(ada.codes.iter().cloned());
    secrets.extend(ada.codes.iter().map(|code| code.replace('-', "")));
    for secret in &secrets {
        assert!(!stored.contains(&raw(secret)), "stored: {secret}");
        assert!(!log.text().contains(secret), "logged: {secret}");
    }
    assert!(!log.text().contains(&right));
    assert!(log.text().contains("recovery code used"));
}
