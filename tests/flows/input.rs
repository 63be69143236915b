//! Malformed bodies and fields: rejected by name, never echoed, never a server error. Paths,
//! methods and headers are in `requests.rs`.

use std::fmt::Debug;

use crudauth_tests::{Answer, App, Browser, Kind, PASSWORD, Unlimited, on_every_database, sign_up};
use poem::http::Method;
use serde_json::{Value, json};

/// Text that a client sends and no answer may contain.
const MARK: &str = "s3cr3t-m4rk";

/// Each route that takes a JSON object, with a well-formed one. None succeeds: the tokens and
/// passwords are wrong.
fn json_routes() -> Vec<(&'static str, Value)> {
    let mut sign_up = sign_up("new");
    sign_up["full_name"] = json!("New Name");
    let wanted = json!({ "email": "new@example.com", "redirect_to": "/next" });
    vec![
        ("/register", sign_up),
        ("/email/verify-request", wanted.clone()),
        ("/email/verify-confirm", json!({ "token": "none" })),
        ("/password/reset-request", wanted),
        ("/password/reset-confirm", json!({ "token": "none", "new_password": PASSWORD })),
        ("/email/change-confirm", json!({ "token": "none" })),
        ("/change-password", json!({ "current_password": "wrong", "new_password": PASSWORD })),
        ("/set-password", json!({ "new_password": PASSWORD })),
        (
            "/email/change-request",
            json!({ "new_email": "n@example.com", "password": "wrong", "redirect_to": "/next" }),
        ),
    ]
}

/// The same app without rate limits, which would reject most cases.
async fn unlimited(app: &App) -> (App, Browser) {
    let app = App::over(app.database.clone(), Unlimited).await;
    let ada = app.member("ada").await;
    (app, ada)
}

async fn send_json(browser: &Browser, path: &str, body: impl Into<Vec<u8>>) -> Answer {
    let headers = [("content-type", "application/json")];
    browser.send(Method::POST, path, &headers, body.into()).await
}

async fn send_form(browser: &Browser, body: impl Into<Vec<u8>>) -> Answer {
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    browser.send(Method::POST, "/login", &headers, body.into()).await
}

/// Asserts one of `statuses`, a problem document and no echo of the input.
#[track_caller]
fn assert_rejected(answer: &Answer, statuses: &[u16], case: impl Debug) {
    assert!(statuses.contains(&answer.status), "{case:?}: {answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{case:?}");
    assert_eq!(answer.json()["status"], answer.status, "{case:?}");
    assert!(!answer.text.contains(MARK), "{case:?}: {answer:?}");
}

/// Asserts that exactly this field is reported.
#[track_caller]
fn assert_field(answer: &Answer, field: &str, case: impl Debug) {
    assert_rejected(answer, &[422], &case);
    let body = answer.json();
    assert_eq!(body["detail"].as_array().unwrap().len(), 1, "{case:?}: {answer:?}");
    assert_eq!(body["detail"][0]["loc"], json!(["body", field]), "{case:?}");
    assert_eq!(body["errors"][0]["pointer"], format!("/{field}"), "{case:?}");
    assert!(body["detail"][0].get("input").is_none());
}

/// The object with `raw` in place of the field's value.
fn with_raw(body: &Value, field: &str, raw: &str) -> String {
    let mut body = body.clone();
    body[field] = json!("PLACE");
    body.to_string().replace("\"PLACE\"", raw)
}

fn deep(open: &str, middle: &str, close: &str) -> String {
    open.repeat(10_000) + middle + &close.repeat(10_000)
}

