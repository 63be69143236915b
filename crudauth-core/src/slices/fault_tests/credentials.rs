//! Using and revoking sessions, tokens and API keys.

use std::time::Duration;

use super::*;
use crate::model::ClientInfo;
use crate::principal::Principal;
use crate::slices::api_keys::{ApiKeyError, CreatedApiKey, NewApiKey};
use crate::slices::bearer::Issued;
use crate::testing_world::PASSWORD;

/// One credential of each kind, the session last used some minutes ago.
struct Credentials {
    session: OpenedSession,
    caller: Principal<Person>,
    tokens: Issued,
    key: CreatedApiKey,
}

impl Credentials {
    async fn of(scene: &Scene) -> Self {
        let slices = &scene.slices;
        let (session, caller) = slices.open_session(&scene.ada).await;
        let tokens = slices.issue_tokens(&scene.ada).await.0;
        let key = slices.api_keys.create(&caller, &NewApiKey::named("ci")).await.unwrap();
        scene.world.clock.advance(Duration::from_mins(2));
        Self { session, caller, tokens, key }
    }

    /// Authenticates by each. Returns how many are valid; `None` if a store failed.
    async fn count_valid(&self, scene: &Scene) -> Option<usize> {
        let slices = &scene.slices;
        let session = slices.sessions.authenticate(&self.session.token).await;
        let token = slices.tokens.authenticate(self.tokens.access.expose()).await;
        let key = slices.api_keys.authenticate(self.key.secret.expose()).await;
        let is_valid = [
            session.ok()?.is_some(),
            matches!(token.ok()?, Checked::Valid(_)),
            matches!(key.ok()?, Checked::Valid(_)),
        ];
        Some(is_valid.into_iter().filter(|is_valid| *is_valid).count())
    }
}

#[tokio::test]
async fn a_credential_survives_a_failure_at_each_of_its_calls() {
    at_each_call(
        Credentials::of,
        async |scene, credentials| {
            let valid = credentials.count_valid(scene).await?;
            assert_eq!(valid, 3, "a failure is an error, and no rejection");
            Some(())
        },
        async |scene, credentials, _| {
            assert_eq!(credentials.count_valid(scene).await, Some(3));
        },
    )
    .await;
}

#[tokio::test]
async fn a_credential_of_a_disabled_account_is_rejected_whichever_call_fails() {
    at_each_call(
        async |scene| {
            let credentials = Credentials::of(scene).await;
            scene.set_active(false).await;
            credentials
        },
        async |scene, credentials| {
            let valid = credentials.count_valid(scene).await?;
            assert_eq!(valid, 0);
            Some(())
        },
        async |scene, credentials, _| {
            assert_eq!(credentials.count_valid(scene).await, Some(0));
            scene.set_active(true).await;
            assert_eq!(credentials.count_valid(scene).await, Some(0), "they are revoked for good");
            assert!(scene.signs_in(ADA, PASSWORD).await);
        },
    )
    .await;
}

#[tokio::test]
async fn a_revocation_that_fails_can_be_repeated() {
    at_each_call(
        Credentials::of,
        async |scene, credentials| revoke_each(scene, credentials).await,
        async |scene, credentials, revoked| {
            if revoked.is_none() {
                revoke_each(scene, &credentials).await.unwrap();
            }
            assert_eq!(credentials.count_valid(scene).await, Some(0));
            assert!(scene.signs_in(ADA, PASSWORD).await);
        },
    )
    .await;
}

/// Revokes each credential by its public id, as the owner with another session.
async fn revoke_each(scene: &Scene, credentials: &Credentials) -> Option<()> {
    let slices = &scene.slices;
    let owner = Principal::application(&scene.ada);
    let key = &credentials.key.key.handle;
    slices.api_keys.revoke(&owner, key).await.ok()?;
    slices.tokens.revoke(&owner, &credentials.tokens.family).await.ok()?;
    slices.sessions.revoke(&owner, &credentials.session.handle).await.ok()?;
    Some(())
}

#[tokio::test]
async fn a_revocation_of_everything_that_fails_can_be_repeated() {
    at_each_call(
        async |scene| {
            let first = Credentials::of(scene).await;
            (first, Credentials::of(scene).await)
        },
        async |scene, (first, _)| revoke_all(scene, first).await,
        async |scene, (first, second), revoked| {
            // The caller's own session ends last, so that the caller can repeat the rest.
            let is_repeated = revoked.is_some() || revoke_all(scene, &first).await.is_some();
            assert!(is_repeated || !scene.has_session(&first.session).await);
            assert_eq!(first.count_valid(scene).await, Some(0));
            assert_eq!(second.count_valid(scene).await, Some(0));
        },
    )
    .await;
}

