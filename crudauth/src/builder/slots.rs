//! Mandatory settings of slices, tracked in the type of the builder: a program that omits or repeats
//! one does not compile.

use crudauth_core::slices::recovery::{EmailConfig, RecoveryConfig};

use crate::slice;

/// One slot for each slice with mandatory settings, in the order of the macro's table, and the slots
/// of the app's own transports.
#[derive(Debug)]
pub struct Slots<E, R, T> {
    pub(crate) email: E,
    pub(crate) recovery: R,
    pub(crate) own: T,
}

/// State of a slot: the slice is mounted and not configured yet.
#[derive(Debug, Default)]
pub struct Unset;

/// State of a slot: the slice is not mounted.
#[derive(Debug, Default)]
pub struct NotMounted;

/// State of a slot of a mount with compile errors. It accepts all settings, to avoid further
/// errors.
#[derive(Debug, Default)]
pub struct Anything;

/// A slot that is ready for `build()`.
#[diagnostic::on_unimplemented(
    message = "the `{Slice}` slice is mounted but not configured",
    label = "`{Slice}` still needs its settings",
    note = "for `email` write `.email(EmailConfig::new(sender, url))` before `.build()`, for `recovery` `.recovery(RecoveryConfig::new(channel))`, or drop the slice from `#[crudauth::routes(..)]`"
)]
pub trait Ready<Slice>: Place<Slice> {}

/// A slot that accepts settings.
#[diagnostic::on_unimplemented(
    message = "the `{Slice}` slice is not mounted, or is configured twice",
    label = "`{Slice}` takes no settings here",
    note = "add it to `#[crudauth::routes(..)]`, or drop this call"
)]
pub trait Open<Slice> {}

/// Content of a slot.
pub trait Place<Slice> {
    /// Type of the settings.
    type Settings;

    /// Returns the settings, or `None` if the slice is not mounted.
    fn settings(self) -> Option<Self::Settings>;
}

/// A slice with mandatory settings.
pub trait Configured {
    /// Type of the settings.
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
