//! The app's own transports have a place in the builder's type as well: one that the mount names and
//! nobody gives, or that is given and not named, does not compile.

use std::marker::PhantomData;

use crudauth_core::model::AuthUser;

use super::slots::{Anything, Unset};
use crate::transport::{Transport, Transports};

/// A transport that the mount names, and whether it is given yet: `S` is [`Unset`] or `Given`.
///
/// The places are pairs, `(OwnTransport<A, _>, (OwnTransport<B, _>, ()))`, in the order of the words.
#[derive(Debug)]
pub struct OwnTransport<T, S> {
    state: S,
    named: PhantomData<fn() -> T>,
}

/// It is given.
#[derive(Debug)]
pub struct Given<T>(T);

impl<T, S: Default> Default for OwnTransport<T, S> {
    fn default() -> Self {
        Self { state: S::default(), named: PhantomData }
    }
}

/// Places one of which waits for `T`. `At` says which; the compiler finds it.
#[diagnostic::on_unimplemented(
    message = "the mount does not name the transport `{T}`, or it is given twice",
    label = "not expected here",
    note = "write `transport = {T}` in `#[crudauth::routes(..)]`, or drop this call"
)]
pub trait Awaits<T, At> {
    /// The places afterwards.
    type Given;

    /// Puts it there.
    fn give(self, transport: T) -> Self::Given;
}

/// The first of the places.
#[derive(Debug)]
pub enum First {}

/// One behind it.
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

/// What no place waits for. Were nothing at all waited for at the end of the places, the compiler
/// would take the only transport that is missing for the one that is meant, or find no method, and
/// the sentence of [`Awaits`] would not be told.
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

/// Places none of which waits.
pub trait AllGiven<U: AuthUser> {
    /// Adds what was given, in the order of the words.
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

/// The state of a place that is filled.
#[diagnostic::on_unimplemented(
    message = "the mount names the transport `{T}`, and the builder has none",
    label = "`{T}` is still to be given",
    note = "write `.transport(..)` before `.build()`, or drop `transport = {T}` from `#[crudauth::routes(..)]`"
)]
pub trait IsGiven<T> {
    /// What fills it.
    fn transport(self) -> T;
}

impl<T> IsGiven<T> for Given<T> {
    fn transport(self) -> T {
        self.0
    }
}
