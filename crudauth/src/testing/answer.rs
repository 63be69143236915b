//! What an app answered, read to its end.

use poem::http::HeaderMap;
use poem::{Body, Response};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// What an app answered, read to its end.
#[derive(Clone)]
pub struct Answer {
    /// The status, such as 200.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    pub(super) async fn read(response: Response) -> Self {
        let (parts, body): (_, Body) = response.into_parts();
        let body = match body.into_vec().await {
            Ok(body) => body,
            Err(error) => panic!("the answer broke off: {error}"),
        };
        Self { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// Looks whether it has this status, and hands it on.
    ///
    /// # Panics
    /// If it has another; the answer is shown then.
    #[track_caller]
    pub fn expect_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// The body as it came.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// The body as text.
    ///
    /// # Panics
    /// If it is none.
    #[track_caller]
    #[must_use]
    pub fn text(&self) -> &str {
        match std::str::from_utf8(&self.body) {
            Ok(text) => text,
            Err(error) => panic!("no text: {error}"),
        }
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// If it is none.
    #[track_caller]
    #[must_use]
    pub fn json(&self) -> Value {
        self.parsed()
    }

    /// The body, read from JSON into a type of the app's.
    ///
    /// # Panics
    /// If it cannot be read so.
    #[track_caller]
    #[must_use]
    pub fn parsed<T: DeserializeOwned>(&self) -> T {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("{error}: {self:?}"),
        }
    }

    /// The stable word of a [`Refusal`](crate::Refusal), such as `csrf-missing`; empty in any other
    /// answer.
    #[must_use]
    pub fn code(&self) -> String {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        body["code"].as_str().unwrap_or_default().to_owned()
    }

    /// A header's text, if it is there and is one.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?}", self.status, String::from_utf8_lossy(&self.body))
    }
}
