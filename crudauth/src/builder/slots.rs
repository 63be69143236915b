//! Mandatory settings of slices and the app's own transports, tracked in the type of the builder: a
//! program that omits or repeats one, or gives one that its mount does not name, does not compile.

use std::marker::PhantomData;

use crudauth_core::model::AuthUser;
#[cfg(feature = "oauth")]
use crudauth_core::slices::oauth::OAuthConfig;
use crudauth_core::slices::recovery::{EmailConfig, RecoveryConfig};

use super::settings::Settings;
use crate::slice;
use crate::transport::Transport;

/// Slot of a slice with mandatory settings, or of a transport of the app's own. `T` is the slice or
/// the transport. The state `S` is [`Unset`] at first, then the settings or `OwnTransport`.
///
/// Slots are nested pairs, `(Slot<slice::Email, _>, (Slot<Card, _>, ()))`, in the order of the
/// macro's list of slices and then of the attribute.
#[derive(Debug)]
pub struct Slot<T, S> {
    state: S,
    named: PhantomData<fn() -> T>,
}

/// State of a slot that is not filled.
#[derive(Debug, Default)]
pub struct Unset;

/// State of a slot with its transport.
#[derive(Debug)]
pub struct OwnTransport<T>(pub(super) T);

/// The slots of a mount with compile errors. They accept everything, to avoid further errors.
#[derive(Debug, Default)]
pub struct Anything;

impl<T, S: Default> Default for Slot<T, S> {
    fn default() -> Self {
        Self { state: S::default(), named: PhantomData }
    }
}

/// Slots of which one awaits `T`, at the position `At`, which the compiler infers.
#[diagnostic::on_unimplemented(
    message = "the mount does not name `{T}`, or it is configured twice",
    label = "not expected here",
    note = "add the slice to `#[crudauth::routes(..)]`, or `transport = {T}` for a transport of your own, or drop this call"
)]
pub trait Awaits<T, At> {
    /// The slots with a value in this slot.
    type Given<V>;

    /// Puts a value into the slot.
    fn give<V>(self, value: V) -> Self::Given<V>;
}

/// Position of the first slot.
#[derive(Debug)]
pub enum First {}

/// Position after `At`.
#[derive(Debug)]
pub struct Behind<At>(PhantomData<At>);

impl<T, Rest> Awaits<T, First> for (Slot<T, Unset>, Rest) {
    type Given<V> = (Slot<T, V>, Rest);

    fn give<V>(self, value: V) -> Self::Given<V> {
        (Slot { state: value, named: PhantomData }, self.1)
    }
}

impl<T, At, Head, Rest: Awaits<T, At>> Awaits<T, Behind<At>> for (Head, Rest) {
    type Given<V> = (Head, Rest::Given<V>);

    fn give<V>(self, value: V) -> Self::Given<V> {
        (self.0, self.1.give(value))
    }
}

/// A name that no slot has, accepted by the end of the slots. Without it the compiler would infer
/// the only missing transport, and would not print the message of [`Awaits`].
#[derive(Debug)]
pub enum Nothing {}

macro_rules! nothing {
    ($($at:ty),*) => {$(
        impl Awaits<Nothing, $at> for () {
            type Given<V> = ();

            fn give<V>(self, _: V) {}
        }
    )*};
}
nothing!(First, Behind<First>);

impl<T> Awaits<T, First> for Anything {
    type Given<V> = Self;

    fn give<V>(self, _: V) -> Self {
        self
    }
}

/// Slots that are all filled.
pub trait AllGiven<U: AuthUser> {
    /// Adds the values to the settings, in the order of the slots.
    fn add_to(self, settings: &mut Settings<U>);
}

impl<U: AuthUser> AllGiven<U> for () {
    fn add_to(self, _: &mut Settings<U>) {}
}

impl<U: AuthUser> AllGiven<U> for Anything {
    fn add_to(self, _: &mut Settings<U>) {}
}

impl<U: AuthUser, T, S: IsGiven<T, U>, Rest: AllGiven<U>> AllGiven<U> for (Slot<T, S>, Rest) {
    fn add_to(self, settings: &mut Settings<U>) {
        self.0.state.add_to(settings);
        self.1.add_to(settings);
    }
}

/// The state of a filled slot.
#[diagnostic::on_unimplemented(
    message = "the mount names `{T}`, but the builder does not configure it",
    label = "`{T}` is not configured",
    note = "before `.build()` write `.email(EmailConfig::new(sender, url))` for `email`, `.recovery(RecoveryConfig::new(channel))` for `recovery`, `.oauth(OAuthConfig::new(url))` for `oauth`, `.transport(..)` for a transport of your own, or remove it from `#[crudauth::routes(..)]`"
)]
pub trait IsGiven<T, U: AuthUser> {
    /// Adds the value to the settings.
    fn add_to(self, settings: &mut Settings<U>);
}

impl<U: AuthUser> IsGiven<slice::Email, U> for EmailConfig {
    fn add_to(self, settings: &mut Settings<U>) {
        settings.email = Some(self);
    }
}

impl<U: AuthUser> IsGiven<slice::Recovery, U> for RecoveryConfig {
    fn add_to(self, settings: &mut Settings<U>) {
        settings.recovery = Some(self);
    }
}

#[cfg(feature = "oauth")]
impl<U: AuthUser> IsGiven<slice::OAuth, U> for OAuthConfig {
    fn add_to(self, settings: &mut Settings<U>) {
        settings.slices.oauth.0 = Some(self);
    }
}

impl<U: AuthUser, T: Transport<U>> IsGiven<T, U> for OwnTransport<T> {
    fn add_to(self, settings: &mut Settings<U>) {
        settings.transports.push(self.0);
    }
}
