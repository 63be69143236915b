//! Scopes: what a bearer token or an API key may be used for.
//!
//! It promises that a set is small, that each of its scopes is a token of RFC 6749 (section 3.3),
//! and that none is there twice. Whoever issues a credential, reads one or guards a route uses it.

use std::fmt;
use std::ops::BitOr;

use serde::{Serialize, Serializer};

/// Scopes in the order in which they were asked for, each once. The order is for people: two sets of
/// the same scopes are equal.
#[derive(Clone, Debug, Default, Eq)]
pub struct Scopes(Vec<String>);

impl PartialEq for Scopes {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.contains_all(other)
    }
}

/// A text that cannot be a scope, or one scope too many.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidScope {
    /// It is empty or has a character that no scope has.
    #[error("`{0}` is no scope: write 1 to 64 visible ASCII characters without `\"` and `\\`")]
    Form(String),
    /// There are more than [`Scopes::MOST`].
    #[error("there are more than {} scopes", Scopes::MOST)]
    TooMany,
}

impl Scopes {
    /// How many scopes a set may have.
    pub const MOST: usize = 64;

    /// How many characters a scope may have.
    pub const MAX_CHARS: usize = 64;

    /// The set of these, for settings and code: whoever writes them wants to know of a mistake.
    ///
    /// # Errors
    /// [`InvalidScope`] with the first that is none.
    pub fn of<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Result<Self, InvalidScope> {
        let mut scopes = Self::default();
        for name in names {
            let name = name.as_ref();
            if !is_scope(name) {
                return Err(InvalidScope::Form(name.to_owned()));
            }
            if !scopes.add(name) {
                return Err(InvalidScope::TooMany);
            }
        }
        Ok(scopes)
    }

    /// Reads a list separated by blanks. What is no scope, and whatever goes beyond
    /// [`MOST`](Self::MOST), is left out.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self::gather(text, is_scope)
    }

    /// What of a client's list is among `known`; `None` if the list is absent or blank, so that
    /// nothing was asked for. However long it is, no more is kept than `known` holds.
    #[must_use]
    pub fn asked(text: Option<&str>, known: &Self) -> Option<Self> {
        let text = text.filter(|text| !text.trim().is_empty())?;
        Some(Self::gather(text, |name| known.contains(name)))
    }

    fn gather(text: &str, is_wanted: impl Fn(&str) -> bool) -> Self {
        let mut scopes = Self::default();
        for name in text.split_whitespace().filter(|name| is_wanted(name)) {
            if !scopes.add(name) {
                break;
            }
        }
        scopes
    }

    /// Adds a scope; whether there was room.
    fn add(&mut self, name: &str) -> bool {
        if self.contains(name) {
            return true;
        }
        let has_room = self.0.len() < Self::MOST;
        if has_room {
            self.0.push(name.to_owned());
        }
        has_room
    }

    /// Whether this scope is among them. Names are compared exactly.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|scope| scope == name)
    }

    /// Whether all of `others` are among them.
    #[must_use]
    pub fn contains_all(&self, others: &Self) -> bool {
        others.iter().all(|name| self.contains(name))
    }

    /// The scopes, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Those of them that are among `others` too, in the order that they have here.
    #[must_use]
    pub fn intersection(&self, others: &Self) -> Self {
        Self(self.0.iter().filter(|name| others.contains(name)).cloned().collect())
    }

    /// Those that are not in `others`, in order.
    pub(crate) fn difference(&self, others: &Self) -> Self {
        Self(self.0.iter().filter(|name| !others.contains(name)).cloned().collect())
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// RFC 6749, section 3.3: `scope-token = 1*( %x21 / %x23-5B / %x5D-7E )`.
fn is_scope(name: &str) -> bool {
    let is_allowed = |byte: u8| matches!(byte, b'!' | b'#'..=b'[' | b']'..=b'~');
    (1..=Scopes::MAX_CHARS).contains(&name.len()) && name.bytes().all(is_allowed)
}

/// Both, however many that are: settings with more than [`Scopes::MOST`] are refused as a whole.
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

/// As a request or an answer lists them: separated by blanks.
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
#[allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_list_is_read_in_order_and_each_scope_once() {
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
    fn what_no_scope_may_hold_is_left_out() {
        let long = "a".repeat(Scopes::MAX_CHARS + 1);
        for wrong in ["a\"b", "a\\b", "é", "a\u{7f}", "a\0b", &long] {
            assert!(Scopes::parse(wrong).is_empty(), "{wrong:?}");
            assert!(Scopes::of([wrong]).is_err(), "{wrong:?}");
        }
        assert!(Scopes::of([""]).is_err());
    }

    #[test]
    fn a_blank_list_asks_for_nothing_and_an_unknown_one_for_none() {
        let known = Scopes::parse("read write");
        assert_eq!(Scopes::asked(None, &known), None);
        assert_eq!(Scopes::asked(Some(" \t"), &known), None);
        assert_eq!(Scopes::asked(Some("other"), &known), Some(Scopes::default()));
    }

    #[test]
    fn a_known_scope_is_found_behind_any_number_of_others() {
        let known = Scopes::parse("read write");
        let many: String = (0..20_000).map(|n| format!("x{n} ")).collect();
        let asked = Scopes::asked(Some(&format!("{many}write {many}")), &known).unwrap();
        assert_eq!(asked.to_string(), "write");
        assert_eq!(Scopes::parse(&many).len(), Scopes::MOST);
    }

    #[test]
    fn one_too_many_is_told_where_it_is_set() {
        let names: Vec<_> = (0..=Scopes::MOST).map(|n| format!("s{n}")).collect();
        assert_eq!(Scopes::of(&names), Err(InvalidScope::TooMany));
        assert_eq!(Scopes::of(&names[1..]).unwrap().len(), Scopes::MOST);
    }

    #[test]
    fn a_sum_loses_none_and_has_each_once() {
        let names: Vec<_> = (0..Scopes::MOST).map(|n| format!("s{n}")).collect();
        let all = Scopes::of(&names).unwrap();
        let more = all.clone() | Scopes::parse("s0 one-more");
        assert_eq!((more.len(), more.contains("one-more")), (Scopes::MOST + 1, true));
    }

    proptest! {
        #[test]
        fn any_text_gives_a_small_set_that_reads_back(text in "(\\PC|[a-c \"\\\\\t]){0,200}") {
            let scopes = Scopes::parse(&text);
            prop_assert!(scopes.len() <= Scopes::MOST);
            prop_assert!(scopes.to_string().len() <= Scopes::MOST * (Scopes::MAX_CHARS + 1));
            prop_assert_eq!(Scopes::parse(&scopes.to_string()), scopes.clone());
            prop_assert_eq!(Scopes::of(scopes.iter()), Ok(scopes));
        }

        #[test]
        fn an_intersection_is_part_of_both(one in "[a-e ]{0,20}", other in "[a-e ]{0,20}") {
            let (one, other) = (Scopes::parse(&one), Scopes::parse(&other));
            let both = one.intersection(&other);
            prop_assert!(one.contains_all(&both) && other.contains_all(&both));
            let lost = one.iter().filter(|name| !both.contains(name));
            prop_assert!(lost.into_iter().all(|name| !other.contains(name)));
        }
    }
}
