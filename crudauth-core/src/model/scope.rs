//! Scopes: permissions of a bearer token or an API key.
//!
//! A set is small and has no duplicates, and each scope is a token of RFC 6749 (section 3.3). Used
//! by the slices that issue and check credentials, and by the scope gate.

use std::fmt;
use std::ops::BitOr;

use serde::{Serialize, Serializer};

/// A set of scopes, in the order in which they were requested. Order does not affect equality.
#[derive(Clone, Debug, Default, Eq)]
pub struct Scopes(Vec<String>);

impl PartialEq for Scopes {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.contains_all(other)
    }
}

/// Why a list of scopes is invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidScope {
    /// The scope is empty, too long, or has an invalid character.
    #[error("invalid scope `{0}`: use 1 to 64 visible ASCII characters without `\"` and `\\`")]
    Malformed(String),
    /// The list has more than [`Scopes::MOST`] scopes.
    #[error("more than {} scopes", Scopes::MOST)]
    TooMany,
}

impl Scopes {
    /// Maximum number of scopes.
    pub const MOST: usize = 64;

    /// Maximum number of characters of a scope.
    pub const MAX_CHARS: usize = 64;

    /// Creates a set from names in settings and code.
    ///
    /// # Errors
    /// [`InvalidScope`] for the first invalid name.
    pub fn of<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Result<Self, InvalidScope> {
        let mut scopes = Self::default();
        for name in names {
            let name = name.as_ref();
            if !is_scope(name) {
                return Err(InvalidScope::Malformed(name.to_owned()));
            }
            if !scopes.add(name) {
                return Err(InvalidScope::TooMany);
            }
        }
        Ok(scopes)
    }

    /// Parses a space-separated list. Invalid scopes, and those beyond [`MOST`](Self::MOST), are
    /// omitted.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self::collect(text, is_scope)
    }

    /// Returns the scopes of a client's list that are among `known`; `None` if the list is missing
    /// or blank. Memory is bounded by `known`, however long the list is.
    #[must_use]
    pub fn requested(text: Option<&str>, known: &Self) -> Option<Self> {
        let text = text.filter(|text| !text.trim().is_empty())?;
        Some(Self::collect(text, |name| known.contains(name)))
    }

    fn collect(text: &str, is_accepted: impl Fn(&str) -> bool) -> Self {
        let mut scopes = Self::default();
        for name in text.split_whitespace().filter(|name| is_accepted(name)) {
            if !scopes.add(name) {
                break;
            }
        }
        scopes
    }

    /// Adds a scope; returns `false` if the set is full.
    fn add(&mut self, name: &str) -> bool {
        if self.contains(name) {
            return true;
        }
        if self.0.len() == Self::MOST {
            return false;
        }
        self.0.push(name.to_owned());
        true
    }

    /// Returns `true` if the set contains this scope. Names are case-sensitive.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|scope| scope == name)
    }

    /// Returns `true` if the set contains all of `others`.
    #[must_use]
    pub fn contains_all(&self, others: &Self) -> bool {
        others.iter().all(|name| self.contains(name))
    }

    /// Iterates over the scopes, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Returns the scopes that are also in `others`, in the order of this set.
    #[must_use]
    pub fn intersection(&self, others: &Self) -> Self {
        Self(self.0.iter().filter(|name| others.contains(name)).cloned().collect())
    }

    /// Returns the scopes that are not in `others`, in order.
    pub(crate) fn difference(&self, others: &Self) -> Self {
        Self(self.0.iter().filter(|name| !others.contains(name)).cloned().collect())
    }

    /// Returns the number of scopes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns `true` if the set is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Checks the grammar of RFC 6749, section 3.3: `scope-token = 1*( %x21 / %x23-5B / %x5D-7E )`.
fn is_scope(name: &str) -> bool {
    (1..=Scopes::MAX_CHARS).contains(&name.len())
        && name.bytes().all(|byte| matches!(byte, b'!' | b'#'..=b'[' | b']'..=b'~'))
}

/// Unites two sets without a limit. Settings with more than [`Scopes::MOST`] are rejected later.
impl<S: Into<Self>> BitOr<S> for Scopes {
    type Output = Self;

