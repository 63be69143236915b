//! email_change.
