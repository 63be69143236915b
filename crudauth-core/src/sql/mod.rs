//! The stores over SQL: one code path for SQLite, PostgreSQL, MySQL and MariaDB.
//!
//! [`Backend`] is what the path needs of a driver, [`SqlStore`] fills the ports with it, and
//! [`Migrations`] makes the tables. Statements are written once, in `statements.rs`, and rendered
//! for table and dialect by the compiler; nothing is ever put together from input.

mod backend;
mod call;
mod column;
mod dialect;
pub(crate) mod owned;
pub(crate) mod rows;
pub(crate) mod statements;
pub(crate) mod store;
mod table;
mod text;
pub(crate) mod transaction;

pub use backend::{Backend, Stores};
pub use call::Call;
pub use column::{ColumnPlan, SqlDefault};
pub use dialect::Dialect;
pub use store::SqlStore;
pub(crate) use table::ColumnKind;
pub use table::{ColumnSpec, TableSpec};

use crate::model::AuthUser;

/// A user struct that a database can hold: it is read by position and bound field by field.
///
/// Written by `#[derive(AuthUser)]`, once for every database that stores all its field types.
pub trait AuthRow<DB: Backend>: AuthUser {
    /// Reads the struct from the first columns of a row.
    ///
    /// # Errors
    /// If a column does not decode.
    fn read(row: &DB::Row) -> Result<Self, sqlx::Error>;

    /// Binds the values of [`Shape::written`](crate::model::Shape::written), in that order.
    fn write(values: Self::SignUp, call: Call<DB>) -> Call<DB>;

    /// The struct's columns as a migration makes them, in the order of
    /// [`Shape::columns`](crate::model::Shape::columns).
    fn plan() -> Vec<ColumnPlan>;
}
