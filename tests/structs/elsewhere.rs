//! A struct of another crate than the mount, and two mounts over one struct.

use crudauth::migrations;
use crudauth_tests::{SECRET, User, on_every_pool, sign_up};

use super::added;
use super::visitor::Visitor;

#[crudauth::routes(user = User, session)]
struct Elsewhere;

on_every_pool! {
    async fn a_mount_serves_a_struct_of_another_crate(database, pool) {
        migrations!(User).run(&pool).await.unwrap();
        let auth = Elsewhere::builder(pool, SECRET).build().await.unwrap();
        let ada: User = added(auth.accounts(), &sign_up("ada")).await.user;
        let mut browser = Visitor::of(auth.routes());
        assert_eq!(browser.login("ada").await.1["id"], ada.id);
        assert_eq!(browser.get("/me").await.0, 200);
    }
}
