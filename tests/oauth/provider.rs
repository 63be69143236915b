//! An OpenID Connect provider on a loopback port, with answers that a test can falsify.

mod grants;
mod known;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD as BASE64};
use crudauth::{Clock, ManualClock};
use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER as CRYPTO;
use jsonwebtoken::jwk::EllipticCurve;
use jsonwebtoken::{Algorithm, EncodingKey};
use poem::http::{StatusCode, Uri};
use poem::listener::{Acceptor, Listener, TcpListener};
use poem::{Request, Response, Server};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

pub(crate) const CLIENT: &str = "the-client";
pub(crate) const CLIENT_SECRET: &str = "the+secret%of the client";

/// Path and form of a request, and its `Authorization`.
pub(crate) type Seen = (String, HashMap<String, String>, Option<String>);

/// Another answer than the one of an endpoint.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
    pub(crate) delay: Duration,
}

impl Answer {
    pub(crate) fn new(status: u16, body: impl Into<String>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), delay: Duration::ZERO }
    }
}

/// Whether the form of a token request names the right client, at a moment.
pub(crate) type ClientCheck = fn(&HashMap<String, String>, i64) -> bool;

/// Changes of the answers. `null` takes a member away.
#[derive(Default)]
pub(crate) struct Script {
    pub(crate) person: Map<String, Value>,
    pub(crate) document: Value,
    pub(crate) header: Value,
    pub(crate) id_token: Value,
    pub(crate) token: Value,
    pub(crate) profile: Value,
    /// Laid over the parameters of the callback.
    pub(crate) callback: Value,
    /// Number of the signing key, and its id.
    pub(crate) key: u8,
    pub(crate) kid: Option<String>,
    /// Numbers and ids of further published keys.
    pub(crate) more_keys: Vec<(u8, &'static str)>,
    /// Number of the key in the published set, if it is not the signing one.
    pub(crate) published: Option<u8>,
    /// Answers in place of an endpoint's.
    pub(crate) answers: HashMap<&'static str, Answer>,
    /// Replaces the ID token.
    pub(crate) raw_id_token: Option<String>,
    /// Path and form of each request.
    pub(crate) seen: Vec<Seen>,
    /// Laid over each published key.
    pub(crate) published_key: Value,
    /// Judges the client by its form, at this time, in place of the secret.
    pub(crate) is_client: Option<ClientCheck>,
    /// Number of the refresh token that is valid, if there are any.
    pub(crate) grant: Option<u32>,
    /// Changes of the ID token of a refresh.
    pub(crate) refreshed: Value,
    /// Time until an answer.
    pub(crate) delay: Duration,
    codes: HashMap<String, Grant>,
}

#[derive(Clone)]
struct Grant {
    nonce: Value,
    challenge: String,
    person: Map<String, Value>,
}

#[derive(Clone)]
pub(crate) struct Provider {
    pub(crate) issuer: String,
    script: Arc<Mutex<Script>>,
    clock: Arc<ManualClock>,
}

pub(crate) fn person(sub: &str, name: &str) -> Map<String, Value> {
    let claims = json!({
        "sub": sub,
        "email": format!("{name}@example.com"),
        "email_verified": true,
        "preferred_username": name,
    });
    claims.as_object().unwrap().clone()
}

impl Provider {
    pub(crate) async fn start(clock: Arc<ManualClock>) -> Self {
        let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await.unwrap();
        let address = acceptor.local_addr()[0].to_string();
        let issuer = format!("http://{}", address.trim_start_matches("socket://"));
        let script = Script {
            person: person("ada-1", "ada"),
            key: 1,
            kid: Some("one".to_owned()),
            ..Script::default()
        };
        let provider = Self { issuer, script: Arc::new(Mutex::new(script)), clock };
        let served = provider.clone();
        let endpoint = poem::endpoint::make(move |request| respond(served.clone(), request));
        tokio::spawn(Server::new_with_acceptor(acceptor).run(endpoint));
        provider
    }

    pub(crate) fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap()
    }

    pub(crate) fn requests(&self, path: &str) -> usize {
        self.script().seen.iter().filter(|(seen, ..)| seen == path).count()
    }

