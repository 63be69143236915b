//! The header `Authorization`, of which only the scheme `Bearer` (RFC 6750, section 2.1) means
//! something here.

use crudauth_core::slices::api_keys::ApiKey;
use poem::Request;
use poem::http::header;

/// What the first line of the header carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Authorization<'r> {
    /// No credential of this scheme.
    Absent,
    /// An API key, by its form.
    ApiKey(&'r str),
    /// What is to be an access token.
    Bearer(&'r str),
}

impl<'r> Authorization<'r> {
    /// Reads it: the scheme in any case, one blank, and all the rest.
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
        // What is no text is no token; neither is the empty one.
        let token = std::str::from_utf8(rest).unwrap_or_default();
        if ApiKey::parse(token).is_some() { Self::ApiKey(token) } else { Self::Bearer(token) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_scheme_is_read_in_any_case_before_one_blank() {
        for line in ["Bearer a.b.c", "bearer a.b.c", "BEARER a.b.c  "] {
            assert_eq!(Authorization::parse(line.as_bytes()), Authorization::Bearer("a.b.c"));
        }
        assert_eq!(Authorization::parse(b"Bearer  a"), Authorization::Bearer(" a"));
        assert_eq!(Authorization::parse(b"Bearer a, b c"), Authorization::Bearer("a, b c"));
        assert_eq!(Authorization::parse(b"Bearer \xff"), Authorization::Bearer(""));
    }

    #[test]
    fn what_is_of_another_scheme_or_nothing_is_absent() {
        for line in ["", "Bearer", "Bearer  ", "bearer\tx", "Basic YTpi", "Bearerx y", "a.b.c"] {
            assert_eq!(Authorization::parse(line.as_bytes()), Authorization::Absent, "{line:?}");
        }
    }

    proptest! {
        #[test]
        fn any_line_is_absent_or_what_stands_behind_the_scheme(
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
