//! The outcome of a form, for the page that the browser gets next.
//!
//! A signed cookie carries it: a cookie that another site of the same domain planted is ignored.

use std::mem::take;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crudauth_core::model::KeyRing;
use serde::{Deserialize, Serialize};

use crate::http::Refusal;

/// Browsers keep a cookie of 4,096 bytes, with its name and attributes.
const MAX_BYTES: usize = 3_000;

/// The names of `errors` and `values`, and their punctuation.
const NAMES: usize = r#","errors":[],"values":[]"#.len();

/// The outcome of the last form that a page sent to a route of the library.
///
/// A template escapes every text of it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FlashMessage {
    /// The route, for example `/register`.
    pub route: String,
    /// `ok`, `second-factor` if the sign-in needs its second step, or the
    /// [code of the refusal](Refusal).
    pub code: String,
    /// A sentence for people; empty if the route answers without one.
    pub detail: String,
    /// The invalid fields by name, each with its error.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<(String, String)>,
    /// What the person typed into a refused form: identifiers, and the columns of a sign-up. Never a
    /// password.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<(String, String)>,
    /// The value of the field `challenge`, for the form of the second step or of a mailed code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<String>,
}

impl FlashMessage {
    /// Returns `true` if the form was accepted.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.code == "ok"
    }

    /// Returns the error of a field.
    #[must_use]
    pub fn error_of(&self, field: &str) -> Option<&str> {
        text_of(&self.errors, field)
    }

    /// Returns what the person typed into a field.
    #[must_use]
    pub fn value_of(&self, field: &str) -> Option<&str> {
        text_of(&self.values, field)
    }

    /// Creates the message of a refusal.
    pub(super) fn refused(route: &str, refusal: &Refusal) -> Self {
        let (detail, errors) = refusal.sentences();
        let code = refusal.code.to_owned();
        Self { route: route.to_owned(), code, detail, errors, ..Self::default() }
    }

    /// Writes the value of the cookie. Errors and values that do not fit are left out.
    pub(super) fn sealed(mut self, keys: &KeyRing) -> String {
        let (errors, values) = (take(&mut self.errors), take(&mut self.values));
        let mut room = (MAX_BYTES * 3 / 4).saturating_sub(size(&self) + NAMES);
        self.errors = fitting(errors, &mut room);
        self.values = fitting(values, &mut room);
        let payload = serde_json::to_vec(&self).unwrap_or_default();
        let mac = keys.current().flash.mac(&[&payload]);
        let [payload, mac] = [&*payload, mac.as_bytes()].map(|part| URL_SAFE_NO_PAD.encode(part));
        format!("{payload}.{mac}")
    }

    /// Reads the value of a cookie; `None` if the library did not write it.
    pub(crate) fn open(value: &str, keys: &KeyRing) -> Option<Self> {
        let (payload, mac) = value.split_once('.')?;
        let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
        let mac = URL_SAFE_NO_PAD.decode(mac).ok()?;
        let is_ours = keys.all().any(|keys| keys.flash.verifies(&[&payload], &mac));
        if is_ours { serde_json::from_slice(&payload).ok() } else { None }
    }
}

/// Returns the texts that fit into the room, and takes their bytes from it.
fn fitting(mut texts: Vec<(String, String)>, room: &mut usize) -> Vec<(String, String)> {
    texts.retain(|text| {
        let rest = room.checked_sub(size(text) + ",".len());
        *room = rest.unwrap_or(*room);
        rest.is_some()
    });
    texts
}

fn size(value: &impl Serialize) -> usize {
    serde_json::to_vec(value).map_or(0, |bytes| bytes.len())
}

fn text_of<'t>(texts: &'t [(String, String)], field: &str) -> Option<&'t str> {
    texts.iter().find(|(name, _)| name == field).map(|(_, text)| text.as_str())
}

/// Leaves out the values, and the challenge, which is half of a sign-in.
impl std::fmt::Debug for FlashMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FlashMessage")
            .field("route", &self.route)
            .field("code", &self.code)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(secret: &str, previous: &[&str]) -> KeyRing {
        let previous: Vec<_> = previous.iter().map(|secret| (*secret).into()).collect();
        KeyRing::new(&secret.into(), &previous).unwrap()
    }

    const SECRET: &str = "0123456789abcdefghijklmnopqrstuvwxyz";
    const OTHER: &str = "zyxwvutsrqponmlkjihgfedcba9876543210";

    #[test]
    fn a_message_survives_the_cookie_and_a_change_of_the_secret() {
        let message = FlashMessage {
            route: "/register".into(),
            code: "invalid-fields".into(),
            errors: vec![("email".into(), "not an address".into())],
            ..FlashMessage::default()
        };
        let sealed = message.clone().sealed(&keys(SECRET, &[]));
        assert_eq!(FlashMessage::open(&sealed, &keys(OTHER, &[SECRET])).unwrap(), message);
        assert_eq!(message.error_of("email"), Some("not an address"));
    }

    #[test]
    fn a_message_of_somebody_else_is_ignored() {
        let keys = keys(SECRET, &[]);
        let sealed = FlashMessage::default().sealed(&keys);
        let forged = FlashMessage { detail: "Call this number".into(), ..FlashMessage::default() };
        let foreign = forged.sealed(&self::keys(OTHER, &[]));
        let (payload, _) = foreign.split_once('.').unwrap();
        let (_, mac) = sealed.split_once('.').unwrap();
        for value in [&*foreign, &format!("{payload}.{mac}"), payload, "", ".", "a.b"] {
            assert!(FlashMessage::open(value, &keys).is_none(), "{value}");
        }
    }

    #[test]
    fn a_message_with_many_errors_fits_into_a_cookie() {
        let errors = vec![("field".to_owned(), "e".repeat(300)); 40];
        let message = FlashMessage { errors, ..FlashMessage::default() };
        let sealed = message.sealed(&keys(SECRET, &[]));
        assert!(sealed.len() < MAX_BYTES + 60, "{}", sealed.len());
        assert!(!FlashMessage::open(&sealed, &keys(SECRET, &[])).unwrap().errors.is_empty());
    }

    #[test]
    fn a_text_that_does_not_fit_leaves_room_for_the_others() {
        let text = |name: &str, length| (name.to_owned(), "\"".repeat(length));
        let values = vec![text("email", 64_000), text("username", 40)];
        let errors = vec![text("email", 300), text("phone", 5_000)];
        let message = FlashMessage { errors, values, ..FlashMessage::default() };
        let sealed = message.clone().sealed(&keys(SECRET, &[]));
        assert!(sealed.len() < MAX_BYTES + 60, "{}", sealed.len());
        let opened = FlashMessage::open(&sealed, &keys(SECRET, &[])).unwrap();
        assert_eq!(
            (&opened.errors[..], &opened.values[..]),
            (&message.errors[..1], &message.values[1..])
        );
    }

    #[test]
    fn a_message_that_fits_exactly_keeps_everything() {
        let with = |length| FlashMessage {
            errors: vec![("email".into(), "e".into())],
            values: vec![("username".into(), "v".repeat(length))],
            ..FlashMessage::default()
        };
        let left = MAX_BYTES * 3 / 4 - size(&with(0));
        // One comma for each list counts that its only text does not need.
        for (length, is_kept) in [(left - 2, true), (left - 1, false)] {
            let sealed = with(length).sealed(&keys(SECRET, &[]));
            let opened = FlashMessage::open(&sealed, &keys(SECRET, &[])).unwrap();
            assert_eq!(opened == with(length), is_kept, "{length}");
        }
    }
}
