//! The SQL engine: one code path for SQLite, PostgreSQL, MySQL and MariaDB.
//!
//! [`Backend`] is what the engine needs of a driver. A slice keeps its statements as templates beside
//! the code that binds them (`slices/<slice>/sql.rs`); the engine renders and runs them, and knows no
//! table by name. Nothing in a statement's text is input.

mod backend;
mod call;
mod column;
mod dialect;
mod edits;
pub(crate) mod engine;
pub(crate) mod errors;
mod layout;
mod prepared;
mod query;
pub(crate) mod refused;
pub(crate) mod rows;
mod table;
pub(crate) mod template;
pub(crate) mod transaction;

pub use backend::{Backend, Running, Stores};
pub use call::Call;
pub use column::ColumnPlan;
pub use dialect::Dialect;
pub use edits::Edits;
pub use engine::{Engine, SqlStore};
pub(crate) use layout::Conversion;
pub use layout::Layout;
pub(crate) use query::{Query, Value};
pub(crate) use table::{ColumnKind, Outlives};
pub use table::{ColumnSpec, TableSpec};

use crate::model::AuthUser;

/// A user struct that a database can store.
///
/// `#[derive(AuthUser)]` implements it for every database that stores all field types.
///
/// The bound `U: AuthRow<DB>` implies `DB: Stores<U::Id>`.
pub trait AuthRow<DB: Backend>:
    AuthUser + Itself<DB, Is = DB> + Itself<DB, Is: Stores<<Self as AuthUser>::Id>>
{
    /// Reads the struct from the first columns of a row.
    ///
    /// # Errors
    /// If a column does not decode.
    fn read(row: &DB::Row) -> Result<Self, sqlx::Error>;

    /// Binds the values of [`Shape::written`](crate::model::Shape::written), in that order.
    fn write(values: Self::SignUp, call: Call<DB>) -> Call<DB>;

    /// Adds the values of an edit, in the order of
    /// [`Shape::editable`](crate::model::Shape::editable).
    #[must_use]
    fn write_edit(edit: Self::Edit, edits: Edits<DB>) -> Edits<DB>;

    /// The struct's columns as a migration creates them, in the order of
    /// [`Shape::columns`](crate::model::Shape::columns).
    fn plan() -> Vec<ColumnPlan>;
}

/// The parameter of another trait, as an associated type. The compiler derives the bounds of an
/// associated type from a bound on the trait, but not those of a parameter.
#[doc(hidden)]
pub trait Itself<T> {
    /// The parameter.
    type Is;
}

impl<U: AuthUser, T> Itself<T> for U {
    type Is = T;
}
