//! Refresh tokens that work once, as many providers give them.

use std::collections::HashMap;

use crudauth::Clock;
use jsonwebtoken::Algorithm;
use poem::Response;
use serde_json::{Value, json};

use super::{CLIENT, Provider, Script, ed25519, laid_over, ok, sign, status};

impl Provider {
    /// Exchanges the valid refresh token for another one. A second use withdraws the grant.
    pub(super) fn refresh(&self, script: &mut Script, form: &HashMap<String, String>) -> Response {
        let valid = script.grant.map(|number| format!("refresh-canary-{number}"));
        if valid.is_none() || form.get("refresh_token") != valid.as_ref() {
            script.grant = None;
            return status(400, r#"{"error":"invalid_grant"}"#);
        }
        let now = self.clock.now().timestamp();
        let claims = json!({
            "iss": self.issuer, "aud": CLIENT, "sub": script.person["sub"], "iat": now,
            "exp": now + 300,
        });
        let claims = laid_over(claims, &script.refreshed);
        let header = laid_over(json!({ "alg": "EdDSA", "kid": script.kid }), &script.header);
        let id_token = sign(&header, &claims, &ed25519(script.key), Algorithm::EdDSA);
        let mut body = json!({ "token_type": "Bearer", "id_token": id_token });
        add_refresh(script, &mut body);
        body["access_token"] = json!(format!("access-canary-{}", script.grant.unwrap()));
        ok(&laid_over(body, &script.token))
    }
}

/// Adds the next refresh token to an answer, and a lifetime of ten minutes.
pub(super) fn add_refresh(script: &mut Script, body: &mut Value) {
    if let Some(number) = &mut script.grant {
        *number += 1;
        body["refresh_token"] = json!(format!("refresh-canary-{number}"));
        body["expires_in"] = json!(600);
    }
}
