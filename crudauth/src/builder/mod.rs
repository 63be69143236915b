//! The one place that knows which adapter stands behind which port.

mod begin;
mod schema;
mod setters;
mod settings;
mod slots;
mod stores;
mod validate;
mod wire;

pub use begin::Builder;
pub use slots::{Anything, Slot, Unset};
pub use validate::BuildError;
