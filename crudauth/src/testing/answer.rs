//! A response of the app under test.

use poem::http::HeaderMap;
use poem::{Body, Response};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A response of the app under test, with its whole body.
#[derive(Clone)]
pub struct Answer {
    /// Status, such as 200.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    pub(super) async fn read(response: Response) -> Self {
        let (parts, body): (_, Body) = response.into_parts();
        let body = body.into_vec().await;
        let body = body.unwrap_or_else(|error| panic!("incomplete response: {error}"));
        Self { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// Asserts the status, and returns the response.
    ///
    /// # Panics
    /// If the status differs; the message shows the response.
    #[track_caller]
    pub fn expect_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// Returns the body.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// Returns the body as text.
    ///
    /// # Panics
    /// If the body is not UTF-8.
    #[track_caller]
    #[must_use]
    pub fn text(&self) -> &str {
        match std::str::from_utf8(&self.body) {
            Ok(text) => text,
            Err(error) => panic!("body is not UTF-8: {error}"),
        }
    }

    /// Parses the body as JSON.
    ///
    /// # Panics
    /// If the body is not JSON.
    #[track_caller]
    #[must_use]
    pub fn json(&self) -> Value {
        self.parsed()
    }

    /// Deserializes the JSON body into a `T`.
    ///
    /// # Panics
    /// If the body is not JSON of a `T`.
    #[track_caller]
    #[must_use]
    pub fn parsed<T: DeserializeOwned>(&self) -> T {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("{error}: {self:?}"),
        }
    }

    /// Returns the `code` of a [`Refusal`](crate::Refusal), such as `csrf-missing`; empty for any
    /// other response.
    #[must_use]
    pub fn code(&self) -> String {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        body["code"].as_str().unwrap_or_default().to_owned()
    }

    /// Returns a header as text, if it is present and readable.
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
