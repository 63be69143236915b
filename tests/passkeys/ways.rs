//! What a refusal tells about the proof that is missing, for each kind of account and each gate.

use super::*;

/// The gates, with the factor that each wants and its greatest age in seconds.
const GATES: [(&str, &str, u64); 5] = [
    ("/danger", "all", 300),
    ("/by-password", "password", 600),
    ("/by-mail", "email", 600),
    ("/second", "second", 600),
    ("/by-passkey", "passkey", 600),
];

/// The ways of each kind of account, at each gate.
const TABLE: [(&str, [&[&str]; 5]); 5] = [
    ("password", [&["password"], &["password"], &["mail"], &[], &[]]),
    ("code", [&["password", "code"], &["password"], &["mail"], &["code"], &[]]),
    ("both", [&["password", "passkey"], &["password"], &["mail"], &["passkey"], &["passkey"]]),
    ("passkey", [&["passkey"], &[], &["mail"], &["passkey"], &["passkey"]]),
    ("mail", [&["mail"], &[], &["mail"], &[], &[]]),
];

/// The owner of an account of this kind, whose proofs are too old.
async fn owner(app: &App, kind: &str) -> Browser {
    let browser = app.member(kind).await;
    if ["both", "passkey"].contains(&kind) {
        assert_eq!(register(&browser, &mut authenticator()).await.status, 201);
    }
    if kind == "code" {
        enrol(app, &browser).await;
    }
    if ["passkey", "mail"].contains(&kind) {
        let take = "UPDATE users SET hashed_password = '!none' WHERE username";
        app.database.execute(&format!("{take} = '{kind}'")).await;
    }
    app.clock.advance(Duration::from_secs(601));
    browser
}

on_every_database! {
    async fn a_refusal_names_the_factor_its_age_and_the_ways_of_the_account(app: App) {
        let app = guarded(&app, Setup::default()).await;
        for (kind, ways) in TABLE {
            let browser = owner(&app, kind).await;
            for ((path, factor, max_age), ways) in GATES.into_iter().zip(ways) {
                let answer = browser.get(path).await;
                let mut expected = json!({
                    "type": "about:blank", "title": "Forbidden", "status": 403,
                    "code": "reauthentication-required",
                    "detail": "Re-authentication required.",
                    "factor": factor, "max_age": max_age,
                });
                if !ways.is_empty() {
                    expected["ways"] = json!(ways);
                }
                assert_eq!(answer.json(), expected, "{kind} at {path}");
                assert_eq!(answer.status, 403);
                assert_eq!(answer.header("www-authenticate"), None);
            }
            // The others sign in again.
            if ways[0].contains(&"password") {
                let refused = browser.post("/passkeys/register/options", json!({})).await.json();
                let told = [&refused["factor"], &refused["max_age"], &refused["ways"]];
                assert_eq!(told, [&json!("all"), &json!(300), &json!(ways[0])], "{kind}");
            }
        }
    }

    async fn a_token_learns_nothing_about_the_account(app: App) {
        let app = guarded(&app, Setup::default()).await;
        app.member("ada").await;
        let form = format!("username=ada&password={PASSWORD}").into_bytes();
        let kind = [("content-type", "application/x-www-form-urlencoded")];
        let answer = app.browser().send(Method::POST, "/token", &kind, form).await;
        let token = format!("Bearer {}", answer.json()["access_token"].as_str().unwrap());
        for (path, factor, max_age) in GATES {
            let headers = [("authorization", &*token)];
            let answer = app.browser().send(Method::GET, path, &headers, Vec::new()).await;
            let refused = answer.json();
            assert_eq!((answer.status, &refused["factor"]), (403, &json!(factor)), "{path}");
            assert!(refused.get("ways").is_none(), "{refused}");
            let challenge = answer.header("www-authenticate").unwrap();
            let expected = format!("error=\"insufficient_user_authentication\", max_age=\"{max_age}\"");
            assert!(challenge.contains(&expected), "{challenge}");
        }
    }
}
