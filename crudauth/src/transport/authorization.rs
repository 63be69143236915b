//! The `Authorization` header with the scheme `Bearer` (RFC 6750, section 2.1).
//!
//! Read by the bearer and API key transports, and by logout.

use crudauth_core::slices::api_keys::ApiKey;
use poem::Request;
use poem::http::header;

/// Credential of the first `Authorization` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Authorization<'r> {
    /// No credential of this scheme.
    Absent,
    /// An API key, recognized by its format.
    ApiKey(&'r str),
    /// Any other token, presumably an access token.
    Bearer(&'r str),
}

impl<'r> Authorization<'r> {
    /// Parses the scheme, case-insensitively, one space, and the rest as the token.
    pub(crate) fn of(request: &'r Request) -> Self {
        match request.headers().get(header::AUTHORIZATION) {
            Some(value) => Self::parse(value.as_bytes()),
            None => Self::Absent,
        }
    }

    fn parse(line: &'r [u8]) -> Self {
        const SCHEME: &[u8] = b"bearer ";
        let Some((scheme, rest)) = line.trim_ascii_end().split_at_checked(SCHEME.len()) else {
            return Self::Absent;
        };
        if !scheme.eq_ignore_ascii_case(SCHEME) {
            return Self::Absent;
        }
        // A token that is not text becomes empty, which is an invalid token.
        let token = std::str::from_utf8(rest).unwrap_or_default();
        if ApiKey::parse(token).is_some() { Self::ApiKey(token) } else { Self::Bearer(token) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_scheme_is_case_insensitive_and_one_space_follows() {
        for line in ["Bearer a.b.c", "bearer a.b.c", "BEARER a.b.c  "] {
            assert_eq!(Authorization::parse(line.as_bytes()), Authorization::Bearer("a.b.c"));
        }
        assert_eq!(Authorization::parse(b"Bearer  a"), Authorization::Bearer(" a"));
        assert_eq!(Authorization::parse(b"Bearer a, b c"), Authorization::Bearer("a, b c"));
        assert_eq!(Authorization::parse(b"Bearer \xff"), Authorization::Bearer(""));
    }

    #[test]
    fn another_scheme_or_an_empty_token_is_absent() {
        for line in ["", "Bearer", "Bearer  ", "bearer\tx", "Basic YTpi", "Bearerx y", "a.b.c"] {
            assert_eq!(Authorization::parse(line.as_bytes()), Authorization::Absent, "{line:?}");
        }
    }

    proptest! {
        #[test]
        fn any_header_is_absent_or_yields_the_rest_of_the_line(
            line in prop::collection::vec(any::<u8>(), 0..60),
            has_scheme in any::<bool>(),
        ) {
            let line = if has_scheme { [b"bearer ", &*line].concat() } else { line };
            let line = line.trim_ascii_end();
            let sent = line.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case(b"bearer "));
            let token = sent.map(|_| std::str::from_utf8(&line[7..]).unwrap_or_default());
            match Authorization::parse(line) {
                Authorization::Absent => prop_assert_eq!(token, None),
                Authorization::Bearer(read) | Authorization::ApiKey(read) => {
                    prop_assert_eq!(token, Some(read));
                }
            }
        }
    }
}
