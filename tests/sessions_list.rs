//! sessions_list.
