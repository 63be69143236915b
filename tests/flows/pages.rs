//! Pages that the server renders: redirects and forms instead of JSON, without JavaScript.

use crudauth::email::MessageKind;
use crudauth::{Backend, CurrentUser, Flash, FlashMessage, MaybeUser, Pages};
use crudauth_tests::{
    Answer, App, AppBuilder, Auth, Database, Kind, PASSWORD, Setting, on_every_database, sign_up,
};
use poem::http::Method;
use poem::{EndpointExt, Route, get, handler};

struct WithPages;

impl Setting for WithPages {
    fn set<DB: Backend>(self, builder: AppBuilder<DB>) -> AppBuilder<DB> {
        builder.pages(Pages::new("/sign-in").home("/home").fresh_proof("/prove"))
    }
}

/// Shows the message and the CSRF token that a template would put into its forms.
#[handler]
fn notes(user: CurrentUser<Auth>) -> String {
    user.csrf_token().unwrap_or("none").to_owned()
}

/// As [`notes`], on a page for guests as well.
#[handler]
fn lobby(user: MaybeUser<Auth>) -> String {
    user.csrf_token().unwrap_or("none").to_owned()
}

#[handler]
fn write(_: CurrentUser<Auth>, body: String) -> String {
    body
}

#[handler]
fn shown(flash: Flash<Auth>) -> String {
    let line = |message: &FlashMessage| {
        let FlashMessage { route, code, detail, errors, values, challenge, .. } = message;
        format!("{route} {code} {detail} {errors:?} {values:?} {challenge:?}")
    };
    flash.message().map(line).unwrap_or_default()
}

async fn app_on(database: Database) -> App {
    let app = App::over(database, WithPages).await;
    let auth = &app.auth;
    let route = auth.mount(Route::new()).at("/notes", get(notes).post(write));
    let route = route.at("/lobby", get(lobby));
    let route = route.at("/shown", get(shown));
    let route = route.nest("/members", auth.guard::<()>(Route::new().at("/a", get(shown))));
    let endpoint = route.with(auth.clone()).map_to_response();
    app.serving(endpoint)
}

async fn app() -> App {
    app_on(Database::create(Kind::Sqlite).await.0).await
}

