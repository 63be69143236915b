//! The meaning of a mount: its user struct, its slices, and the transports in order.

use syn::{Attribute, Ident, Type, Visibility};

use super::parse::{Declared, Transport};
use super::slices::{Proves, SLICES, Slice};
use crate::support::fallback;

/// A mount.
pub(super) struct Model<'a> {
    pub(super) attributes: Vec<&'a Attribute>,
    pub(super) visibility: &'a Visibility,
    pub(super) ident: &'a Ident,
    pub(super) user: Type,
    pub(super) slices: Vec<&'static Slice>,
    /// The transports, in the order in which they were named.
    pub(super) transports: &'a [Transport],
    /// Whether the mount has no mistake. If not, it mounts no routes and requires no settings.
    pub(super) is_valid: bool,
}

impl<'a> Model<'a> {
    pub(super) fn of(declared: &'a Declared) -> Self {
        let arguments = &declared.arguments;
        let is_named = |slice: &Slice| arguments.named(slice.word).is_some();
        Self {
            attributes: declared.item.attrs.iter().collect(),
            visibility: &declared.item.vis,
            ident: &declared.item.ident,
            user: arguments.user.clone().unwrap_or_else(fallback::placeholder_user),
            slices: SLICES.iter().filter(|slice| is_named(slice)).collect(),
            transports: &arguments.transports,
            is_valid: true,
        }
    }

    /// The app's own transports.
    pub(super) fn own(&self) -> impl Iterator<Item = &'a Type> {
        self.transports.iter().filter_map(|transport| match transport {
            Transport::Slice(_) => None,
            Transport::Own(ty) => Some(&**ty),
        })
    }

    /// Whether a credential can have scopes.
    pub(super) fn is_scoped(&self) -> bool {
        self.slices.iter().any(|slice| slice.proves == Proves::Scoped)
    }

    /// The mount after a mistake: it has every slice, requires no settings, and derives nothing
    /// that it implements already.
    pub(super) fn broken(mut self) -> Self {
        self.attributes.retain(|attribute| !attribute.path().is_ident("derive"));
        Self { slices: SLICES.iter().collect(), is_valid: false, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_required_slice_exists() {
        for slice in SLICES {
            let exists = |needed: &&str| SLICES.iter().any(|other| other.word == *needed);
            assert!(slice.needs.iter().all(exists), "{}", slice.word);
        }
    }

    #[test]
    fn every_marker_has_the_name_of_its_slice() {
        for slice in SLICES {
            assert_eq!(slice.marker.to_lowercase(), slice.word.replace('_', ""));
        }
    }
}