    /// Consents as the person; the path and query to which the browser goes back.
    pub(crate) fn consent(&self, url: &str) -> String {
        let (path, answer) = self.answer(url);
        format!("{path}?{}", serde_urlencoded::to_string(answer).unwrap())
    }

    /// Consents as the person; the path of the callback and the parameters that it gets.
    pub(crate) fn answer(&self, url: &str) -> (String, HashMap<String, String>) {
        let url: Uri = url.parse().unwrap();
        let asked: HashMap<String, String> =
            serde_urlencoded::from_str(url.query().unwrap()).unwrap();
        let mut script = self.script();
        let code = format!("code-{}", script.codes.len());
        let grant = Grant {
            nonce: asked.get("nonce").map_or(Value::Null, |nonce| json!(nonce)),
            challenge: asked["code_challenge"].clone(),
            person: script.person.clone(),
        };
        script.codes.insert(code.clone(), grant);
        let back = laid_over(json!({ "code": code, "state": asked["state"] }), &script.callback);
        let back: HashMap<String, String> = serde_json::from_value(back).unwrap();
        (asked["redirect_uri"].parse::<Uri>().unwrap().path().to_owned(), back)
    }

    fn exchange(&self, form: &HashMap<String, String>, authorization: Option<&str>) -> Response {
        let basic = format!("{CLIENT}:the%2Bsecret%25of%20the%20client");
        let basic = format!("Basic {}", BASE64_STANDARD.encode(basic));
        let is_post = form.get("client_id").is_some_and(|id| id == CLIENT)
            && form.get("client_secret").is_some_and(|secret| secret == CLIENT_SECRET);
        let mut script = self.script();
        let is_client = match script.is_client {
            Some(judge) => judge(form, self.clock.now().timestamp()),
            None => is_post || authorization == Some(&basic),
        };
        if !is_client {
            return status(401, r#"{"error":"invalid_client"}"#);
        }
        if form["grant_type"] == "refresh_token" {
            return self.refresh(&mut script, form);
        }
        let Some(grant) = form.get("code").and_then(|code| script.codes.remove(code)) else {
            return status(400, r#"{"error":"invalid_grant"}"#);
        };
        let verifier = form.get("code_verifier").map_or("", String::as_str);
        if BASE64.encode(Sha256::digest(verifier)) != grant.challenge {
            return status(400, r#"{"error":"invalid_grant"}"#);
        }
        let access = format!("access-{}", form["code"]);
        let now = self.clock.now().timestamp();
        let claims = json!({
            "iss": self.issuer, "aud": CLIENT, "sub": grant.person["sub"], "iat": now,
            "exp": now + 300, "nonce": grant.nonce,
            "at_hash": BASE64.encode(&sha2::Sha512::digest(&access)[..32]),
        });
        let claims = laid_over(claims, &script.id_token);
        let header = json!({ "alg": "EdDSA", "typ": "JWT", "kid": script.kid });
        let header = laid_over(header, &script.header);
        let id_token = script
            .raw_id_token
            .clone()
            .unwrap_or_else(|| sign(&header, &claims, &ed25519(script.key), Algorithm::EdDSA));
        let mut body =
            json!({ "access_token": access, "token_type": "Bearer", "id_token": id_token });
        grants::add_refresh(&mut script, &mut body);
        let body = laid_over(body, &script.token);
        script.codes.insert(access, grant);
        ok(&body)
    }

    /// A logout token for the person, with changed claims and header.
    pub(crate) fn logout_token(&self, id: &str, claims: &Value, header: &Value) -> String {
        let script = self.script();
        let now = self.clock.now().timestamp();
        let event = "http://schemas.openid.net/event/backchannel-logout";
        let own = json!({
            "iss": self.issuer, "aud": CLIENT, "sub": script.person["sub"], "iat": now,
            "exp": now + 120, "jti": id, "events": { event: {} },
        });
        let kind = json!({ "alg": "EdDSA", "typ": "logout+jwt", "kid": script.kid });
        let (claims, header) = (laid_over(own, claims), laid_over(kind, header));
        sign(&header, &claims, &ed25519(script.key), Algorithm::EdDSA)
    }

    fn profile(&self, authorization: Option<&str>) -> Response {
        let script = self.script();
        let token = authorization.and_then(|text| text.strip_prefix("Bearer "));
        match token.and_then(|token| script.codes.get(token)) {
            Some(grant) => ok(&laid_over(json!(grant.person), &script.profile)),
            None => status(401, "{}"),
        }
    }

    fn document(&self) -> Response {
        let issuer = &self.issuer;
        let document = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize?tenant=a"),
            "token_endpoint": format!("{issuer}/token"),
            "userinfo_endpoint": format!("{issuer}/userinfo"),
            "jwks_uri": format!("{issuer}/jwks"),
        });
        ok(&laid_over(document, &self.script().document))
    }

    fn keys(&self) -> Response {
        let script = self.script();
        let own = (script.published.unwrap_or(script.key), script.kid.as_deref());
        let more = script.more_keys.iter().map(|(key, kid)| (*key, Some(*kid)));
        let keys: Vec<_> = std::iter::once(own)
            .chain(more)
            .map(|(key, kid)| {
                let x = public(key);
                let jwk =
                    json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "use": "sig", "x": x });
                laid_over(jwk, &script.published_key)
            })
            .collect();
        ok(&json!({ "keys": keys }))
    }
}

