//! A path with a slash at its end redirects to the path of the library, and nowhere else.

use crudauth_tests::{App, Kind, sign_up};
use poem::http::Method;
use poem::{Endpoint, EndpointExt, Request, Response, Route};
use serde_json::json;

#[tokio::test]
async fn a_slash_at_the_end_redirects_to_the_path_with_method_and_query() {
    let app = App::on(Kind::Sqlite).await;
    let browser = app.browser();
    for (method, path, location) in [
        (Method::POST, "/login/", "/login"),
        (Method::GET, "/login/", "/login"),
        (Method::GET, "/me/", "/me"),
        (Method::POST, "/email/verify-confirm/", "/email/verify-confirm"),
        (Method::DELETE, "/sessions/", "/sessions"),
        (Method::DELETE, "/sessions/some-id/", "/sessions/some-id"),
        (Method::POST, "/logout-all/?keep_current=true", "/logout-all?keep_current=true"),
        (Method::GET, "/me/?next=//evil.example", "/me?next=//evil.example"),
    ] {
        let answer = browser.send(method, path, &[], b"a body".to_vec()).await;
        assert_eq!((answer.status, answer.header("location")), (307, Some(location)), "{path}");
        assert_eq!((&*answer.text, answer.set_cookies().len()), ("", 0), "{path}");
    }
    for path in ["/login//", "//login/", "/nowhere/", "/me/x/"] {
        assert_eq!(browser.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_redirected_request_changes_nothing_by_itself() {
    let app = App::on(Kind::Sqlite).await;
    assert_eq!(app.browser().post("/register/", sign_up("ada")).await.status, 307);
    assert_eq!(app.database.count("users").await, 0);
    let ada = app.member("ada").await;
    assert_eq!(ada.post("/logout/", json!({})).await.status, 307);
    assert!(ada.is_signed_in().await);
}

/// Serves the mount below any prefix, which it removes: the client chooses the prefix.
struct BelowAnyPrefix(Route);

impl Endpoint for BelowAnyPrefix {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let path = request.uri().path();
        let own = path.find("/me").map_or("/", |at| &path[at..]).parse().unwrap();
        *request.uri_mut() = own;
        self.0.call(request).await
    }
}

#[tokio::test]
async fn a_slash_at_the_end_leads_to_no_other_site() {
    let app = App::on(Kind::Sqlite).await;
    let nested = BelowAnyPrefix(app.auth.routes()).with(app.auth.clone());
    let nested = app.serving(nested.map_to_response());
    let location = async |path: &str| {
        let answer = nested.browser().get(path).await;
        (answer.status, answer.header("location").map(str::to_owned))
    };
    assert_eq!(location("/of/acme/me/").await, (307, Some("/of/acme/me".to_owned())));
    for path in [
        "//evil.example/me/",
        "/%2fevil.example/me/",
        "/%2Fevil.example/me/",
        "/%5cevil.example/me/",
        "/of/../me/",
        "/%2e%2e/me/",
        "/of/%0d%0aset-cookie:a=b/me/",
    ] {
        assert_eq!(location(path).await, (404, None), "{path}");
    }
    let nested = Route::new().nest("/accounts", app.auth.routes()).with(app.auth.clone());
    let nested = app.serving(nested.map_to_response());
    let answer = nested.browser().get("/accounts/me/").await;
    assert_eq!((answer.status, answer.header("location")), (307, Some("/accounts/me")));
}