on_every_database! {
    async fn every_route_rejects_a_malformed_body(app: App) {
        let (_, ada) = unlimited(&app).await;
        let json = "application/json";
        let large = format!("{{\"password\":\"{MARK}{}\"}}", "x".repeat(1 << 20));
        let bytes = |text: String| text.into_bytes();
        let with_byte = |byte: u8| [b"{\"password\":\"", MARK.as_bytes(), &[byte], b"\"}"].concat();
        let corpus: Vec<(&str, Vec<u8>)> = vec![
            (json, bytes(format!("{{\"password\": \"{MARK}"))),
            (json, bytes(format!("{{\"password\": {MARK}}}"))),
            (json, bytes(format!("{{\"{MARK}\"}}"))),
            (json, bytes(format!("{{}} {MARK}"))),
            (json, bytes(format!("[\"{MARK}\"]"))),
            (json, bytes(format!("\"{MARK}\""))),
            (json, bytes(format!("{{'password': '{MARK}'}}"))),
            (json, bytes(format!("{{\"{MARK}\\ud800\": 1}}"))),
            (json, b"null".to_vec()),
            (json, b"7".to_vec()),
            (json, b"NaN".to_vec()),
            (json, Vec::new()),
            (json, b"\0".to_vec()),
            (json, b"\xef\xbb\xbf{}".to_vec()),
            (json, "{}".encode_utf16().flat_map(u16::to_le_bytes).collect()),
            (json, with_byte(0xff)),
            (json, with_byte(0)),
            (json, with_byte(b'\n')),
            (json, b"[".repeat(10_000)),
            (json, b"{\"a\":".repeat(10_000)),
            (json, bytes(deep("[", MARK, "]"))),
            ("", b"{}".to_vec()),
            ("text/plain", bytes(format!("{{\"password\":\"{MARK}\"}}"))),
            ("application/jsonx", b"{}".to_vec()),
            ("application/json\u{e9}", b"{}".to_vec()),
            ("application/x-www-form-urlencoded", bytes(format!("password={MARK}"))),
            ("multipart/form-data", bytes(MARK.to_owned())),
        ];
        for (path, _) in json_routes() {
            for (content_type, body) in &corpus {
                let headers = [("content-type", *content_type)];
                let headers = if content_type.is_empty() { &[][..] } else { &headers };
                let answer = ada.send(Method::POST, path, headers, body.clone()).await;
                let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
                assert_rejected(&answer, &[422], (path, content_type, shown));
            }
            let answer = send_json(&ada, path, large.clone()).await;
            assert_rejected(&answer, &[413], path);
        }
        assert!(ada.is_signed_in().await);
    }

    async fn a_field_of_the_wrong_type_is_rejected_by_name(app: App) {
        let (_, ada) = unlimited(&app).await;
        let nested = deep("[", &format!("\"{MARK}\""), "]");
        let texts = [
            format!("\"{MARK}\\u0000\""),
            format!("\"{MARK}\\ud800\""),
            format!("\"\\udc00{MARK}\""),
            format!("\"\\ud800\\ud800{MARK}\""),
            format!("[\"{MARK}\"]"),
            format!("{{\"{MARK}\": \"{MARK}\"}}"),
            "7".to_owned(),
            "1e999".to_owned(),
            "true".to_owned(),
            nested,
        ];
        for (path, body) in json_routes() {
            for field in body.as_object().unwrap().keys() {
                let is_optional = matches!(&**field, "full_name" | "redirect_to");
                for raw in &texts {
                    let answer = send_json(&ada, path, with_raw(&body, field, raw)).await;
                    assert_field(&answer, field, (path, field, &raw[..raw.len().min(40)]));
                }
                let twice = format!("\"{MARK}\", \"{field}\": \"{MARK}\"");
                let answer = send_json(&ada, path, with_raw(&body, field, &twice)).await;
                assert_field(&answer, field, (path, field, "twice"));
                if !is_optional {
                    let answer = send_json(&ada, path, with_raw(&body, field, "null")).await;
                    assert_field(&answer, field, (path, field, "null"));
                    let mut without = body.clone();
                    without.as_object_mut().unwrap().remove(field);
                    let answer = send_json(&ada, path, without.to_string()).await;
                    assert_field(&answer, field, (path, field, "missing"));
                    assert_eq!(answer.json()["detail"][0]["type"], "missing");
                }
            }
        }
        assert_eq!(app.database.number("SELECT COUNT(*) FROM users").await, 1);
    }

    async fn an_overlong_text_is_rejected_by_name_and_limit(app: App) {
        let (_, ada) = unlimited(&app).await;
        for (path, body) in json_routes() {
            for field in body.as_object().unwrap().keys() {
                let (long, max) = match &**field {
                    "email" | "new_email" => (format!("{}@example.com", MARK.repeat(100)), 254),
                    "username" => (MARK.repeat(100), 64),
                    "password" | "new_password" | "current_password" => (MARK.repeat(1000), 4096),
                    _ => continue,
                };
                let mut body = body.clone();
                body[field] = json!(long);
                let answer = ada.post(path, body).await;
                assert_field(&answer, field, (path, field));
                let body = &answer.json()["detail"][0];
                assert_eq!(body["type"], "string_too_long", "{path} {field}");
                assert_eq!(body["ctx"], json!({ "max_length": max }), "{path} {field}");
            }
        }
    }

    async fn values_that_fit_are_stored_untruncated(app: App) {
        let (_, ada) = unlimited(&app).await;
        for (at, full_name) in
            ["x".repeat(60_000), "\u{1f600}".repeat(15_000), "\u{ffff}'\";--\\\u{7f}".to_owned()]
                .into_iter()
                .enumerate()
        {
            let mut form = sign_up(&format!("long{at}"));
            form["full_name"] = json!(full_name);
            assert_eq!(ada.post("/register", form).await.status, 202, "{at}");
            let stored = format!("SELECT full_name FROM users WHERE username = 'long{at}'");
            assert_eq!(app.database.text(&stored).await, full_name);
        }
        let mut form = sign_up("wide");
        form["username"] = json!("\u{20000}".repeat(64));
        form["email"] = json!(format!("{}@{}example.com", "a".repeat(64), "b.".repeat(80)));
        form["password"] = json!("\u{1f600}".repeat(1000));
        assert_eq!(ada.post("/register", form).await.status, 202);
        let stored = "SELECT COUNT(*) FROM users WHERE email LIKE 'aaa%'";
        assert_eq!(app.database.number(stored).await, 1);
    }

    async fn a_malformed_sign_in_form_is_rejected_without_a_session(app: App) {
        let (app, _) = unlimited(&app).await;
        let long = format!("username=unknown&password={}", MARK.repeat(1000));
        for (body, field) in [
            (format!("username={MARK}&username={MARK}&password=x"), "username"),
            (format!("username=unknown&password={MARK}&password={MARK}"), "password"),
            (format!("username=unknown&password={MARK}%00"), "password"),
            (long, "password"),
            (format!("username={MARK}"), "password"),
            (format!("password={MARK}"), "username"),
            (format!("username=&password={MARK}"), "username"),
            (format!("username={MARK}&password="), "password"),
            (format!("username=unknown&password=x&remember_me={MARK}"), "remember_me"),
            ("username=unknown&password=x&remember_me=1&remember_me=0".to_owned(), "remember_me"),
            (format!("username=unknown&password=x&grant_type={MARK}"), "grant_type"),
        ] {
            assert_field(&send_form(&app.browser(), body.clone()).await, field, &body);
        }
        // Impossible assert_field are failures like any other.
        for username in ["%", "%zz", "%ff%fe", "%00", "a%00b", "%ED%A0%80", "\u{e9}", "+", "'", "%25"]
        {
            let body = format!("username={username}&password={MARK}");
            assert_rejected(&send_form(&app.browser(), body).await, &[401], username);
        }
        let body = [b"username=\xff\xfe&password=", MARK.as_bytes()].concat();
        assert_rejected(&send_form(&app.browser(), body).await, &[401], "bytes");
        let body = format!("username={}&password={MARK}", "x".repeat(1000));
        assert_rejected(&send_form(&app.browser(), body).await, &[401], "1,000 characters");
        let body = format!("username=unknown&password={MARK}&{}", "x=y&".repeat(1 << 18));
        assert_rejected(&send_form(&app.browser(), body).await, &[413], "1 MiB");
        let part = format!("--b\r\nContent-Disposition: form-data; name=\"username\"\r\n\r\n{MARK}");
        for (content_type, body) in [
            ("multipart/form-data", part.clone()),
            ("multipart/form-data; boundary=", part.clone()),
            ("multipart/form-data; boundary=c", part.clone()),
            ("multipart/form-data; boundary=b", part.clone()),
            ("multipart/form-data; boundary=b", format!("{part}\r\n--b--\r\n")),
            ("multipart/form-data; boundary=b", String::new()),
            ("multipart/form-data; boundary=\u{e9}", part),
            ("application/json", format!("{{\"username\":\"{MARK}\",\"password\":\"{MARK}\"}}")),
            ("text/plain", format!("username={MARK}&password={MARK}")),
        ] {
            let headers = [("content-type", content_type)];
            let answer = app.browser().send(Method::POST, "/login", &headers, body.into()).await;
            assert_rejected(&answer, &[422], content_type);
        }
        assert_eq!(app.database.number("SELECT COUNT(*) FROM users_sessions").await, 1);
    }
}

