//! New values of the app's own columns.

use super::call::put;
use super::query::Value;
use super::{Backend, Stores};

/// The values of an edit, in the order of [`Shape::editable`](crate::model::Shape::editable). A column
/// without a value stays as it is.
pub struct Edits<DB: Backend>(Vec<Option<Value<DB>>>);

impl<DB: Backend> Edits<DB> {
    /// Adds the next column.
    #[must_use]
    pub fn with<T>(mut self, value: Option<T>) -> Self
    where
        T: Clone + Send + Sync + 'static,
        DB: Stores<T>,
    {
        let bound =
            |value: T| -> Value<DB> { Box::new(move |values| put::<DB, T>(values, value.clone())) };
        self.0.push(value.map(bound));
        self
    }

    pub(crate) fn into_values(self) -> Vec<Option<Value<DB>>> {
        self.0
    }
}

impl<DB: Backend> Default for Edits<DB> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<DB: Backend> std::fmt::Debug for Edits<DB> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Edits(..)")
    }
}
