//! The address is the reason to give an account to a person: it must not have changed.

use super::store::{Connecting, ConnectionId, NewConnection};
use crate::model::{Contact, EmailAddress, PasswordHash};
use crate::testing_world::worlds;

pub(super) const ADDRESS: &str = "ada@example.com";

pub(super) fn connection(now: chrono::DateTime<chrono::Utc>) -> NewConnection {
    NewConnection {
        id: ConnectionId::new("https://issuer.example", "ada-1"),
        provider: "corp".to_owned(),
        issuer: "https://issuer.example".to_owned(),
        subject: "ada-1".to_owned(),
        address: Some(ADDRESS.to_owned()),
        now,
    }
}

#[tokio::test]
async fn an_account_whose_address_has_changed_is_neither_claimed_nor_connected() {
    let unusable = PasswordHash::new("!".to_owned());
    let other = Contact::Email(EmailAddress::parse("eve@example.com").unwrap());
    for world in worlds().await {
        let connection = connection(world.now());
        let before = world.account(ADDRESS).await;
        let id = before.user.id;
        world.one_time_tokens.set_contact(&id, &other, world.now()).await.unwrap();
        let claimed = world.connections.claim(&before, &connection, &unusable).await.unwrap();
        assert!(claimed.is_none());
        let alone = world.connections.connect(&before, &connection, true).await.unwrap();
        assert!(matches!(alone, Connecting::Changed), "{alone:?}");

        let now = world.reloaded(&before).await;
        assert!(world.connections.claim(&now, &connection, &unusable).await.unwrap().is_some());
        let now = world.reloaded(&now).await;
        let again = world.connections.claim(&now, &connection, &unusable).await.unwrap();
        assert!(again.is_none(), "it is verified now");
    }
}