async fn respond(provider: Provider, mut request: Request) -> poem::Result<Response> {
    let path = request.uri().path().to_owned();
    let body = request.take_body().into_string().await?;
    let form: HashMap<String, String> = serde_urlencoded::from_str(&body).unwrap_or_default();
    let authorization = request.header("authorization").map(str::to_owned);
    let scripted = {
        let mut script = provider.script();
        script.seen.push((path.clone(), form.clone(), authorization.clone()));
        script.answers.get(&*path).cloned()
    };
    let delay = provider.script().delay;
    tokio::time::sleep(delay).await;
    if let Some(answer) = scripted {
        tokio::time::sleep(answer.delay).await;
        let status = StatusCode::from_u16(answer.status).unwrap();
        let mut response = Response::builder().status(status);
        for (name, value) in answer.headers {
            response = response.header(name, value);
        }
        return Ok(response.body(answer.body));
    }
    Ok(match &*path {
        "/.well-known/openid-configuration" => provider.document(),
        "/jwks" => provider.keys(),
        "/token" => provider.exchange(&form, authorization.as_deref()),
        "/userinfo" => provider.profile(authorization.as_deref()),
        _ => status(404, "{}"),
    })
}

fn ok(body: &Value) -> Response {
    Response::builder().content_type("application/json").body(body.to_string())
}

fn status(code: u16, body: &'static str) -> Response {
    Response::builder().status(StatusCode::from_u16(code).unwrap()).body(body)
}

/// `base` with `changes`, where null takes a member away.
fn laid_over(mut base: Value, changes: &Value) -> Value {
    let members = base.as_object_mut().unwrap();
    for (name, value) in changes.as_object().into_iter().flatten() {
        members.insert(name.clone(), value.clone());
    }
    members.retain(|_, value| !value.is_null());
    base
}

/// Signs a JWT.
pub(crate) fn sign(
    header: &Value,
    claims: &Value,
    key: &EncodingKey,
    algorithm: Algorithm,
) -> String {
    let signed =
        format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
    let signer = (CRYPTO.signer_factory)(&algorithm, key).unwrap();
    let signature = signer.try_sign(signed.as_bytes()).unwrap();
    format!("{signed}.{}", BASE64.encode(signature))
}

/// The private key of that number.
pub(crate) fn ed25519(number: u8) -> EncodingKey {
    let prefix = hex::decode("302e020100300506032b657004220420").unwrap();
    let der = [&prefix[..], &[number; 32]].concat();
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        BASE64_STANDARD.encode(der)
    );
    EncodingKey::from_ed_pem(pem.as_bytes()).unwrap()
}

/// The public key of that number.
pub(crate) fn public(number: u8) -> String {
    let read = CRYPTO.key_utils.ed_pub_components_from_private_key;
    BASE64.encode(read(ed25519(number).as_bytes(), &EllipticCurve::Ed25519).unwrap())
}
