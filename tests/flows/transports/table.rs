//! The table of the contract: a session and a token on one request, row by row.

use super::*;

/// One row of the contract's table: what comes along, and who acts by what.
type Row<'r> = (&'r str, &'r Browser, &'r str, &'r str, Value);

async fn rows(method: Method, rows: &[Row<'_>]) {
    for (what, browser, token, csrf, expected) in rows {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![];
        if !token.is_empty() {
            headers.push(("authorization", &*bearer));
        }
        if *csrf != "right" {
            headers.push(("x-csrf-token", csrf));
        }
        let answer = browser.send(method.clone(), "/whoami", &headers, vec![]).await;
        let seen = if answer.status == 200 { answer.json() } else { json!(answer.detail()) };
        assert_eq!(&seen, expected, "{method} {what}");
    }
}

/// Everything that may come along.
struct Sent {
    ada: Browser,
    dead: Browser,
    stranger: Browser,
    good: String,
    outdated: String,
    nobody: String,
    expired: String,
}

async fn sent(app: &App) -> Sent {
    let expired = app.program("ada").await.access;
    app.clock.advance(Duration::from_secs(900));
    let (nobody, outdated) = (app.program("carl").await.access, app.program("dora").await.access);
    app.database.execute("DELETE FROM users WHERE username = 'carl'").await;
    app.database.execute("UPDATE users SET token_version = 7 WHERE username = 'dora'").await;
    let (dead, stranger) = (app.browser(), app.browser());
    dead.set_cookie("session_id", &"0".repeat(64));
    let good = app.program("bob").await.access;
    let ada = app.signed_in("ada", PASSWORD).await;
    Sent { ada, dead, stranger, good, outdated, nobody, expired }
}

#[tokio::test]
async fn the_contract_table_with_the_session_first() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let Sent { ada, dead, stranger, good, outdated, nobody, expired } = sent(&app).await;
    let (session, bearer) = (json!(["ada", "session"]), json!(["bob", "bearer"]));
    let (invalid, none) = (json!("Invalid token"), json!("Not authenticated"));
    let (missing, wrong) = (json!("Missing CSRF token"), json!("Invalid CSRF token"));
    rows(
        Method::GET,
        &[
            ("S + T", &ada, &good, "right", session.clone()),
            ("S + expired", &ada, &expired, "right", session.clone()),
            ("S + outdated", &ada, &outdated, "right", session.clone()),
            ("S + nobody's", &ada, &nobody, "right", session.clone()),
            ("S + junk", &ada, "junk", "right", session.clone()),
            ("no session + T", &stranger, &good, "right", bearer.clone()),
            ("no session + expired", &stranger, &expired, "right", none.clone()),
            ("no session + outdated", &stranger, &outdated, "right", none.clone()),
            ("no session + nobody's", &stranger, &nobody, "right", none.clone()),
            ("dead session + junk", &dead, "junk", "right", invalid.clone()),
            ("no session + junk", &stranger, "junk", "right", invalid),
        ],
    )
    .await;
    rows(
        Method::POST,
        &[
            ("S + T, CSRF missing", &ada, &good, "", missing.clone()),
            ("S + T, CSRF wrong", &ada, &good, "x", wrong),
            ("S + T, CSRF right", &ada, &good, "right", session),
            ("S + expired, CSRF missing", &ada, &expired, "", missing),
            ("dead session + T", &dead, &good, "", bearer.clone()),
            ("no session + T", &stranger, &good, "", bearer.clone()),
        ],
    )
    .await;
    // The account is looked at before the CSRF token.
    app.database.execute("UPDATE users SET token_version = 7 WHERE username = 'ada'").await;
    rows(
        Method::POST,
        &[
            ("older version + T, CSRF missing", &ada, &good, "", bearer.clone()),
            ("older version + T, CSRF right", &ada, &good, "right", bearer),
            ("older version, CSRF missing", &ada, "", "", none),
        ],
    )
    .await;
}

#[tokio::test]
async fn the_contract_table_with_the_token_first() {
    let app = App::on(Kind::Sqlite).await;
    let Database::Sqlite(pool) = app.database.clone() else { unreachable!() };
    let first =
        TokensFirst::builder(pool, SECRET).trusted_proxy_hops(1).clock(Arc::clone(&app.clock) as _);
    let auth = first.build().await.unwrap();
    let Sent { ada, dead, stranger, good, outdated, nobody, expired } =
        sent(&app.with_tokens().await).await;
    let app = app.serving(tokens_first_routes(&auth));
    let [ada, dead, stranger] = [ada, dead, stranger].map(|browser| browser.to(&app));
    let (session, bearer) = (json!(["ada", "session"]), json!(["bob", "bearer"]));
    let (invalid, missing) = (json!("Invalid token"), json!("Missing CSRF token"));
    rows(
        Method::GET,
        &[
            ("S + T", &ada, &good, "right", bearer.clone()),
            ("S + expired", &ada, &expired, "right", session.clone()),
            ("S + outdated", &ada, &outdated, "right", session.clone()),
            ("S + nobody's", &ada, &nobody, "right", session),
            ("S + junk", &ada, "junk", "right", invalid.clone()),
            ("dead session + junk", &dead, "junk", "right", invalid.clone()),
            ("no session + junk", &stranger, "junk", "right", invalid),
        ],
    )
    .await;
    rows(
        Method::POST,
        &[
            ("S + T, CSRF missing", &ada, &good, "", bearer.clone()),
            ("S + T, CSRF wrong", &ada, &good, "x", bearer.clone()),
            ("S + expired, CSRF missing", &ada, &expired, "", missing),
            ("dead session + T", &dead, &good, "", bearer.clone()),
        ],
    )
    .await;
    app.database.execute("UPDATE users SET token_version = 7 WHERE username = 'ada'").await;
    rows(Method::POST, &[("older version + T", &ada, &good, "", bearer)]).await;
}

#[tokio::test]
async fn routes_narrowed_to_session_or_token_ignore_the_other() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let (ada, bob) = (app.member("ada").await, app.program("bob").await);
    let bearer = format!("Bearer {}", bob.access);
    let post = async |who: &Browser, path: &str, bearer: &str| {
        let headers = [("authorization", bearer), ("x-csrf-token", "")];
        let answer = who.send(Method::POST, path, &headers, vec![]).await;
        if answer.status == 200 { answer.json() } else { json!(answer.detail()) }
    };
    assert_eq!(post(&ada, "/by-token", &bearer).await, json!(["bob", "bearer"]), "no CSRF token");
    assert_eq!(post(&ada, "/by-token", "").await, json!("Not authenticated"));
    assert_eq!(post(&ada, "/by-token", "Bearer junk").await, json!("Invalid token"));
    assert_eq!(post(&ada, "/by-session", &bearer).await, json!("Missing CSRF token"));
    let junk = [("authorization", "Bearer junk")];
    let answer = ada.send(Method::GET, "/by-session", &junk, vec![]).await;
    assert_eq!(answer.json(), json!(["ada", "session"]));
    assert_eq!(
        app.browser().send(Method::GET, "/by-session", &junk, vec![]).await.detail(),
        "Not authenticated"
    );
}
