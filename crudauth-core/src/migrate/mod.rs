//! Migrations: the live database is compared with what the struct and the library need.
//!
//! Nothing is versioned, since the user's table changes with every field of the struct: what is
//! missing is found by looking. So a run is safe to repeat, and safe to meet half done. Nothing is
//! ever dropped, renamed or narrowed.
//! What is read and what is locked meanwhile is told at [`Migrations`].

mod blocked;
mod catalog;
mod column;
mod compare;
mod ddl;
mod desired;
mod files;
mod fill;
mod fits;
mod indexes;
mod inspect;
mod library;
mod live;
mod pages;
mod plan;
mod queries;
mod run;
mod scan;
mod table;
mod types;

pub use blocked::Blocked;
pub use column::{ColumnPlan, SqlDefault};
pub use inspect::Schema;
pub use plan::Plan;
pub use run::{MigrateError, Migrations};
