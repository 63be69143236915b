//! The features of the library, one folder each: its page, settings, flows, port and SQL.

pub mod accounts;
pub mod api_keys;
pub mod bearer;
pub mod recovery;
pub mod sessions;
pub mod sign_in;
