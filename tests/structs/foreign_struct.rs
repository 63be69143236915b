//! A struct of another crate than its mount.

use crudauth::migrations;
use crudauth_tests::{SECRET, User, on_every_pool, sign_up};

use super::client::Client;
use super::keys::{is_counted, use_account};
use super::register;

#[crudauth::routes(user = User, session, sessions)]
struct Foreign;

on_every_pool! {
    async fn a_mount_serves_a_struct_of_another_crate(database, pool) {
        migrations!(User).run(&pool).await.unwrap();
        let auth = Foreign::builder(pool, SECRET).build().await.unwrap();
        let ada: User = register(auth.accounts(), &sign_up("ada")).await.user;
        assert!(auth.accounts().find(&ada.id).await.unwrap().is_some());
        let mut browser = Client::of(auth.routes());
        assert_eq!(browser.login("ada").await.1["id"], ada.id);
        assert_eq!(browser.get("/me").await.0, 200);
        let browsers = [(); 2].map(|()| Client::of(auth.routes()));
        let bob = use_account(browsers, "bob").await;
        assert!(is_counted(&bob) && bob != ada.id, "{bob}");
    }
}
