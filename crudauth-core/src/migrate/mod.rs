//! Migrations: create and alter the tables that the struct and the library need.
//!
//! A migration compares the tables with the live database and adds the missing parts. It never
//! drops, renames or narrows anything. Comparison was chosen over numbered files: the user's table
//! changes with every field of the struct, may have existed before the library, and is altered by
//! the app's own migrations as well, so its state is known only by looking at it. The library's own
//! tables are compared by the same code. A run can therefore be repeated, and it resumes one that
//! was interrupted.
//!
//! | file | purpose |
//! | --- | --- |
//! | `migrations` | [`Migrations`]: which tables are migrated; `plan` and `write` |
//! | `run`, `lock` | `run`: applies a plan while other processes wait |
//! | `inspect`, `schema_error` | check the schema when an app starts, without reading rows |
//! | `hashes` | counts password hashes of other systems |
//! | `subject`, `desired`, `library`, `table`, `types` | the tables as they should be |
//! | `catalog`, `read`, `live` | the tables as they are |
//! | `compare`, `diff`, `fits`, `widths`, `coarse`, `affinity`, `alike`, `indexes`, `storage`, `rights` | the difference, from the catalog |
//! | `conversions` | live columns of other types than the library's |
//! | `scan`, `pages`, `queries` | the difference, from the rows |
//! | `plan`, `blocker`, `ddl` | the result: statements, backfills, blockers |
//! | `backfill`, `files` | fill compared forms; write a plan as a file |
//!
//! [`Migrations`] documents which rows are read and which tables are locked.

mod affinity;
mod alike;
mod backfill;
mod blocker;
mod catalog;
mod coarse;
mod compare;
mod conversions;
mod ddl;
mod desired;
mod diff;
mod error;
mod files;
mod fits;
mod hashes;
mod indexes;
mod inspect;
mod library;
mod live;
mod lock;
mod migrations;
mod pages;
mod plan;
mod queries;
mod read;
mod rights;
mod run;
mod scan;
mod schema_error;
mod storage;
mod subject;
mod table;
mod table_diff;
mod types;
mod widths;

pub use blocker::{Blocker, BlockerKind};
#[doc(hidden)]
pub use compare::Tables;
pub use error::MigrateError;
pub use hashes::{ForeignHashes, UnreadHashes};
#[doc(hidden)]
pub use hashes::{find_hashes, is_large};
pub use inspect::Schema;
pub use migrations::Migrations;
pub use plan::Plan;
pub use schema_error::SchemaError;
