//! What generated code names. Not for anyone else: it may change in every release.

pub use std::vec::Vec;

pub use crudauth_core::model::{
    AuthUser, Companion, Form, IdentifierColumn, IdentifierKind, Literal, Recoverable,
    RecoverableByEmail, Scopes, SecretKey, Shape,
};
pub use crudauth_core::storage::sql::{
    AuthRow, Backend, Call, ColumnPlan, Migrations, SqlDefault, Stores,
};
pub use {poem, sqlx};

pub use crate::compose::{Anything, Builder, NotMounted, OwnTransport, Slots, Unset};
pub use crate::extract::{Guarded, ScopeName, scope};
pub use crate::mount::{Mount, Mounted, Mounts, Paths, Scoped, Transport, Transports};
pub use crate::nobody::Nobody;
pub use crate::slice;
