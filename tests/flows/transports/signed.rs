//! A complete custom transport: requests signed with a key from a table of the app. Tests the
//! contract in the docs of `Transport`.

use crudauth::flow::NewApiKey;
use crudauth::testing::{App as Tested, Client, cheap_hashing};
use hmac::{Hmac, KeyInit, Mac};
use poem::web::Data;
use sha2::Sha256;
use sqlx::SqlitePool;

use super::*;

#[crudauth::routes(user = User, session, api_keys, transport = Signed)]
struct Signing;

/// `X-Signature: <account>:<unix seconds>:<hex of an HMAC over method, path and time>`.
struct Signed(SqlitePool);

impl Transport<User> for Signed {
    const NAME: &'static str = "signature";

    async fn resolve(
        &self,
        auth: &Mounted<User>,
        request: &Request,
    ) -> Result<Option<Principal<User>>, Refusal> {
        let rejection = |detail| Refusal::unauthorized("Signature", "invalid-signature", detail);
        let Some(sent) = request.header("x-signature") else { return Ok(None) };
        let pieces: Vec<_> = sent.split(':').collect();
        let [account, at, signature] = pieces[..] else {
            return Err(rejection("Malformed signature"));
        };
        let (Ok(id), Ok(at)) = (account.parse(), at.parse::<i64>()) else {
            return Err(rejection("Malformed signature"));
        };
        let kept: Option<(Vec<u8>, String, String)> =
            sqlx::query_as("SELECT secret, stamp, scopes FROM signing_keys WHERE user_id = $1")
                .bind(id)
                .fetch_optional(&self.0)
                .await
                .map_err(crudauth::StoreError::from)?;
        let Some((secret, stamp, scopes)) = kept else {
            return Err(rejection("Invalid signature"));
        };
        // `uri()` lacks the prefix under which the route is nested.
        let path = request.original_uri().to_string();
        let signed = signature_of(&secret, request.method(), &path, at);
        let sent = hex::decode(signature).unwrap_or_default();
        if signed.verify_slice(&sent).is_err() {
            return Err(rejection("Invalid signature"));
        }
        if auth.now().timestamp().abs_diff(at) > 300 {
            return Err(rejection("Signature too old"));
        }
        // The key ends with every other credential of the account.
        let account =
            auth.accounts().find(&id).await?.filter(|account| account.security_stamp() == stamp);
        Ok(account.map(|account| Principal::new(account).with_scopes(Scopes::parse(&scopes))))
    }

    fn scheme(&self) -> Option<&'static str> {
        Some("Signature")
    }

    fn is_sent(&self, _: &Mounted<User>, request: &Request) -> bool {
        request.header("x-signature").is_some()
    }
}

fn signature_of(secret: &[u8], method: &Method, path: &str, at: i64) -> Hmac<Sha256> {
    let mut mac = Hmac::new_from_slice(secret).unwrap();
    mac.update(format!("{method}\n{path}\n{at}").as_bytes());
    mac
}

#[handler]
async fn parts(user: CurrentUser<Signing, Scope<PartsRead>>) -> Json<Value> {
    identity(user.principal())
}

#[handler]
async fn by_signature(user: CurrentUser<Signing, Via<Signed>>) -> Json<Value> {
    Json(json!(user.principal().scopes()))
}

#[handler]
async fn owners_only(_: CurrentUser<Signing>) {}

#[handler]
async fn credentials_of_owner(
    user: CurrentUser<Signing, Via<Signed>>,
    auth: Data<&Signing>,
) -> Json<Value> {
    let sessions = auth.accounts().sessions();
    let keys = auth.accounts().api_keys();
    let wanted = NewApiKey::named("more").scopes(PartsRead);
    Json(json!([
        sessions.list(user.principal()).await.unwrap_err().to_string(),
        keys.list(user.principal()).await.unwrap_err().to_string(),
        keys.revoke_all(user.principal()).await.unwrap_err().to_string(),
        keys.create(user.principal(), &wanted).await.unwrap_err().to_string(),
    ]))
}

/// An app in which ada has a signing key.
struct Signer {
    app: Tested<Signing>,
    auth: Signing,
    pool: SqlitePool,
    clock: Arc<ManualClock>,
}

impl Signer {
    async fn new(roles: fn(&crudauth::Account<User>, &Scopes) -> Scopes) -> Self {
        let Database::Sqlite(pool) = Database::create(Kind::Sqlite).await.0 else { unreachable!() };
        crudauth::migrations!(User).run(&pool).await.unwrap();
        let table =
            "CREATE TABLE signing_keys (user_id INTEGER, secret BLOB, stamp TEXT, scopes TEXT)";
        sqlx::query(table).execute(&pool).await.unwrap();
        let clock = Arc::new(ManualClock::default());
        let auth = Signing::builder(pool.clone(), SECRET)
            .transport(Signed(pool.clone()))
            .scopes_for(roles)
            .hashing(cheap_hashing())
            .clock(Arc::clone(&clock) as _)
            .build()
            .await
            .unwrap();
        let own = Route::new()
            .at("/parts", get(parts))
            .at("/by-signature", get(by_signature).post(by_signature))
            .at("/owners-only", get(owners_only))
            .at("/credentials-of-owner", get(credentials_of_owner));
        let routes =
            Route::new().nest("/api", auth.mount(own)).with(auth.clone()).data(auth.clone());
        Self { app: Tested::new(&auth, routes), auth, pool, clock }
    }

