//! Settings that a slice cannot work without have a place in the builder's type: forgetting or
//! repeating one does not compile.

use crudauth_core::slices::recovery::{EmailConfig, RecoveryConfig};

use crate::slice;

/// The places; one for each slice that needs settings, in the order of the macro's table, and those
/// of the app's own transports.
#[derive(Debug)]
pub struct Slots<E, R, T> {
    pub(crate) email: E,
    pub(crate) recovery: R,
    pub(crate) own: T,
}

/// The slice is mounted and has no settings yet.
#[derive(Debug, Default)]
pub struct Unset;

/// The slice is not mounted.
#[derive(Debug, Default)]
pub struct NotMounted;

/// The slice belongs to a mount that did not compile: whatever is said is fine.
#[derive(Debug, Default)]
pub struct Anything;

/// A place that nothing is missing from.
#[diagnostic::on_unimplemented(
    message = "the `{Slice}` slice is mounted but not configured",
    label = "`{Slice}` still needs its settings",
    note = "for `email` write `.email(EmailConfig::new(sender, url))` before `.build()`, for `recovery` `.recovery(RecoveryConfig::new(channel))`, or drop the slice from `#[crudauth::routes(..)]`"
)]
pub trait Ready<Slice>: Place<Slice> {}

/// A place that settings may be put into.
#[diagnostic::on_unimplemented(
    message = "the `{Slice}` slice is not mounted, or is configured twice",
    label = "`{Slice}` takes no settings here",
    note = "add it to `#[crudauth::routes(..)]`, or drop this call"
)]
pub trait Open<Slice> {}

/// What is in a place.
pub trait Place<Slice> {
    /// The slice's settings.
    type Settings;

    /// The settings, if there are any.
    fn settings(self) -> Option<Self::Settings>;
}

/// A slice that needs settings.
pub trait Configured {
    /// The settings.
    type Settings;
}

impl Configured for slice::Email {
    type Settings = EmailConfig;
}

impl Configured for slice::Recovery {
    type Settings = RecoveryConfig;
}

impl<S: Configured> Ready<S> for NotMounted {}
impl<S: Configured> Ready<S> for Anything {}
impl Ready<slice::Email> for EmailConfig {}
impl Ready<slice::Recovery> for RecoveryConfig {}

impl<S> Open<S> for Unset {}
impl<S> Open<S> for Anything {}

macro_rules! filled {
    ($($slice:ty: $settings:ty),*) => {$(
        impl Place<$slice> for $settings {
            type Settings = Self;
            fn settings(self) -> Option<Self> {
                Some(self)
            }
        }
    )*};
}
filled!(slice::Email: EmailConfig, slice::Recovery: RecoveryConfig);

macro_rules! empty {
    ($($place:ty),*) => {$(
        impl<S: Configured> Place<S> for $place {
            type Settings = S::Settings;
            fn settings(self) -> Option<S::Settings> {
                None
            }
        }
    )*};
}
empty!(Unset, NotMounted, Anything);

impl<E: Default, R: Default, T: Default> Default for Slots<E, R, T> {
    fn default() -> Self {
        Self { email: E::default(), recovery: R::default(), own: T::default() }
    }
}
