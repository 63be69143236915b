//! The routes and the tables of each slice.

use crudauth_core::model::{AuthUser, Recoverable, RecoverableByEmail};
use crudauth_core::sql::TableSpec;
use crudauth_core::{guard, slices};

use super::{accounts, api_keys, email, logout, recovery, session, sessions};
use super::{token, tokens};
use crate::mount::{Path, Slice};
use crate::slice::{Accounts, ApiKeys, Email, Recovery, Session, Sessions};
use crate::slice::{Bearer, Tokens};

impl<U: AuthUser> Slice<U> for Accounts {
    fn paths() -> Vec<Path<U>> {
        accounts::paths()
    }

    // Sign-in and sign-up are limited in every mount.
    fn tables() -> &'static [&'static TableSpec] {
        &[&guard::LOCKOUTS, &guard::RATE_LIMITS]
    }
}

impl<U: AuthUser> Slice<U> for Session {
    fn paths() -> Vec<Path<U>> {
        let mut paths = session::paths();
        paths.push(logout::path());
        paths
    }

    fn tables() -> &'static [&'static TableSpec] {
        &[&slices::sessions::TABLE]
    }
}

impl<U: AuthUser> Slice<U> for Bearer {
    fn paths() -> Vec<Path<U>> {
        let mut paths = token::paths();
        paths.push(logout::path());
        paths
    }

    fn tables() -> &'static [&'static TableSpec] {
        &[&slices::bearer::TABLE]
    }
}

impl<U: AuthUser> Slice<U> for Tokens {
    fn paths() -> Vec<Path<U>> {
        tokens::paths()
    }
}

impl<U: AuthUser> Slice<U> for ApiKeys {
    fn paths() -> Vec<Path<U>> {
        api_keys::paths()
    }

    fn tables() -> &'static [&'static TableSpec] {
        &[&slices::api_keys::TABLE]
    }
}

impl<U: AuthUser> Slice<U> for Sessions {
    fn paths() -> Vec<Path<U>> {
        sessions::paths()
    }
}

impl<U: AuthUser + RecoverableByEmail> Slice<U> for Email {
    fn paths() -> Vec<Path<U>> {
        let mut paths = recovery::paths();
        paths.extend(email::paths());
        paths
    }

    fn tables() -> &'static [&'static TableSpec] {
        &[&slices::recovery::TABLE]
    }
}

impl<U: AuthUser + Recoverable> Slice<U> for Recovery {
    fn paths() -> Vec<Path<U>> {
        recovery::paths()
    }

    fn tables() -> &'static [&'static TableSpec] {
        &[&slices::recovery::TABLE]
    }
}
