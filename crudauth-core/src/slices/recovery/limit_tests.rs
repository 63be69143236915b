//! How many messages an address gets, on every database.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed setup fails the test")]

use std::time::Duration;

use super::*;
use crate::principal::Principal;
use crate::slices::accounts::Registered;
use crate::testing_world::{PASSWORD, address, proof, worlds};

const ADA: &str = "ada@example.com";
const COUNTESS: &str = "countess@example.com";
const HOUR: Duration = Duration::from_hours(1);

#[tokio::test]
async fn each_purpose_has_a_limit_of_its_own_for_an_address() {
    for world in worlds().await {
        let messages = world.messages();
        let ada = world.account(ADA).await;
        for _ in 0..6 {
            messages.recovery.start_verification(address(ADA).into(), None);
            messages.sent().await;
        }
        assert_eq!(messages.count(MessageKind::VerifyEmail, ADA).await, 5);
        // The budget of all messages is ten; one of each purpose passes beyond it.
        for _ in 0..6 {
            messages.recovery.start_reset(address(ADA).into(), None);
            messages.sent().await;
        }
        assert_eq!(messages.count(MessageKind::ResetPassword, ADA).await, 5);
        let caller = Principal::application(&ada);
        for _ in 0..4 {
            let (typed, to) = (proof(PASSWORD), address(COUNTESS));
            messages.recovery.start_change(&caller, &typed, to, None).await.unwrap();
            messages.sent().await;
        }
        assert_eq!(messages.count(MessageKind::ChangeEmail, COUNTESS).await, 3);
    }
}

#[tokio::test]
async fn a_reset_link_is_withheld_only_while_another_one_is_alive() {
    for world in worlds().await {
        let messages = world.messages_with(|config| config.reset_lifetime(HOUR / 6));
        world.account(ADA).await;
        for sent in [1, 2, 3, 4, 5, 5] {
            messages.recovery.start_reset(address(ADA).into(), None);
            assert_eq!(messages.count(MessageKind::ResetPassword, ADA).await, sent);
        }
        world.clock.advance(HOUR / 6);
        messages.recovery.start_reset(address(ADA).into(), None);
        assert_eq!(messages.count(MessageKind::ResetPassword, ADA).await, 6);
    }
}

#[tokio::test]
async fn all_kinds_of_messages_to_an_address_share_one_budget() {
    for world in worlds().await {
        let messages = world.messages();
        world.account(ADA).await;
        for _ in 0..5 {
            messages.recovery.start_verification(address(ADA).into(), None);
            messages.sent().await;
            // Someone signs up with the same address.
            assert_eq!(messages.sign_up(ADA).await.unwrap(), Registered::AddressTaken);
            messages.sent().await;
        }
        assert_eq!(messages.sent().await.len(), 10);
        // One link of each kind passes beyond the budget.
        for _ in 0..2 {
            messages.recovery.start_reset(address(ADA).into(), None);
            assert_eq!(messages.count(MessageKind::ResetPassword, ADA).await, 1);
        }
    }
}

#[tokio::test]
async fn an_address_that_is_signed_up_again_and_again_gets_few_links() {
    for world in worlds().await {
        let messages = world.messages();
        for _ in 0..7 {
            let added = messages.sign_up(ADA).await.unwrap();
            messages.sent().await;
            let Registered::Added(id) = added else { panic!("{added:?}") };
            world.accounts.delete(&id).await.unwrap();
        }
        assert_eq!(messages.count(MessageKind::VerifyEmail, ADA).await, 5);
    }
}
