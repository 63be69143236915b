//! A user struct for mounts that did not compile, so that one mistake is one error.

use crate::AuthUser;

/// The user of such a mount. It is never created.
#[derive(Clone, Debug, AuthUser)]
pub struct Nobody {
    id: i64,
    email: String,
}
