//! Description of the library's own tables.

/// One of the library's own tables.
#[derive(Clone, Copy, Debug)]
pub struct TableSpec {
    /// Suffix of its name, after the name of the user's table and `_`.
    pub suffix: &'static str,
    /// Whether its rows belong to an account, by the column `user_id`.
    pub has_owner: bool,
}
