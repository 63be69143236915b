//! Migrations: the live database is compared with what the struct and the library need.
//!
//! Nothing is versioned, since the user's table changes with every field of the struct: what is
//! missing is found by looking. So a run is safe to repeat, and safe to meet half done. Nothing is
//! ever dropped, renamed or narrowed.

mod column;
mod ddl;
mod desired;
mod live;
mod run;

pub use column::{ColumnPlan, SqlDefault};
pub use run::{Blocked, MigrateError, Migrations, Plan};
