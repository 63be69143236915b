//! The types that the columns of generated tables have: those that the library takes, and others.

mod mysql;
mod postgres;
mod sqlite;

use crudauth_tests::Kind;

use super::column::Type;
use super::subjects::Key;

/// The places that a type is chosen for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Id(Key),
    Name,
    Hash,
    Flag,
    Version,
    Stamp,
    Time,
    Epoch,
    Extra,
}

/// The types that a plan is to accept, the usual one first.
pub(super) const fn sound(kind: Kind, place: Place) -> &'static [Type] {
    match kind {
        Kind::Sqlite => sqlite::sound(place),
        Kind::Postgres => postgres::sound(place),
        Kind::MySql => mysql::sound(place),
    }
}

/// Types that a plan may refuse.
pub(super) const fn doubtful(kind: Kind, place: Place) -> &'static [Type] {
    match kind {
        Kind::Sqlite => sqlite::doubtful(place),
        Kind::Postgres => postgres::doubtful(place),
        Kind::MySql => mysql::doubtful(place),
    }
}
