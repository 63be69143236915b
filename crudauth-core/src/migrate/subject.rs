//! A user struct as a value. Code that is generic over the struct is compiled again for each one.

use crate::model::Shape;
use crate::sql::template::Names;
use crate::sql::{AuthRow, Backend, ColumnPlan, Layout, Stores, Value, rows};

/// What a migration knows of a user struct.
pub(super) struct Subject<DB: Backend> {
    pub(super) names: Names,
    /// The struct's own columns.
    pub(super) columns: Vec<ColumnPlan>,
    /// A column that refers to the key.
    pub(super) owner: ColumnPlan,
    /// A key that the library makes, if it does.
    pub(super) made_key: Option<String>,
    /// Reads the key in the first column of a row, to be bound to another statement.
    pub(super) take_key: fn(&DB::Row) -> Result<Value<DB>, sqlx::Error>,
    /// Reads the struct, and keeps the error alone.
    pub(super) decode: fn(&DB::Row) -> Result<(), sqlx::Error>,
}

impl<DB: Backend> Subject<DB> {
    pub(super) fn of<U: AuthRow<DB>>() -> Self {
        Self {
            names: Names::of::<U>(DB::DIALECT, Layout::default()),
            columns: U::plan(),
            owner: ColumnPlan::of::<DB, U::Id>(U::SHAPE.id),
            made_key: U::generate_id().map(|id| id.to_string()),
            take_key: take_key::<DB, U>,
            decode: |row| U::read(row).map(drop),
        }
    }

    pub(super) fn shape(&self) -> &Shape {
        &self.names.shape
    }
}

fn take_key<DB: Backend, U: AuthRow<DB>>(row: &DB::Row) -> Result<Value<DB>, sqlx::Error> {
    let id = rows::take::<DB, U::Id>(row, 0)?;
    Ok(Box::new(move |values| <DB as Stores<U::Id>>::put(values, id.clone())))
}
