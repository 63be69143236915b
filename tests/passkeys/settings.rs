//! The origins, and mounts without other slices.

use crudauth::{BuildError, ConfigError};
use crudauth_tests::Kind;

use super::*;

#[crudauth::routes(user = User, session, passkeys)]
struct Bare;

async fn bare(app: &App, config: PasskeyConfig) -> Result<Bare, BuildError> {
    let Database::Sqlite(pool) = app.database.clone() else { panic!("SQLite") };
    let builder = Bare::builder(pool, SECRET).passkeys(config).rate_limits(RateLimits::off());
    builder.hashing(patient_hashing()).clock(Arc::clone(&app.clock) as _).build().await
}

fn serving(app: &App, auth: &Bare) -> App {
    let route = auth.mount(Route::new());
    app.serving(route.with(auth.clone()).map_to_response())
}

/// Signs up, without a mail, and in.
async fn owner(app: &App, name: &str) -> Browser {
    assert_eq!(app.register(name).await.status, 200);
    app.signed_in(name, PASSWORD).await
}

fn open() -> PasskeyConfig {
    PasskeyConfig::default().requires_verified(false)
}

fn origins(origins: &[&str]) -> PasskeyConfig {
    open().origins(origins.iter().map(ToString::to_string).collect())
}

#[tokio::test]
async fn a_mount_without_codes_signs_in_by_passkey_and_by_both() {
    let app = App::on(Kind::Sqlite).await;
    let config = origins(&["https://app.example.com"]).is_second_factor(true);
    let app = serving(&app, &bare(&app, config).await.unwrap());
    let mut device = authenticator();
    assert_eq!(register(&owner(&app, "ada").await, &mut device).await.status, 201);
    assert_eq!(sign_in(&app.browser(), &mut device).await.status, 200);
    let (browser, challenge) = challenged(&app, "ada").await;
    let named = json!({ "challenge": challenge["challenge"] });
    let options = options(&browser, "/passkeys/sign-in/options", named).await;
    let credential = device.get(&options);
    let body = json!({ "challenge": challenge["challenge"], "credential": credential });
    assert_eq!(browser.post("/passkeys/verify", body).await.status, 200);
}

#[tokio::test]
async fn wrong_origins_are_errors_of_the_mount() {
    let app = App::on(Kind::Sqlite).await;
    let errors = async |config| bare(&app, config).await.unwrap_err().settings().to_vec();
    let none = errors(open()).await;
    assert!(matches!(none[..], [ConfigError::Requires { setting: "passkeys", .. }]), "{none:?}");
    for wrong in ["app.example.com", "http://app.example.com", "https://127.0.0.1", "ftp://x.org"] {
        let found = errors(origins(&[wrong])).await;
        assert_eq!(found.len(), 1, "{wrong}: {found:?}");
        assert!(found[0].to_string().contains("passkeys.origins"), "{found:?}");
    }
    let stranger = origins(&["https://app.example.com"]).rp_id("other.example".to_owned());
    let found = errors(stranger).await;
    assert!(matches!(found[..], [ConfigError::InvalidName { setting: "passkeys.rp_id", .. }]));
    let near = origins(&["https://notexample.com"]).rp_id("example.com".to_owned());
    assert_eq!(errors(near).await.len(), 1, "a name that ends alike is another domain");
    assert!(bare(&app, origins(&["http://localhost:8000"])).await.is_ok());
    let parent = origins(&["https://app.example.com", "https://www.example.com"]);
    assert!(bare(&app, parent.rp_id("example.com".to_owned())).await.is_ok());
}

#[tokio::test]
async fn related_origins_are_published_and_accepted() {
    let app = App::on(Kind::Sqlite).await;
    let related = "https://example.co.uk".to_owned();
    let config = origins(&["https://example.com"]).related_origins(vec![related.clone()]);
    let with = serving(&app, &bare(&app, config).await.unwrap());
    let answer = with.browser().get("/.well-known/webauthn").await;
    assert_eq!(answer.json(), json!({ "origins": [related] }));
    let ada = owner(&with, "ada").await;
    let mut device = Authenticator::at("https://example.com");
    assert_eq!(register(&ada, &mut device).await.status, 201);
    device.origin = related;
    assert_eq!(sign_in(&with.browser(), &mut device).await.status, 200);
    let without = serving(&app, &bare(&app, origins(&["https://example.com"])).await.unwrap());
    assert_eq!(without.browser().get("/.well-known/webauthn").await.status, 404);
    assert_eq!(sign_in(&without.browser(), &mut device).await.status, 401);
}

#[tokio::test]
async fn challenges_are_limited_by_network() {
    let app = App::on(Kind::Sqlite).await;
    let Database::Sqlite(pool) = app.database.clone() else { panic!("SQLite") };
    let builder = Bare::builder(pool, SECRET).passkeys(origins(&["https://app.example.com"]));
    let auth = builder.clock(Arc::clone(&app.clock) as _).build().await.unwrap();
    let browser = serving(&app, &auth).browser();
    for _ in 0..120 {
        assert_eq!(browser.post("/passkeys/sign-in/options", json!({})).await.status, 200);
    }
    assert_eq!(browser.post("/passkeys/sign-in/options", json!({})).await.status, 429);
}
