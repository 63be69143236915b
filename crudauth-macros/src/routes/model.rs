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
    /// What proves requests, in the order in which it was named.
    pub(super) transports: Vec<Transport<'a>>,
    /// One for each slice that has a place.
    pub(super) slots: Vec<Slot>,
    /// Whether the slices' routes and transports are mounted.
    pub(super) has_paths: bool,
}

/// What a request can be proved by.
#[derive(Clone, Copy)]
pub(super) enum Transport<'a> {
    /// One of the library's.
    Slice(&'static Slice),
    /// One of the app's, which the builder is given.
    Own(&'a Type),
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
        Self {
            attributes: declared.attributes.iter().collect(),
            visibility: &declared.visibility,
            ident: &declared.ident,
            user: declared.user.clone().unwrap_or_else(fallback::nobody),
            slices: SLICES.iter().filter(|slice| is_named(slice)).collect(),
            transports: transports(declared),
            slots: SLICES.iter().filter(|slice| slice.has_slot).map(slot).collect(),
            has_paths: true,
        }
    }

    /// The app's own transports.
    pub(super) fn own(&self) -> impl DoubleEndedIterator<Item = &'a Type> {
        self.transports.iter().filter_map(|transport| match transport {
            Transport::Slice(_) => None,
            Transport::Own(ty) => Some(*ty),
        })
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

fn transports(declared: &Declared) -> Vec<Transport<'_>> {
    let own_after = |slices| {
        let own = declared.own.iter().filter(move |own| own.after == slices);
        own.map(|own| Transport::Own(&own.ty))
    };
    let mut transports: Vec<_> = own_after(0).collect();
    for (at, word) in declared.slices.iter().enumerate() {
        let slice = SLICES.iter().find(|slice| word == slice.word);
        let proving = slice.filter(|slice| slice.proves != Proves::Nothing);
        transports.extend(proving.map(Transport::Slice));
        transports.extend(own_after(at + 1));
    }
    transports
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
