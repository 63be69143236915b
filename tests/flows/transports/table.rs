//! The contract's table of a session and a token on one request, row by row.

use super::*;

/// A row: a label, the credentials sent, and the expected answer.
type Row<'r> = (&'r str, &'r Browser, &'r str, &'r str, Value);

async fn rows(method: Method, rows: &[Row<'_>]) {
    for (case, browser, token, csrf, expected) in rows {
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
        assert_eq!(&seen, expected, "{method} {case}");
    }
}

/// The credentials of the table.
struct Sent {
    ada: Browser,
    dead: Browser,
    stranger: Browser,
    good: String,
    outdated: String,
    orphaned: String,
    expired: String,
}

async fn sent(app: &App) -> Sent {
    let expired = app.program("ada").await.access;
    app.clock.advance(Duration::from_secs(900));
    let orphaned = app.program("carl").await.access;
    let outdated = app.program("dora").await.access;
    app.database.execute("DELETE FROM users WHERE username = 'carl'").await;
    app.database.execute("UPDATE users SET token_version = 7 WHERE username = 'dora'").await;
    let dead = app.browser();
    let stranger = app.browser();
    dead.set_cookie("session_id", &"0".repeat(64));
    let good = app.program("bob").await.access;
    let ada = app.signed_in("ada", PASSWORD).await;
    Sent { ada, dead, stranger, good, outdated, orphaned, expired }
}

#[tokio::test]
async fn the_contract_table_with_the_session_first() {
    let app = App::on(Kind::Sqlite).await.with_tokens().await;
    let Sent { ada, dead, stranger, good, outdated, orphaned, expired } = sent(&app).await;
    let (session, bearer) = (json!(["ada", "session"]), json!(["bob", "bearer"]));
    let invalid = json!("Invalid token");
    let none = json!("Not authenticated");
    let missing = json!("Missing CSRF token");
    let wrong = json!("Invalid CSRF token");
    rows(
        Method::GET,
        &[
            ("S + T", &ada, &good, "right", session.clone()),
            ("S + expired", &ada, &expired, "right", session.clone()),
            ("S + outdated", &ada, &outdated, "right", session.clone()),
            ("S + orphaned's", &ada, &orphaned, "right", session.clone()),
            ("S + junk", &ada, "junk", "right", session.clone()),
            ("no session + T", &stranger, &good, "right", bearer.clone()),
            ("no session + expired", &stranger, &expired, "right", none.clone()),
            ("no session + outdated", &stranger, &outdated, "right", none.clone()),
            ("no session + orphaned's", &stranger, &orphaned, "right", none.clone()),
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
    // The account is checked before the CSRF token.
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
    let Sent { ada, dead, stranger, good, outdated, orphaned, expired } =
        sent(&app.with_tokens().await).await;
    let app = app.serving(tokens_first_routes(&auth));
    let [ada, dead, stranger] = [ada, dead, stranger].map(|browser| browser.to(&app));
    let (session, bearer) = (json!(["ada", "session"]), json!(["bob", "bearer"]));
    let invalid = json!("Invalid token");
    let missing = json!("Missing CSRF token");
    rows(
        Method::GET,
        &[
            ("S + T", &ada, &good, "right", bearer.clone()),
            ("S + expired", &ada, &expired, "right", session.clone()),
            ("S + outdated", &ada, &outdated, "right", session.clone()),
            ("S + orphaned's", &ada, &orphaned, "right", session),
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
    let ada = app.member("ada").await;
    let bob = app.program("bob").await;
    let bearer = format!("Bearer {}", bob.access);
    let post = async |browser: &Browser, path: &str, bearer: &str| {
        let headers = [("authorization", bearer), ("x-csrf-token", "")];
        let answer = browser.send(Method::POST, path, &headers, vec![]).await;
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
