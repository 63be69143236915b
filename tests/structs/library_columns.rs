//! Library columns that a struct declares. The hash is not one of them.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use crudauth::{AuthUser, migrations};
use crudauth::{Clock, ManualClock};
use crudauth_tests::{PASSWORD, SECRET, on_every_pool, sign_up};
use serde::Serialize;
use serde_json::json;

use super::client::Client;
use super::register;

#[derive(Clone, Debug, Serialize, AuthUser)]
#[auth(table = "users")]
struct User {
    id: i64,
    email: String,
    username: String,
    is_superuser: bool,
    is_active: bool,
    email_verified: bool,
    token_version: i32,
    auth_epoch: i64,
    created_at: DateTime<Utc>,
    updated_at: Option<DateTime<Utc>>,
}

#[crudauth::routes(user = User, session)]
struct Auth;

on_every_pool! {
    async fn a_struct_reads_the_library_columns_it_declares(database, pool) {
        migrations!(User).run(&pool).await.unwrap();
        assert!(migrations!(User).plan(&pool).await.unwrap().is_empty());
        let clock = Arc::new(ManualClock::default());
        let auth = Auth::builder(pool, SECRET).clock(Arc::clone(&clock) as _).build().await.unwrap();
        let account = register(auth.accounts(), &sign_up("ada")).await;
        let new = &account.user;
        assert!(new.is_active && !new.is_superuser && !new.email_verified);
        assert_eq!((new.id, new.token_version, new.updated_at), (1, 0, None));
        assert!(new.auth_epoch > 0);
        assert_eq!(new.created_at, clock.now());

        database.execute("UPDATE users SET is_superuser = TRUE, email_verified = TRUE").await;
        clock.advance(Duration::from_millis(1500));
        auth.accounts().disable(&1).await.unwrap();
        let old = auth.accounts().find(&1).await.unwrap().unwrap();
        assert!(old.is_superuser() && old.is_verified() && !old.is_active());
        let seen = &old.user;
        assert!(seen.is_superuser && seen.email_verified && !seen.is_active);
        assert_eq!((seen.token_version, seen.auth_epoch), (1, new.auth_epoch));
        assert_eq!(seen.created_at, new.created_at);
        assert_eq!(seen.updated_at, Some(clock.now()));
    }

    async fn the_hash_is_never_printed(database, pool) {
        migrations!(User).run(&pool).await.unwrap();
        let auth = Auth::builder(pool, SECRET).build().await.unwrap();
        let account = register(auth.accounts(), &sign_up("ada")).await;
        let hash = database.text("SELECT hashed_password FROM users").await;
        assert!(hash.starts_with("$argon2id$"));
        let mut browser = Client::of(auth.routes());
        let (_, login) = browser.login("ada").await;
        let (_, me) = browser.get("/me").await;
        for shown in [
            format!("{account:?}"),
            format!("{:?}", account.user),
            json!(account.user).to_string(),
            format!("{auth:?} {:?}", auth.accounts()),
            login.to_string(),
            me.to_string(),
        ] {
            assert!(!shown.contains("argon2") && !shown.contains("hash"), "{shown}");
            assert!(!shown.contains(PASSWORD), "{shown}");
        }
    }
}
