//! Usernames of accounts that a provider's profile creates.

use super::provider::Identity;
use crate::model::Username;
use crate::random::random;

/// Numbers that are tried after a taken name, before random digits.
const NUMBERS: u32 = 99;

/// Returns the names to be tried, the best first: one from the profile, then the same with a
/// number, then with random digits.
pub(super) fn candidates(identity: &Identity, max_chars: usize) -> impl Iterator<Item = String> {
    let base = base(identity, max_chars);
    let numbered = (1..=NUMBERS).map(|number| number.to_string());
    let random = std::iter::repeat_with(|| hex::encode(random::<4>())).take(3);
    let first = std::iter::once(base.clone());
    first.chain(numbered.chain(random).map(move |suffix| {
        let kept = max_chars.saturating_sub(suffix.len() + 1).min(base.len());
        format!("{}_{suffix}", &base[..kept])
    }))
}

/// ASCII only.
fn base(identity: &Identity, max_chars: usize) -> String {
    let local_part = identity.email.as_deref().and_then(|email| email.split('@').next());
    let told = ["preferred_username", "given_name", "name"];
    let told = told.into_iter().find_map(|claim| identity.text(claim)).or(local_part);
    let plain = plain(told.unwrap_or_default());
    let is_valid = plain.len() >= 2 && Username::parse(&plain).is_ok();
    let name = match &*plain {
        "" => "user".to_owned(),
        _ if is_valid || plain.len() > max_chars => plain,
        _ => format!("user_{plain}"),
    };
    name[..name.len().min(max_chars)].to_owned()
}

/// Lower case, with `_` for each run of other characters.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for c in text.to_lowercase().chars() {
        match c {
            'a'..='z' | '0'..='9' => plain.push(c),
            _ if plain.ends_with('_') => {}
            _ => plain.push('_'),
        }
    }
    plain.trim_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn first(claims: &serde_json::Value) -> String {
        let claims = claims.as_object().cloned().unwrap_or_default();
        let email = Some("a.l+x@example.com".to_owned());
        let identity = Identity { claims, email, ..Identity::default() };
        candidates(&identity, 64).next().unwrap_or_default()
    }

    #[test]
    fn the_name_is_made_of_the_first_claim() {
        for (claims, name) in [
            (json!({ "preferred_username": "Al.Liddell", "name": "x" }), "al_liddell"),
            (json!({ "given_name": "Alice" }), "alice"),
            (json!({ "name": "Alice  Liddell" }), "alice_liddell"),
            (json!({}), "a_l_x"),
            (json!({ "preferred_username": "x" }), "user_x"),
            (json!({ "preferred_username": "\u{7231}\u{4e3d}" }), "user"),
            (json!({ "preferred_username": "alice@example.com" }), "alice_example_com"),
        ] {
            assert_eq!(first(&claims), name, "{claims}");
        }
        assert_eq!(first(&json!({ "preferred_username": "w".repeat(80) })), "w".repeat(64));
    }

    #[test]
    fn further_names_fit_and_differ() {
        let claims = json!({ "name": "w".repeat(80) }).as_object().cloned().unwrap_or_default();
        let identity = Identity { claims, ..Identity::default() };
        let names: Vec<_> = candidates(&identity, 20).collect();
        assert_eq!(names[1], format!("{}_1", "w".repeat(18)));
        assert!(names.iter().all(|name| name.len() <= 20));
        let mut distinct = names.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), names.len());
    }
}