#[track_caller]
fn redirected(answer: &Answer, to: &str) {
    let location = answer.header("location");
    assert_eq!((answer.status, location), (303, Some(to)), "{}", answer.text);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

on_every_database! {
    async fn a_person_signs_up_confirms_signs_in_and_resets_by_forms_alone(app: App) {
        let app = app_on(app.database.clone()).await;
        let ada = app.browser();
        let form = [
            ("email", "ada@example.com"),
            ("username", "ada"),
            ("full_name", ""),
            ("password", PASSWORD),
        ];
        redirected(&ada.submit("/sign-up", "/register", &form).await, "/sign-up");
        let text = ada.get("/shown").await.text;
        assert!(text.starts_with("/register ok If the email is available"), "{text}");
        assert_eq!(ada.get("/shown").await.text, "", "a message is shown once");

        let token = app.token(MessageKind::VerifyEmail, "ada@example.com").await;
        let page = format!("/verify-email?token={token}");
        let form = [("token", &*token), ("next", "/welcome")];
        redirected(&ada.submit(&page, "/email/verify-confirm", &form).await, "/welcome");
        assert_eq!(app.database.count("users WHERE email_verified = TRUE").await, 1);

        let form = [("username", "ada"), ("password", PASSWORD), ("next", "/notes?page=2")];
        redirected(&ada.submit("/sign-in", "/login", &form).await, "/notes?page=2");
        assert!(ada.is_signed_in().await);

        let token = app.reset_token("ada@example.com").await;
        let form = [("token", &*token), ("new_password", "another-strong-one"), ("next", "/sign-in")];
        let page = format!("/reset-password?token={token}");
        redirected(&ada.submit(&page, "/password/reset-confirm", &form).await, "/sign-in");
        let form = [("username", "ada"), ("password", "another-strong-one")];
        redirected(&ada.submit("/sign-in?next=%2Fa", "/login", &form).await, "/home");
        assert!(ada.is_signed_in().await);
    }
}

#[tokio::test]
async fn a_refused_visitor_is_sent_to_the_sign_in_page() {
    let app = app().await;
    redirected(&app.browser().open("/notes?page=2").await, "/sign-in?next=%2Fnotes%3Fpage%3D2");
    redirected(&app.browser().open("/members/a").await, "/sign-in?next=%2Fmembers%2Fa");
    let answer = app.browser().get("/notes").await;
    assert_eq!((answer.status, &*answer.code()), (401, "not-authenticated"), "a program");
    let answer = app.browser().open("/me").await;
    assert_eq!(
        (answer.status, &*answer.code()),
        (401, "not-authenticated"),
        "a route of the library"
    );
    let plain = App::on(Kind::Sqlite).await;
    assert_eq!(plain.browser().open("/dashboard").await.status, 401, "an app without pages");
}

#[tokio::test]
async fn a_form_of_a_handler_needs_the_token_of_the_page() {
    let app = app().await;
    let ada = app.member("ada").await;
    let token = ada.open("/notes").await.text;
    assert_eq!(token, ada.cookie("csrf_token").unwrap());
    let answer = ada.submit("/notes", "/notes", &[("csrf_token", &token), ("text", "a b")]).await;
    assert_eq!(answer.text, format!("csrf_token={token}&text=a+b"), "the handler reads the body");
    for wrong in [&[("text", "a b")][..], &[("csrf_token", "x")], &[("csrf_token", "\u{e9}")]] {
        let answer = ada.submit("/notes", "/notes", wrong).await;
        assert_eq!(answer.status, 403, "{wrong:?}: {}", answer.text);
    }
    let plain = App::on(Kind::Sqlite).await;
    let eve = plain.member("eve").await;
    let token = eve.cookie("csrf_token").unwrap();
    let answer = eve.submit("/note", "/note", &[("csrf_token", &token)]).await;
    assert_eq!(answer.code(), "csrf-missing", "an app without pages");
}

#[tokio::test]
async fn a_page_without_the_cookie_gets_a_new_token() {
    let app = app().await;
    let ada = app.member("ada").await;
    let before = ada.cookie("csrf_token").unwrap();
    ada.drop_cookie("csrf_token");
    assert_eq!(ada.get("/notes").await.text, "none", "a program");
    let token = ada.open("/notes").await.text;
    assert_ne!(token, before);
    assert_eq!(ada.cookie("csrf_token").unwrap(), token);
    assert_eq!(ada.open("/lobby").await.text, token);
    assert_eq!(app.browser().open("/lobby").await.text, "none", "a guest");
    let answer = ada.submit("/notes", "/notes", &[("csrf_token", &token)]).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_form_of_the_library_needs_the_token_and_leads_back_with_the_reason() {
    let app = app().await;
    let ada = app.member("ada").await;
    let token = ada.cookie("csrf_token").unwrap();
    let form = [("current_password", "wrong"), ("new_password", "another-strong-one")];
    redirected(&ada.submit("/account", "/change-password", &form).await, "/account");
    assert!(ada.get("/shown").await.text.starts_with("/change-password csrf-missing"));
    let with_token = [&form[..], &[("csrf_token", &*token)]].concat();
    redirected(&ada.submit("/account", "/change-password", &with_token).await, "/account");
    assert!(ada.get("/shown").await.text.contains("wrong-password"));
    let form = [("current_password", PASSWORD), ("new_password", "a"), ("csrf_token", &*token)];
    redirected(&ada.submit("/account", "/change-password", &form).await, "/account");
    let text = ada.get("/shown").await.text;
    assert!(text.contains("invalid-fields") && text.contains("(\"new_password\", "), "{text}");
    let form = [
        ("current_password", PASSWORD),
        ("new_password", "another-strong-one"),
        ("csrf_token", &*token),
    ];
    redirected(&ada.submit("/account", "/change-password", &form).await, "/account");
    assert!(ada.get("/shown").await.text.starts_with("/change-password ok Password changed."));
    redirected(&ada.submit("/account", "/logout", &[("csrf_token", &token)]).await, "/home");
    assert!(!ada.is_signed_in().await);
    redirected(
        &ada.submit("/account", "/change-password", &form).await,
        "/sign-in?next=%2Faccount",
    );
}

#[tokio::test]
async fn a_refused_form_keeps_what_was_typed_but_no_password() {
    let app = app().await;
    let browser = app.browser();
    let form = [
        ("email", "nonsense"),
        ("username", "ada"),
        ("full_name", "Ada"),
        ("password", "a-secret-word"),
    ];
    redirected(&browser.submit("/sign-up", "/register", &form).await, "/sign-up");
    let text = browser.get("/shown").await.text;
    for kept in ["(\"email\", \"nonsense\")", "(\"username\", \"ada\")", "(\"full_name\", \"Ada\")"]
    {
        assert!(text.contains(kept), "{kept}: {text}");
    }
    assert!(!text.contains("a-secret-word"), "{text}");
}

#[tokio::test]
async fn a_repeated_field_is_kept_once_and_only_a_challenge_is_kept_as_one() {
    let app = app().await;
    let browser = app.browser();
    let mut form = vec![("email", "first"), ("challenge", "no challenge at all")];
    form.extend([("email", "again"); 4_000]);
    redirected(&browser.submit("/sign-up", "/register", &form).await, "/sign-up");
    let cookie = browser.cookie("flash").unwrap();
    assert!(cookie.len() < 1_000, "{}", cookie.len());
    let text = browser.get("/shown").await.text;
    assert!(text.ends_with("[(\"email\", \"first\")] None"), "{text}");
}

#[tokio::test]
async fn a_form_names_a_method_that_it_cannot_send() {
    let app = app().await;
    let ada = app.member("ada").await;
    let other = app.signed_in("ada", PASSWORD).await;
    let sessions = ada.get("/sessions").await.json();
    let old = sessions.as_array().unwrap().iter().find(|one| one["current"] == false).unwrap();
    let path = format!("/sessions/{}", old["id"].as_str().unwrap());
    let token = ada.cookie("csrf_token").unwrap();
    let form = [("_method", "delete"), ("csrf_token", &*token)];
    redirected(&ada.submit("/devices", &path, &form).await, "/devices");
    assert!(!other.is_signed_in().await && ada.is_signed_in().await);
}

#[tokio::test]
async fn no_spelling_of_next_leads_to_another_site() {
    let app = app().await;
    app.register("ada").await;
    for next in [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "/%2f/evil.example",
        "/%5cevil.example",
        "/.//evil.example",
        "/a/../..//evil.example",
        "/\tevil",
        " //evil.example",
        "/%0d%0aset-cookie:%20a=b",
        "javascript:alert(1)",
        "evil.example",
        "",
    ] {
        let ada = app.browser();
        let form = [("username", "ada"), ("password", PASSWORD), ("next", next), ("page", next)];
        redirected(&ada.submit("/sign-in", "/login", &form).await, "/home");
        let form = [("username", "ada"), ("password", "wrong"), ("page", next)];
        redirected(&ada.submit("/sign-in", "/login", &form).await, "/sign-in");
    }
}

#[tokio::test]
async fn another_site_cannot_send_a_form() {
    let app = app().await;
    app.register("ada").await;
    let form = serde_urlencoded::to_string([("username", "ada"), ("password", PASSWORD)]).unwrap();
    for (path, form) in [("/login", form), ("/register", String::new())] {
        let headers = [
            ("accept", "text/html"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-mode", "navigate"),
            ("origin", "https://evil.example"),
        ];
        let eve = app.browser();
        let answer = eve.send(Method::POST, path, &headers, form.into_bytes()).await;
        assert_eq!((answer.status, &*answer.code()), (403, "cross-site"), "{path}");
        assert!(answer.set_cookies().is_empty());
    }
}

#[tokio::test]
async fn a_script_still_needs_json() {
    let app = app().await;
    let headers = [
        ("accept", "*/*"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("sec-fetch-mode", "cors"),
    ];
    let body = serde_urlencoded::to_string([("email", "a@example.com")]).unwrap().into_bytes();
    let answer = app.browser().send(Method::POST, "/register", &headers, body).await;
    assert_eq!((answer.status, &*answer.code()), (422, "invalid-fields"));
    assert_eq!(app.browser().post("/register", sign_up("ada")).await.status, 202);
}

#[tokio::test]
async fn a_planted_message_is_not_shown() {
    let app = app().await;
    let ada = app.browser();
    ada.set_cookie("flash", "eyJkZXRhaWwiOiJDYWxsIHVzIn0.AAAA");
    assert_eq!(ada.get("/shown").await.text, "");
    assert_eq!(ada.cookie("flash"), None, "it is removed");
}
