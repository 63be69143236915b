//! A struct of another crate than its mount.

use crudauth::migrations;
use crudauth_tests::{SECRET, User, on_every_pool, sign_up};

use super::client::Client;
use super::register;

#[crudauth::routes(user = User, session)]
struct Elsewhere;

on_every_pool! {
    async fn a_mount_serves_a_struct_of_another_crate(database, pool) {
        migrations!(User).run(&pool).await.unwrap();
        let auth = Elsewhere::builder(pool, SECRET).build().await.unwrap();
        let ada: User = register(auth.accounts(), &sign_up("ada")).await.user;
        let mut browser = Client::of(auth.routes());
        assert_eq!(browser.login("ada").await.1["id"], ada.id);
        assert_eq!(browser.get("/me").await.0, 200);
    }
}