#[tokio::test]
async fn all_field_errors_are_reported_at_once_without_the_password() {
    let app = App::on(Kind::Sqlite).await;
    let body = json!({ "username": MARK.repeat(10), "email": MARK, "full_name": [MARK] });
    let answer = app.browser().post("/register", body).await;
    assert_rejected(&answer, &[422], "all");
    let body = answer.json();
    let fields = body["detail"].as_array().unwrap().iter().map(|one| &one["loc"][1]);
    assert_eq!(fields.collect::<Vec<_>>(), ["email", "username", "password", "full_name"]);
    let answer = app.browser().post("/register", json!({ "password": MARK })).await;
    assert_rejected(&answer, &[422], "the password");
}

#[tokio::test]
async fn a_json_body_may_begin_with_a_byte_order_mark() {
    let app = App::with(Kind::Sqlite, Unlimited).await;
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    for (name, mark, encode) in [
        ("ada", &b"\xef\xbb\xbf"[..], (|text: &str| text.as_bytes().to_vec()) as fn(&str) -> _),
        ("bob", b"\xff\xfe", utf16),
        ("cyd", b"", utf16),
    ] {
        let body = [mark, &encode(&sign_up(name).to_string())].concat();
        let answer = send_json(&app.browser(), "/register", body).await;
        assert_eq!(answer.status, 202, "{name}: {answer:?}");
        assert_eq!(app.browser().login(name, PASSWORD).await.status, 200, "{name}");
    }
    let cut = [&b"\xff\xfe"[..], &utf16(&sign_up("dan").to_string()), b"x"].concat();
    assert_rejected(&send_json(&app.browser(), "/register", cut).await, &[422], "an odd byte");
}
