//! The one place that knows which adapter stands behind which port.

mod builder;
mod own;
mod said;
mod schema;
mod settings;
mod slots;
mod validate;
mod wire;

pub use builder::Builder;
pub use own::OwnTransport;
pub use slots::{Anything, NotMounted, Slots, Unset};
pub use validate::BuildError;
