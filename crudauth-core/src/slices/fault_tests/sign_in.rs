//! Signing in and refreshing tokens.

use std::net::IpAddr;

use super::*;
use crate::guard::Network;
use crate::model::{ClientAddress, ClientInfo};
use crate::principal::Principal;
use crate::slices::bearer::RefreshError;
use crate::slices::sign_in::{Binding, TokensIssued};
use crate::testing_world::PASSWORD;

const OFFICE: &str = "192.0.2.1";
/// Failures of a network that do not lock it, and those of strangers in these tests.
const ALLOWED: u32 = 5;
const OF_STRANGERS: u32 = 3;

fn client(address: &str) -> ClientInfo {
    let address: IpAddr = address.parse().unwrap();
    ClientInfo::new(Some(address.into()), None)
}

fn request(text: &str, former: &OpenedSession) -> SignInRequest {
    let mut request = SignInRequest::new(ADA, password(text));
    request.client = client(OFFICE);
    request.replaces = vec![former.token.clone()];
    request
}

/// Lets strangers in the office fail, and ada once. Returns a session of hers.
async fn former_session(scene: &Scene) -> OpenedSession {
    for number in 0..OF_STRANGERS {
        fail(scene, &format!("name{number}")).await;
    }
    let former = scene.slices.open_session(&scene.ada).await.0;
    scene.slices.sign_in.sign_in(request("wrong", &former)).await.unwrap_err();
    former
}

/// Records a failure of a stranger in the office. Returns `true` if it is locked then.
async fn fail(scene: &Scene, name: &str) -> bool {
    let address: IpAddr = OFFICE.parse().unwrap();
    let lockout = &scene.slices.kit.lockout;
    let network = Network::of(Some(ClientAddress::from(address)), false);
    let attempt = lockout.attempt::<Person>(name, None, network);
    lockout.record_failure(&attempt, scene.world.now()).await.unwrap().is_some()
}

/// The number of failures that are counted against the office.
async fn failures(scene: &Scene) -> u32 {
    let mut allowed = 0;
    while !fail(scene, &format!("other{allowed}")).await {
        allowed += 1;
    }
    ALLOWED - allowed
}

#[tokio::test]
async fn a_sign_in_that_fails_leaves_no_session_and_takes_failures_back_once() {
    at_each_call(
        former_session,
        async |scene, former| {
            let done = scene.slices.sign_in.sign_in(request(PASSWORD, former)).await.ok()?;
            Some(done.done().unwrap().session)
        },
        async |scene, former, opened| {
            match &opened {
                Some(opened) => assert!(scene.has_session(opened).await),
                None if scene.can_clean_up() => {
                    let left = usize::from(scene.has_session(&former).await);
                    assert_eq!(scene.count_sessions().await, left);
                }
                None => assert!(scene.count_sessions().await <= 2),
            }
            assert!(opened.is_none() || !scene.has_session(&former).await);
            // The owner tries again.
            scene.slices.sign_in.sign_in(request(PASSWORD, &former)).await.unwrap();
            assert!(!scene.has_session(&former).await);
            assert_eq!(failures(scene).await, OF_STRANGERS);
        },
    )
    .await;
}

#[tokio::test]
async fn a_sign_in_for_tokens_that_fails_leaves_no_token_family() {
    at_each_call(
        former_session,
        async |scene, former| {
            let requested = scene.slices.tokens.requested_scopes(Some("read write"));
            let request = request(PASSWORD, former);
            let done = scene.slices.sign_in.issue_tokens(request, requested).await.ok()?;
            Some(done.done().unwrap())
        },
        async |scene, former, done: Option<TokensIssued<Person>>| {
            let owner = Principal::application(&scene.ada);
            let left = scene.slices.tokens.list(&owner).await.unwrap();
            match done {
                Some(done) => {
                    assert!(scene.accepts(&done.issued.access).await);
                    assert_eq!(done.issued.scopes.to_string(), "read");
                }
                None => assert!(left.is_empty() || !scene.can_clean_up(), "{left:?}"),
            }
            assert!(scene.has_session(&former).await);
            let request = request(PASSWORD, &former);
            scene.slices.sign_in.issue_tokens(request, None).await.unwrap();
            assert_eq!(failures(scene).await, OF_STRANGERS);
        },
    )
    .await;
}

