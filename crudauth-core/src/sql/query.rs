//! A statement with values bound by name.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::AssertSqlSafe;
use sqlx::error::BoxDynError;

use super::prepared::Preparation;
use super::template::{Statement, is_own};
use super::{Backend, Call, Stores};

/// A value that can be bound any number of times.
pub(crate) type Value<DB> =
    Box<dyn Fn(&mut <DB as sqlx::Database>::Arguments) -> Result<(), BoxDynError> + Send + Sync>;

/// A rendered statement and the values of its parameters, by name.
pub(crate) struct Query<DB: Backend> {
    statement: Arc<Statement>,
    preparation: Arc<Preparation>,
    values: Vec<(Name, Value<DB>)>,
}

/// Most names are constants.
type Name = std::borrow::Cow<'static, str>;

impl<DB: Backend> Query<DB> {
    pub(super) fn new(statement: Arc<Statement>, preparation: Arc<Preparation>) -> Self {
        Self { statement, preparation, values: Vec::new() }
    }

    /// Binds a value.
    #[must_use]
    pub(crate) fn bind<T>(self, name: impl Into<Name>, value: T) -> Self
    where
        T: Clone + Send + Sync + 'static,
        DB: Stores<T>,
    {
        self.bind_value(name, Box::new(move |values| <DB as Stores<T>>::put(values, value.clone())))
    }

    /// Binds an instant to a column of the library's tables: milliseconds since 1970, which mean the
    /// same on every database and to every driver.
    #[must_use]
    pub(crate) fn bind_instant(self, name: &'static str, time: DateTime<Utc>) -> Self {
        self.bind(name, time.timestamp_millis())
    }

    /// Binds an instant to a column of the user's table.
    #[must_use]
    pub(crate) fn bind_time(self, name: &'static str, time: DateTime<Utc>) -> Self {
        self.bind_value(name, Box::new(move |values| DB::put_time(values, time)))
    }

    /// Binds a digest or another fixed number of bytes.
    #[must_use]
    pub(crate) fn bind_bytes(self, name: impl Into<Name>, bytes: &[u8]) -> Self {
        self.bind(name, bytes.to_vec())
    }

    /// Binds a value of a type that the caller does not know.
    #[must_use]
    pub(crate) fn bind_value(mut self, name: impl Into<Name>, value: Value<DB>) -> Self {
        self.values.push((name.into(), value));
        self
    }

    /// The statement with its values. The app's own columns come last, and are still to be bound.
    pub(crate) fn call(&self) -> Call<DB> {
        // Nothing in a template is input.
        let mut call = Call::new(AssertSqlSafe(self.preparation.marked(&self.statement.sql)));
        if !self.preparation.is_mixed() {
            call = call.kept();
        }
        for parameter in self.statement.parameters.iter().take_while(|name| !is_own(name)) {
            let value = self.values.iter().find(|(name, _)| name == parameter);
            call = call.bind(|values| match value {
                Some((_, put)) => put(values),
                None => Err(format!("no value is bound to `{parameter}`").into()),
            });
        }
        call
    }
}

#[cfg(all(test, feature = "sqlite"))]
#[path = "query_tests.rs"]
mod tests;
