//! Settings that a slice cannot work without have a place in the builder's type: forgetting or
//! repeating one does not compile.

use crudauth_core::recovery::EmailConfig;

use crate::slice;

/// The places; one for each slice that needs settings.
#[derive(Debug)]
pub struct Slots<E> {
    pub(crate) email: E,
}

/// The slice is mounted and has no settings yet.
#[derive(Debug)]
pub struct Unset;

/// The slice is not mounted.
#[derive(Debug)]
pub struct NotMounted;

/// The slice belongs to a mount that did not compile: whatever is said is fine.
#[derive(Debug)]
pub struct Anything;

/// A place that nothing is missing from.
#[diagnostic::on_unimplemented(
    message = "the `{Slice}` slice is mounted but not configured",
    label = "`{Slice}` still needs its settings",
    note = "for `email` write `.email(EmailConfig::new(sender, url))` before `.build()`, or drop the slice from `#[crudauth::routes(..)]`"
)]
pub trait Ready<Slice>: Place {}

/// A place that settings may be put into.
#[diagnostic::on_unimplemented(
    message = "the `{Slice}` slice is not mounted, or is configured twice",
    label = "`{Slice}` takes no settings here",
    note = "add it to `#[crudauth::routes(..)]`, or drop this call"
)]
pub trait Open<Slice> {}

/// What is in a place.
pub trait Place {
    /// The settings of the `email` slice, if it is mounted.
    fn email(self) -> Option<EmailConfig>;
}

impl<S> Ready<S> for NotMounted {}
impl<S> Ready<S> for Anything {}
impl Ready<slice::Email> for EmailConfig {}

impl<S> Open<S> for Unset {}
impl<S> Open<S> for Anything {}

impl Place for EmailConfig {
    fn email(self) -> Option<EmailConfig> {
        Some(self)
    }
}

macro_rules! empty {
    ($($place:ty),*) => {$(
        impl Place for $place {
            fn email(self) -> Option<EmailConfig> {
                None
            }
        }
    )*};
}
empty!(Unset, NotMounted, Anything);

impl Default for Slots<Unset> {
    fn default() -> Self {
        Self { email: Unset }
    }
}

impl Default for Slots<NotMounted> {
    fn default() -> Self {
        Self { email: NotMounted }
    }
}

impl Default for Slots<Anything> {
    fn default() -> Self {
        Self { email: Anything }
    }
}
