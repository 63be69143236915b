//! Redirect target after a mailed link.
//!
//! A [`RedirectPath`] stays on the site: appended to the site's origin, it cannot lead to another
//! host. Called by recovery requests, before the path becomes part of a link.

use std::borrow::Cow;

/// A path of the app's site, with its query and fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedirectPath(String);

impl RedirectPath {
    /// Maximum length in bytes.
    pub const MAX_BYTES: usize = 2048;

    /// Parses a path of this site; `None` for anything else, which callers ignore.
    ///
    /// The path starts with exactly one `/`, also after percent-decoding. It has no backslash,
    /// which browsers treat as a slash, and no control character, plain or percent-encoded. It has
    /// no white space and no dot segments, which would turn `/.//host` into `//host`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > Self::MAX_BYTES || text.contains(char::is_whitespace) {
            return None;
        }
        let decoded = percent_decode(text);
        let decoded_path = percent_decode(path(text));
        let leads_elsewhere = !text.starts_with('/')
            || decoded_path.starts_with("//")
            || decoded.contains(|c: char| c == '\\' || c.is_control())
            || decoded_path.split('/').any(|segment| matches!(segment, "." | ".."));
        if leads_elsewhere { None } else { Some(Self(text.to_owned())) }
    }

    /// Returns the path as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Returns the part before query and fragment.
fn path(text: &str) -> &str {
    text.split(['?', '#']).next().unwrap_or_default()
}

/// Decodes percent-escapes once, like the next reader of the path. Invalid escapes stay as they
/// are.
fn percent_decode(text: &str) -> Cow<'_, str> {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_path_of_this_site_is_unchanged() {
        for path in [
            "/",
            "/deep/path?x=1#part",
            "/a%20b/stra%C3%9Fe?next=https://example.com/../x#//y",
            "/straße",
            "/100%",
            "/%zz%+1%",
            "/a//b",
            "/.well-known/...",
            "/user@example.com",
            "/a/%2F",
        ] {
            assert_eq!(RedirectPath::parse(path).as_ref().map(RedirectPath::as_str), Some(path));
        }
    }

    #[test]
    fn a_path_to_another_site_is_rejected() {
        for text in [
            "",
            "path",
            "https://evil.example",
            "javascript:alert(1)",
            "//evil.example",
            "///evil.example",
            "/%2fevil.example",
            "/%2Fevil.example",
            "%2f/evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "/%5cevil.example",
            "/%5Cevil.example",
            "/a?b=\\",
            "/./\u{2f}evil.example",
            "/.//evil.example",
            "/a/..//evil.example",
            "/%2e%2E//evil.example",
            "@evil.example",
            "?next=/",
        ] {
            assert_eq!(RedirectPath::parse(text), None, "{text}");
        }
    }

    #[test]
    fn control_characters_are_rejected() {
        for c in (0..=0x1f_u8).chain([0x7f]) {
            assert_eq!(RedirectPath::parse(&format!("/{}/evil.example", char::from(c))), None);
            assert_eq!(RedirectPath::parse(&format!("/a%{c:02x}")), None);
            assert_eq!(RedirectPath::parse(&format!("/a?b#%{c:02X}")), None);
        }
        for text in ["/a%0d%0aSet-Cookie:%20x", "/a\u{85}", "/a%c2%85", "/a\u{2028}", " /", "/ "] {
            assert_eq!(RedirectPath::parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_overlong_path_is_rejected() {
        let longest = format!("/{}", "a".repeat(RedirectPath::MAX_BYTES - 1));
        assert!(RedirectPath::parse(&longest).is_some());
        assert!(RedirectPath::parse(&format!("{longest}a")).is_none());
    }

    proptest! {
        #[test]
        fn an_accepted_path_is_unchanged_and_local(
            text in "[/\\\\%2fF5cC0dDaAeE.?#x\t ]{0,12}|\\PC{0,40}|/\\PC{0,40}",
        ) {
            if let Some(path) = RedirectPath::parse(&text) {
                prop_assert_eq!(path.as_str(), &text);
                prop_assert!(text.starts_with('/') && !text.starts_with("//"));
                prop_assert!(!text.contains('\\') && !text.contains(char::is_control));
                let lower = text.to_ascii_lowercase();
                prop_assert!(!lower.contains("%5c") && !lower.starts_with("/%2f"));
                prop_assert!(!lower.contains("%0d") && !lower.contains("%0a"));
            }
        }
    }
}