async fn revoke_all(scene: &Scene, credentials: &Credentials) -> Option<()> {
    let slices = &scene.slices;
    let caller = &credentials.caller;
    slices.api_keys.revoke_all(caller).await.ok()?;
    slices.tokens.revoke_all(caller).await.ok()?;
    slices.sessions.revoke_others(caller).await.ok()?;
    slices.sessions.sign_out(caller).await.ok()?;
    Some(())
}

#[tokio::test]
async fn a_csrf_token_whose_renewal_fails_can_be_renewed_again() {
    at_each_call(
        async |scene| scene.slices.open_session(&scene.ada).await,
        async |scene, (_, caller)| {
            let session = caller.session().unwrap();
            scene.slices.sessions.renew_csrf_token(session).await.ok()
        },
        async |scene, (opened, _), renewed| {
            let sessions = &scene.slices.sessions;
            let caller = sessions.authenticate(&opened.token).await.unwrap().unwrap();
            let session = caller.session().unwrap();
            if let Some(renewed) = renewed {
                assert!(sessions.is_csrf_token(session, renewed.unwrap().expose()));
            }
            let again = sessions.renew_csrf_token(session).await.unwrap().unwrap();
            let caller = sessions.authenticate(&opened.token).await.unwrap().unwrap();
            assert!(sessions.is_csrf_token(caller.session().unwrap(), again.expose()));
        },
    )
    .await;
}

#[tokio::test]
async fn an_api_key_whose_creation_fails_is_not_left_behind() {
    at_each_call(
        async |scene| scene.slices.open_session(&scene.ada).await.1,
        async |scene, caller| {
            scene.slices.api_keys.create(caller, &NewApiKey::named("ci")).await.ok()
        },
        async |scene, caller, created| {
            let keys = &scene.slices.api_keys;
            let listed = keys.list(&caller).await.unwrap();
            match created {
                Some(created) => assert_eq!(listed[0].handle, created.key.handle),
                None => assert!(listed.is_empty() || !scene.can_clean_up(), "{listed:?}"),
            }
            keys.create(&caller, &NewApiKey::named("ci")).await.unwrap();
        },
    )
    .await;
}

#[tokio::test]
async fn a_revoked_creator_gets_no_api_key_whichever_call_fails() {
    at_each_call(
        async |scene| {
            let caller = scene.slices.open_session(&scene.ada).await.1;
            scene.slices.sessions.sign_out(&caller).await.unwrap();
            caller
        },
        async |scene, caller| match scene
            .slices
            .api_keys
            .create(caller, &NewApiKey::named("ci"))
            .await
        {
            Err(ApiKeyError::Ended) => Some(()),
            Err(ApiKeyError::Store(_)) => None,
            other => panic!("{other:?}"),
        },
        async |scene, _, _| {
            let owner = Principal::application(&scene.ada);
            // A key whose removal failed has a secret that nobody knows, and the owner sees it.
            for key in scene.slices.api_keys.list(&owner).await.unwrap() {
                assert!(scene.slices.api_keys.revoke(&owner, &key.handle).await.unwrap());
            }
            assert!(scene.slices.api_keys.list(&owner).await.unwrap().is_empty());
        },
    )
    .await;
}

#[tokio::test]
async fn an_account_whose_disabling_fails_can_be_disabled_and_deleted() {
    at_each_call(
        Credentials::of,
        async |scene, _| {
            let administration = scene.administration();
            administration.disable(&scene.ada.user.id).await.ok()?;
            administration.enable(&scene.ada.user.id).await.ok()?;
            administration.delete(&scene.ada.user.id).await.ok()
        },
        async |scene, credentials, deleted| {
            let administration = scene.administration();
            let id = &scene.ada.user.id;
            if deleted.is_none() && scene.world.accounts.by_id(id).await.unwrap().is_some() {
                administration.disable(id).await.unwrap();
                assert_eq!(credentials.count_valid(scene).await, Some(0));
                assert!(!scene.signs_in(ADA, PASSWORD).await);
                administration.delete(id).await.unwrap();
            }
            assert_eq!(credentials.count_valid(scene).await, Some(0));
            let client = ClientInfo::default();
            let opened = scene.slices.sessions.open(&scene.ada, client, false, &[]).await.unwrap();
            assert!(!scene.has_session(&opened).await, "a late sign-in has no account");
        },
    )
    .await;
}