    /// Signs ada up and gives her a key.
    async fn ada(&self) -> i64 {
        let form = json!({ "email": "ada@example.com", "username": "ada", "password": PASSWORD });
        self.app.signed_up(form).await;
        let ada = self.auth.accounts().find_by_identifier("ada").await.unwrap().unwrap();
        let insert = "INSERT INTO signing_keys VALUES ($1, 'secret', $2, 'parts:read parts:write')";
        sqlx::query(insert)
            .bind(ada.user.id)
            .bind(ada.security_stamp())
            .execute(&self.pool)
            .await
            .unwrap();
        ada.user.id
    }

    /// A client that signs requests for this path.
    fn program(&self, path: &str) -> Client {
        let at = self.auth.now().timestamp();
        let mac = signature_of(b"secret", &Method::GET, path, at);
        let signature = hex::encode(mac.finalize().into_bytes());
        self.app.client().header("x-signature", format!("1:{at}:{signature}"))
    }

    async fn asks(&self, path: &str) -> (u16, String) {
        let answer = self.program(path).get(path).await;
        (answer.status, answer.text().to_owned())
    }
}

#[tokio::test]
async fn a_signature_is_valid_for_five_minutes_and_one_path() {
    let it = Signer::new(|_, asked| asked.clone()).await;
    it.ada().await;
    assert_eq!(it.asks("/api/parts").await, (200, r#"["ada","signature"]"#.to_owned()));
    let program = it.program("/api/parts");
    assert_eq!(program.get("/api/by-signature").await.code(), "invalid-signature");
    assert_eq!(it.asks("/api/owners-only").await.0, 401, "it is a program's");
    it.clock.advance(Duration::from_secs(300));
    program.get("/api/parts").await.expect_status(200);
    it.clock.advance(Duration::from_secs(1));
    let late = program.get("/api/parts").await;
    assert_eq!((late.status, late.code()), (401, "invalid-signature".to_owned()));
    assert_eq!(late.header("www-authenticate"), Some("Signature realm=\"accounts\""));
}

#[tokio::test]
async fn the_scope_policy_is_applied_at_every_use() {
    let it = Signer::new(
        |account, asked| {
            if account.is_superuser() { asked.clone() } else { PartsWrite.into() }
        },
    )
    .await;
    it.ada().await;
    assert_eq!(it.asks("/api/by-signature").await, (200, r#"["parts:write"]"#.to_owned()));
    assert_eq!(it.asks("/api/parts").await.0, 403);
    sqlx::query("UPDATE users SET is_superuser = TRUE").execute(&it.pool).await.unwrap();
    assert_eq!(it.asks("/api/by-signature").await.1, r#"["parts:read","parts:write"]"#);
    assert_eq!(it.asks("/api/parts").await.0, 200);
}

#[tokio::test]
async fn a_new_security_stamp_invalidates_the_key() {
    let it = Signer::new(|_, asked| asked.clone()).await;
    let ada = it.ada().await;
    let stamp = async || it.auth.accounts().find(&ada).await.unwrap().unwrap().security_stamp();
    let before = stamp().await;
    assert!(it.auth.accounts().disable(&ada).await.unwrap());
    assert_eq!(it.asks("/api/by-signature").await.0, 401);
    assert!(it.auth.accounts().enable(&ada).await.unwrap());
    assert_eq!(it.asks("/api/by-signature").await.0, 401, "enabling brings nothing back");
    assert_ne!(stamp().await, before);

    let renew = "UPDATE signing_keys SET stamp = $1";
    sqlx::query(renew).bind(stamp().await).execute(&it.pool).await.unwrap();
    assert_eq!(it.asks("/api/by-signature").await.0, 200);
    for is_active in [false, true] {
        let by_hand = "UPDATE users SET is_active = $1";
        sqlx::query(by_hand).bind(is_active).execute(&it.pool).await.unwrap();
        assert_eq!(it.asks("/api/by-signature").await.0, 401, "nor when it was disabled by hand");
    }

    sqlx::query(renew).bind(stamp().await).execute(&it.pool).await.unwrap();
    assert_eq!(it.asks("/api/by-signature").await.0, 200);
    let owner = it.app.signed_in("ada", PASSWORD).await;
    assert_eq!(it.asks("/api/by-signature").await.0, 200, "a sign-in ends nothing");
    let body = json!({ "current_password": PASSWORD, "new_password": "another-strong-one" });
    owner.post("/api/change-password", body).await.expect_status(200);
    assert_eq!(it.asks("/api/by-signature").await.0, 401);
}

#[tokio::test]
async fn a_program_cannot_list_or_revoke_its_owners_credentials() {
    let it = Signer::new(|_, asked| asked.clone()).await;
    it.ada().await;
    let not_owner = "program credentials cannot see or revoke the owner's credentials";
    let detail: Value =
        serde_json::from_str(&it.asks("/api/credentials-of-owner").await.1).unwrap();
    assert_eq!(
        detail,
        json!([not_owner, not_owner, not_owner, "program credentials cannot create API keys"])
    );
}
