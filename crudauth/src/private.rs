//! What generated code names. Not for anyone else: it may change in every release.

pub use std::vec::Vec;

pub use crudauth_core::migrate::Migrations;
pub use crudauth_core::model::{
    AuthUser, Companion, Editable, Form, HasRole, HasUsername, IdentifierColumn, IdentifierKind,
    InvalidField, KeySource, Recoverable, RecoverableByEmail, RoleBits, RoleHolder, RoleName,
    Scopes, SecretKey, Shape, SqlDefault, TimeUnit, exported, ulid, uuid, without_blank,
};
pub use crudauth_core::sql::{AuthRow, Backend, Call, ColumnPlan, Edits, Stores};
pub use serde_json::Value;
pub use {poem, sqlx};

pub use crate::builder::{Anything, Builder, Slot, Unset};
pub use crate::extract::{Guarded, guard};
pub use crate::gate::{Gate, ScopeName, scope};
pub use crate::migrations::HasMigrations;
pub use crate::mount::{HasStores, Mount, Mounted, Mounts, Scoped, Slices};
pub use crate::nobody::Nobody;
pub use crate::slice;
pub use crate::transport::{Transport, Transports};