    fn bitor(mut self, others: S) -> Self {
        for name in others.into().0 {
            if !self.0.contains(&name) {
                self.0.push(name);
            }
        }
        self
    }
}

/// Formats the set as a space-separated list.
impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

impl Serialize for Scopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed setup fails the test")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_list_keeps_its_order_and_drops_duplicates() {
        let scopes = Scopes::parse(" reports:write\treports:read  reports:write\n");
        assert_eq!(scopes.to_string(), "reports:write reports:read");
        assert_eq!(serde_json::to_string(&scopes).unwrap(), r#"["reports:write","reports:read"]"#);
    }

    #[test]
    fn sets_of_the_same_scopes_are_equal() {
        assert_eq!(Scopes::parse("read write"), Scopes::parse("write read"));
        assert_ne!(Scopes::parse("read write"), Scopes::parse("read"));
        assert_ne!(Scopes::parse("read"), Scopes::parse("write"));
    }

    #[test]
    fn invalid_scopes_are_omitted() {
        let long = "a".repeat(Scopes::MAX_CHARS + 1);
        for invalid in ["a\"b", "a\\b", "é", "a\u{7f}", "a\0b", &long] {
            assert!(Scopes::parse(invalid).is_empty(), "{invalid:?}");
            assert!(Scopes::of([invalid]).is_err(), "{invalid:?}");
        }
        assert!(Scopes::of([""]).is_err());
    }

    #[test]
    fn a_blank_list_requests_nothing_and_an_unknown_one_is_empty() {
        let known = Scopes::parse("read write");
        assert_eq!(Scopes::requested(None, &known), None);
        assert_eq!(Scopes::requested(Some(" \t"), &known), None);
        assert_eq!(Scopes::requested(Some("other"), &known), Some(Scopes::default()));
    }

    #[test]
    fn a_known_scope_is_found_among_many_unknown_ones() {
        let known = Scopes::parse("read write");
        let many: String = (0..20_000).map(|n| format!("x{n} ")).collect();
        let requested = Scopes::requested(Some(&format!("{many}write {many}")), &known).unwrap();
        assert_eq!(requested.to_string(), "write");
        assert_eq!(Scopes::parse(&many).len(), Scopes::MOST);
    }

    #[test]
    fn too_many_scopes_in_settings_are_an_error() {
        let names: Vec<_> = (0..=Scopes::MOST).map(|n| format!("s{n}")).collect();
        assert_eq!(Scopes::of(&names), Err(InvalidScope::TooMany));
        assert_eq!(Scopes::of(&names[1..]).unwrap().len(), Scopes::MOST);
    }

    #[test]
    fn a_union_keeps_all_scopes_without_duplicates() {
        let names: Vec<_> = (0..Scopes::MOST).map(|n| format!("s{n}")).collect();
        let all = Scopes::of(&names).unwrap();
        let more = all.clone() | Scopes::parse("s0 one-more");
        assert_eq!((more.len(), more.contains("one-more")), (Scopes::MOST + 1, true));
    }

    proptest! {
        #[test]
        fn any_text_yields_a_bounded_set_that_parses_again(text in "(\\PC|[a-c \"\\\\\t]){0,200}") {
            let scopes = Scopes::parse(&text);
            prop_assert!(scopes.len() <= Scopes::MOST);
            prop_assert!(scopes.to_string().len() <= Scopes::MOST * (Scopes::MAX_CHARS + 1));
            prop_assert_eq!(Scopes::parse(&scopes.to_string()), scopes.clone());
            prop_assert_eq!(Scopes::of(scopes.iter()), Ok(scopes));
        }

        #[test]
        fn an_intersection_is_a_subset_of_both(one in "[a-e ]{0,20}", other in "[a-e ]{0,20}") {
            let one = Scopes::parse(&one);
            let other = Scopes::parse(&other);
            let both = one.intersection(&other);
            prop_assert!(one.contains_all(&both) && other.contains_all(&both));
            let rest = one.iter().filter(|name| !both.contains(name));
            prop_assert!(rest.into_iter().all(|name| !other.contains(name)));
        }
    }
}