#[tokio::test]
async fn a_wrong_password_opens_nothing_whichever_call_fails() {
    at_each_call(
        former_session,
        async |scene, former| {
            let refused = scene.slices.sign_in.sign_in(request("wrong", former)).await;
            match refused.unwrap_err() {
                SignInError::Refused => Some(()),
                SignInError::Store(_) => None,
                other => panic!("{other:?}"),
            }
        },
        async |scene, former, _| {
            assert!(scene.has_session(&former).await);
            assert_eq!(scene.count_sessions().await, 1);
            scene.world.clock.advance(std::time::Duration::from_mins(1));
            scene.slices.sign_in.sign_in(request(PASSWORD, &former)).await.unwrap();
        },
    )
    .await;
}

#[tokio::test]
async fn a_proved_account_that_cannot_enter_leaves_no_session() {
    at_each_call(
        async |_| (),
        async |scene, ()| {
            let account = scene.ada.clone();
            scene.slices.sign_in.enter(account, client(OFFICE), &Binding::Program).await.ok()
        },
        async |scene, (), entered| {
            let expected = usize::from(entered.is_some());
            assert!(scene.count_sessions().await == expected || !scene.can_clean_up());
            assert!(scene.signs_in(ADA, PASSWORD).await);
        },
    )
    .await;
}

#[tokio::test]
async fn a_refresh_that_fails_can_be_tried_again_or_ends_the_sign_in() {
    at_each_call(
        async |scene| scene.slices.issue_tokens(&scene.ada).await.0,
        async |scene, issued| {
            let token = issued.refresh.expose();
            Some(scene.slices.tokens.refresh(token, &client(OFFICE)).await.ok()?.issued)
        },
        async |scene, first, second| {
            let used = if let Some(second) = second { second } else { first };
            assert!(scene.accepts(&used.access).await);
            let token = used.refresh.expose();
            let again = scene.slices.tokens.refresh(token, &client(OFFICE)).await;
            // Without its successor the client is told that the token was used.
            match again {
                Ok(next) => assert!(scene.accepts(&next.issued.access).await),
                Err(RefreshError::Reused) => {
                    assert_ne!(scene.fault, Fault::Unseen);
                    assert!(!scene.accepts(&used.access).await);
                }
                Err(error) => panic!("{error:?}"),
            }
            assert!(scene.signs_in(ADA, PASSWORD).await);
        },
    )
    .await;
}

#[tokio::test]
async fn a_stolen_refresh_token_gets_no_tokens_whichever_call_fails() {
    at_each_call(
        async |scene| {
            let stolen = scene.slices.issue_tokens(&scene.ada).await.0.refresh;
            let refreshed = scene.slices.tokens.refresh(stolen.expose(), &client(OFFICE)).await;
            (stolen, refreshed.unwrap().issued)
        },
        async |scene, (stolen, _)| {
            let refused = scene.slices.tokens.refresh(stolen.expose(), &client(OFFICE)).await;
            match refused.unwrap_err() {
                RefreshError::Reused => Some(()),
                RefreshError::Store(_) => None,
                other => panic!("{other:?}"),
            }
        },
        async |scene, (stolen, current), done| {
            assert!(done.is_none() || !scene.accepts(&current.access).await);
            scene.slices.tokens.refresh(stolen.expose(), &client(OFFICE)).await.unwrap_err();
            assert!(!scene.accepts(&current.access).await, "the next use ends the sign-in");
        },
    )
    .await;
}
