//! The app's own transports, tracked in the type of the builder: a mount that names a transport which
//! is not set, or the reverse, does not compile.

use std::marker::PhantomData;

use crudauth_core::model::AuthUser;

use super::slots::{Anything, Unset};
use crate::transport::{Transport, Transports};

/// Slot of a transport that the mount names. The state `S` is `Unset` or `Given`.
///
/// Slots are nested pairs, `(OwnTransport<A, _>, (OwnTransport<B, _>, ()))`, in the order of the
/// attribute.
#[derive(Debug)]
pub struct OwnTransport<T, S> {
    state: S,
    named: PhantomData<fn() -> T>,
}

/// State of a slot with its transport.
#[derive(Debug)]
pub struct Given<T>(T);

impl<T, S: Default> Default for OwnTransport<T, S> {
    fn default() -> Self {
        Self { state: S::default(), named: PhantomData }
    }
}

/// Slots of which one accepts `T`, at the position `At`, which the compiler infers.
#[diagnostic::on_unimplemented(
    message = "the mount does not name the transport `{T}`, or it is given twice",
    label = "not expected here",
    note = "write `transport = {T}` in `#[crudauth::routes(..)]`, or drop this call"
)]
pub trait Awaits<T, At> {
    /// The slots with the transport in its slot.
    type Given;

    /// Puts the transport into its slot.
    fn give(self, transport: T) -> Self::Given;
}

/// Position of the first slot.
#[derive(Debug)]
pub enum First {}

/// Position after `At`.
#[derive(Debug)]
pub struct Behind<At>(PhantomData<At>);

impl<T, Rest> Awaits<T, First> for (OwnTransport<T, Unset>, Rest) {
    type Given = (OwnTransport<T, Given<T>>, Rest);

    fn give(self, transport: T) -> Self::Given {
        (OwnTransport { state: Given(transport), named: PhantomData }, self.1)
    }
}

impl<T, At, Head, Rest: Awaits<T, At>> Awaits<T, Behind<At>> for (Head, Rest) {
    type Given = (Head, Rest::Given);

    fn give(self, transport: T) -> Self::Given {
        (self.0, self.1.give(transport))
    }
}

/// A transport that cannot exist, accepted by the end of the slots. Without it the compiler would
/// infer the only missing transport, or find no method, and would not print the message of
/// [`Awaits`].
#[derive(Debug)]
pub enum Nothing {}

macro_rules! nothing {
    ($($at:ty),*) => {$(
        impl Awaits<Nothing, $at> for () {
            type Given = Self;

            fn give(self, transport: Nothing) -> Self {
                match transport {}
            }
        }
    )*};
}
nothing!(First, Behind<First>);

impl<T> Awaits<T, First> for Anything {
    type Given = Self;

    fn give(self, _: T) -> Self {
        self
    }
}

/// Slots that are all filled.
pub trait AllGiven<U: AuthUser> {
    /// Adds the transports, in the order of the attribute.
    fn add_to(self, transports: Transports<U>) -> Transports<U>;
}

impl<U: AuthUser> AllGiven<U> for () {
    fn add_to(self, transports: Transports<U>) -> Transports<U> {
        transports
    }
}

impl<U, T, S, Rest> AllGiven<U> for (OwnTransport<T, S>, Rest)
where
    U: AuthUser,
    T: Transport<U>,
    S: IsGiven<T>,
    Rest: AllGiven<U>,
{
    fn add_to(self, transports: Transports<U>) -> Transports<U> {
        self.1.add_to(transports.with(self.0.state.transport()))
    }
}

impl<U: AuthUser> AllGiven<U> for Anything {
    fn add_to(self, transports: Transports<U>) -> Transports<U> {
        transports
    }
}

/// The state of a filled slot.
#[diagnostic::on_unimplemented(
    message = "the mount names the transport `{T}`, and the builder has none",
    label = "`{T}` is still to be given",
    note = "write `.transport(..)` before `.build()`, or drop `transport = {T}` from `#[crudauth::routes(..)]`"
)]
pub trait IsGiven<T> {
    /// Returns the transport.
    fn transport(self) -> T;
}

impl<T> IsGiven<T> for Given<T> {
    fn transport(self) -> T {
        self.0
    }
}
