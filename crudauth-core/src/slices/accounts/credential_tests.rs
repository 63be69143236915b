#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use crate::model::PasswordHash;
use crate::ports::{Changed, Credential};
use crate::slices::bearer::{BearerConfig, Tokens};
use crate::slices::sessions::Opening;
use crate::testing_world::{SECRET, entropy, keys, worlds};

#[tokio::test]
async fn a_password_is_changed_by_a_token_whose_sign_in_stands_and_by_no_other() {
    for world in worlds().await {
        let config = BearerConfig::default();
        let (store, clock) = (world.grants.clone(), world.clock.clone());
        let tokens = Tokens::new(store, keys(SECRET, &[]), config, clock, entropy());
        let ada = world.person("ada@example.com", "hash").await;
        let issue = async || tokens.issue(&ada, None, Opening::default()).await.unwrap().unwrap();
        let (ended, live) = (issue().await, issue().await);
        assert!(world.grants.end_grant(&ended.grant).await.unwrap());
        let change = async |grant| {
            let (hash, by) =
                (PasswordHash::new("another".to_owned()), Some(Credential::Grant(grant)));
            world.accounts.change_password(&ada, &hash, by, world.now()).await.unwrap()
        };
        assert_eq!(change(ended.grant).await, Changed::Ended);
        assert!(world.grants.find_grant(&live.grant, world.now()).await.unwrap().is_some());
        assert_eq!(change(live.grant).await, Changed::Done);
        assert!(world.grants.find_grant(&live.grant, world.now()).await.unwrap().is_none());
    }
}
