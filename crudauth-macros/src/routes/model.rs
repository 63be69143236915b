//! What the words mean: a user, slices, and what each slice needs.

use syn::{Attribute, Ident, Type, Visibility};

use super::parse::Declared;
use super::slices::{Proves, SLICES, Slice};
use crate::support::fallback;

/// A mount.
pub(super) struct Model<'a> {
    pub(super) attributes: Vec<&'a Attribute>,
    pub(super) visibility: &'a Visibility,
    pub(super) ident: &'a Ident,
    pub(super) user: Type,
    pub(super) slices: Vec<&'static Slice>,
    /// Those of them that prove requests, in the order in which they were named.
    pub(super) transports: Vec<&'static Slice>,
    /// One for each slice that has a place.
    pub(super) slots: Vec<Slot>,
    /// Whether the slices' routes and transports are mounted.
    pub(super) has_paths: bool,
}

/// How a place in the builder begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    Unset,
    NotMounted,
    Anything,
}

impl<'a> Model<'a> {
    pub(super) fn of(declared: &'a Declared) -> Self {
        let is_named = |slice: &Slice| declared.slices.iter().any(|word| word == slice.word);
        let slot = |slice| if is_named(slice) { Slot::Unset } else { Slot::NotMounted };
        let named = declared.slices.iter();
        let named = named.filter_map(|word| SLICES.iter().find(|slice| word == slice.word));
        Self {
            attributes: declared.attributes.iter().collect(),
            visibility: &declared.visibility,
            ident: &declared.ident,
            user: declared.user.clone().unwrap_or_else(fallback::nobody),
            slices: SLICES.iter().filter(|slice| is_named(slice)).collect(),
            transports: named.filter(|slice| slice.proves != Proves::Nothing).collect(),
            slots: SLICES.iter().filter(|slice| slice.has_slot).map(slot).collect(),
            has_paths: true,
        }
    }

    /// Whether a credential has scopes.
    pub(super) fn is_scoped(&self) -> bool {
        self.slices.iter().any(|slice| slice.proves == Proves::Scoped)
    }

    /// The same mount after a mistake: it has every slice, asks for nothing, and derives nothing
    /// that it has already.
    pub(super) fn broken(mut self) -> Self {
        self.attributes.retain(|attribute| !attribute.path().is_ident("derive"));
        let slots = vec![Slot::Anything; self.slots.len()];
        Self { slices: SLICES.iter().collect(), slots, has_paths: false, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slice_needs_one_that_exists() {
        for slice in SLICES {
            let exists = |needed| SLICES.iter().any(|other| other.word == needed);
            assert!(slice.needs.is_none_or(exists), "{}", slice.word);
        }
    }

    #[test]
    fn a_marker_is_called_as_its_word() {
        for slice in SLICES {
            assert_eq!(slice.marker.to_lowercase(), slice.word.replace('_', ""));
        }
    }
}
