//! The second step of a sign-in, trusted browsers, and adding and removing the second factor.

use std::cell::OnceCell;
use std::time::Duration;

use super::*;
use crate::principal::Principal;
use crate::slices::accounts::Callers;
use crate::slices::mfa::{BrowserTrust, CodeError, Mfa, MfaConfig, MfaError, TotpSecret};
use crate::slices::sign_in::{
    CodeRequest, FinishError, Finished, Outcome, SignIn, SignInFlow, SignedIn,
};
use crate::slices::sudo::{Proof, Sudo, SudoConfig, SudoError};
use crate::testing_world::PASSWORD;

const STEP: Duration = Duration::from_secs(30);

/// The flows of a mount with second factors.
struct Flows {
    mfa: Arc<Mfa<Person>>,
    sign_in: SignInFlow<Person>,
    sudo: Sudo<Person>,
}

impl Flows {
    fn of(scene: &Scene) -> Self {
        let Slices { kit, sessions, tokens, .. } = &scene.slices;
        let callers = Callers::new(Arc::clone(sessions), Arc::clone(tokens));
        let World { factors, trusts, challenges, .. } = scene.faulty.clone();
        let config = MfaConfig::default().trusted_browsers(Duration::from_hours(24));
        let mfa = Arc::new(Mfa::new(kit.clone(), (factors, trusts), callers, config));
        let sign_in = scene.slices.sign_in.clone();
        let sign_in = sign_in.with_second_factor((Arc::clone(&mfa), true), None, challenges);
        let (sessions, factors) = (Arc::clone(sessions), (Some(Arc::clone(&mfa)), None));
        let sudo = Sudo::new(kit.clone(), sessions, factors, SudoConfig::default(), true);
        Self { mfa, sign_in, sudo }
    }

    /// The first step, from a browser with this cookie.
    async fn first_step(
        &self,
        trust: Option<&BrowserTrust>,
    ) -> Result<SignIn<SignedIn<Person>>, SignInError> {
        let mut request = SignInRequest::new(ADA, password(PASSWORD));
        request.trust_cookies = trust.iter().map(|trust| trust.cookie.clone()).collect();
        self.sign_in.sign_in(request).await
    }

    /// The token of a new challenge.
    async fn challenge(&self) -> String {
        match self.first_step(None).await.unwrap() {
            SignIn::Challenge(challenge) => challenge.token.expose().to_owned(),
            SignIn::Done(_) => panic!("one factor is enough"),
        }
    }

    /// The second step, in a browser that is to be trusted.
    async fn second_step(&self, token: &str, code: &str) -> Result<Finished<Person>, FinishError> {
        let waiting = self.sign_in.waiting(token, &[]).await?.ok_or(FinishError::Ended)?;
        let request =
            CodeRequest { code: code.to_owned(), trusts_browser: true, ..CodeRequest::default() };
        self.sign_in.finish(waiting, request).await
    }

    /// Signs in anew by that code.
    async fn signs_in(&self, scene: &Scene, code: &str) -> bool {
        match self.second_step(&self.challenge().await, code).await {
            Ok(finished) => scene.has_session(&session_of(&finished)).await,
            Err(FinishError::Code(CodeError::Invalid)) => false,
            Err(error) => panic!("{error:?}"),
        }
    }
}

/// An owner with a second factor, a session, and a sign-in that waits for a code.
struct Owner {
    flows: Flows,
    secret: TotpSecret,
    recovery_codes: Vec<String>,
    session: OpenedSession,
    caller: Principal<Person>,
    challenge: String,
    sessions: usize,
}

impl Owner {
    async fn of(scene: &Scene) -> Self {
        let flows = Flows::of(scene);
        let caller = scene.slices.open_session(&scene.ada).await.1;
        let setup = flows.mfa.set_up(&caller, Some(&password(PASSWORD))).await.unwrap();
        let secret = setup.secret;
        let enrolled = flows.mfa.confirm(&caller, &code(scene, &secret, 0)).await.unwrap();
        let recovery_codes =
            enrolled.recovery_codes.iter().map(|code| code.expose().to_string()).collect();
        scene.world.clock.advance(STEP);
        let (session, caller) = scene.slices.open_session(&enrolled.account).await;
        let challenge = flows.challenge().await;
        let sessions = scene.count_sessions().await;
        Self { flows, secret, recovery_codes, session, caller, challenge, sessions }
    }

    /// As [`of`](Self::of), in a trusted browser.
    async fn with_trust(scene: &Scene) -> (Self, BrowserTrust) {
        let mut owner = Self::of(scene).await;
        let code = owner.code(scene, 0);
        let finished = owner.flows.second_step(&owner.challenge, &code).await.unwrap();
        scene.world.clock.advance(STEP);
        owner.sessions = scene.count_sessions().await;
        (owner, finished.trust.unwrap())
    }

    fn code(&self, scene: &Scene, steps: i64) -> String {
        code(scene, &self.secret, steps)
    }

    /// Signs in by the next code of the authenticator.
    async fn signs_in_later(&self, scene: &Scene) -> bool {
        scene.world.clock.advance(STEP);
        self.flows.signs_in(scene, &self.code(scene, 0)).await
    }

    /// Asserts that a flow without a result has left no session.
    async fn assert_no_session(&self, scene: &Scene) {
        let left = scene.count_sessions().await;
        assert!(left == self.sessions || (left == self.sessions + 1 && !scene.can_clean_up()));
    }

    async fn count_recovery_codes(&self, scene: &Scene) -> u64 {
        scene.world.factors.recovery_codes(&scene.ada).await.unwrap()
    }

    async fn has_factor(&self, scene: &Scene) -> bool {
        let found = scene.world.factors.find(&scene.ada).await.unwrap();
        found.is_some_and(|found| found.confirmed_at.is_some())
    }
}

fn code(scene: &Scene, secret: &TotpSecret, steps: i64) -> String {
    let step = scene.world.now().timestamp() / 30 + steps;
    String::from_utf8(secret.code(step).to_vec()).unwrap()
}

fn session_of(finished: &Finished<Person>) -> OpenedSession {
    match &finished.outcome {
        Outcome::Session(signed_in) => signed_in.session.clone(),
        Outcome::Tokens(_) => panic!("a session was asked for"),
    }
}

/// Asserts that a second step that fails names the store, and no other cause.
fn finished<T>(result: Result<T, FinishError>) -> Option<T> {
    match result {
        Ok(done) => Some(done),
        Err(FinishError::Store(_) | FinishError::Code(CodeError::Store(_))) => None,
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_second_step_that_fails_opens_nothing_and_loses_no_factor() {
    at_each_call(
        Owner::of,
        async |scene, owner| {
            let code = owner.code(scene, 0);
            finished(owner.flows.second_step(&owner.challenge, &code).await)
        },
        async |scene, owner, done| {
            match &done {
                Some(done) => assert!(scene.has_session(&session_of(done)).await),
                None => owner.assert_no_session(scene).await,
            }
            if let Some(trust) = done.and_then(|done| done.trust) {
                let again = owner.flows.first_step(Some(&trust)).await.unwrap();
                assert!(again.done().is_some(), "the browser is trusted");
            }
            assert!(owner.signs_in_later(scene).await);
            assert_eq!(owner.count_recovery_codes(scene).await, 10);
            assert!(owner.flows.signs_in(scene, &owner.recovery_codes[0]).await);
        },
    )
    .await;
}

#[tokio::test]
async fn a_wrong_code_opens_nothing_whichever_call_fails() {
    at_each_call(
        Owner::of,
        async |scene, owner| {
            let right = [-1, 0, 1].map(|steps| owner.code(scene, steps));
            let mut codes = (2..).map(|steps| owner.code(scene, steps));
            let code = codes.find(|code| !right.contains(code)).unwrap();
            match owner.flows.second_step(&owner.challenge, &code).await {
                Err(FinishError::Code(CodeError::Invalid)) => Some(()),
                result => finished(result).map(|_| panic!("a wrong code signs in")),
            }
        },
        async |scene, owner, _| {
            assert_eq!(scene.count_sessions().await, owner.sessions);
            assert!(owner.signs_in_later(scene).await);
        },
    )
    .await;
}

#[tokio::test]
async fn a_recovery_code_whose_use_fails_works_once_or_is_spent() {
    at_each_call(
        Owner::of,
        async |_, owner| {
            let code = &owner.recovery_codes[0];
            finished(owner.flows.second_step(&owner.challenge, code).await)
        },
        async |scene, owner, done| {
            let is_spent = owner.count_recovery_codes(scene).await == 9;
            match &done {
                Some(done) => assert!(is_spent && scene.has_session(&session_of(done)).await),
                None => owner.assert_no_session(scene).await,
            }
            assert_eq!(owner.flows.signs_in(scene, &owner.recovery_codes[0]).await, !is_spent);
            assert!(!owner.flows.signs_in(scene, &owner.recovery_codes[0]).await);
            assert_eq!(owner.count_recovery_codes(scene).await, 9, "no other one is lost");
            assert!(owner.signs_in_later(scene).await);
        },
    )
    .await;
}

#[tokio::test]
async fn a_sign_in_of_a_trusted_browser_that_fails_opens_nothing_and_keeps_the_trust() {
    at_each_call(
        Owner::with_trust,
        async |_, (owner, trust)| match owner.flows.first_step(Some(trust)).await {
            Ok(signed_in) => Some(signed_in.done().unwrap()),
            Err(SignInError::Store(_)) => None,
            Err(other) => panic!("{other:?}"),
        },
        async |scene, (owner, trust), done| {
            match &done {
                Some(done) => assert!(scene.has_session(&done.session).await),
                None => owner.assert_no_session(scene).await,
            }
            assert!(owner.flows.first_step(Some(&trust)).await.unwrap().done().is_some());
        },
    )
    .await;
}

#[tokio::test]
async fn a_trust_that_has_ended_opens_nothing_whichever_call_fails() {
    at_each_call(
        async |scene| {
            let (owner, trust) = Owner::with_trust(scene).await;
            owner.flows.mfa.distrust_all(&owner.caller).await.unwrap();
            (owner, trust)
        },
        async |_, (owner, trust)| match owner.flows.first_step(Some(trust)).await {
            Ok(SignIn::Challenge(_)) => Some(()),
            Err(SignInError::Store(_)) => None,
            other => panic!("{other:?}"),
        },
        async |scene, (owner, _), _| {
            assert_eq!(scene.count_sessions().await, owner.sessions);
            assert!(owner.signs_in_later(scene).await);
        },
    )
    .await;
}

#[tokio::test]
async fn an_end_of_trust_that_fails_can_be_repeated() {
    at_each_call(
        Owner::with_trust,
        async |_, (owner, _)| owner.flows.mfa.distrust_all(&owner.caller).await.ok(),
        async |_, (owner, trust), ended| {
            if ended.is_none() {
                owner.flows.mfa.distrust_all(&owner.caller).await.unwrap();
            }
            assert!(owner.flows.first_step(Some(&trust)).await.unwrap().done().is_none());
        },
    )
    .await;
}

#[tokio::test]
async fn a_factor_whose_addition_fails_is_asked_for_or_does_not_exist() {
    at_each_call(
        async |scene| {
            let other = scene.slices.open_session(&scene.ada).await.0;
            let caller = scene.slices.open_session(&scene.ada).await.1;
            (Flows::of(scene), caller, other, OnceCell::new())
        },
        async |scene, (flows, caller, _, secret)| {
            let setup = flows.mfa.set_up(caller, Some(&password(PASSWORD))).await.ok()?;
            let secret = secret.get_or_init(|| setup.secret);
            flows.mfa.confirm(caller, &code(scene, secret, 0)).await.ok()
        },
        async |scene, (flows, _, other, secret), done| {
            let first = flows.first_step(None).await.unwrap();
            if first.done().is_some() {
                assert!(done.is_none() && scene.has_session(&other).await);
                let caller = scene.slices.open_session(&scene.ada).await.1;
                let setup = flows.mfa.set_up(&caller, Some(&password(PASSWORD))).await.unwrap();
                let right = code(scene, &setup.secret, 0);
                flows.mfa.confirm(&caller, &right).await.unwrap();
                return;
            }
            assert!(!scene.has_session(&other).await);
            // The owner may not have seen the recovery codes, and gets others by the authenticator.
            let secret = secret.into_inner().unwrap();
            scene.world.clock.advance(STEP);
            assert!(flows.signs_in(scene, &code(scene, &secret, 0)).await);
            scene.world.clock.advance(STEP);
            let account = scene.world.reloaded(&scene.ada).await;
            let caller = scene.slices.open_session(&account).await.1;
            let right = code(scene, &secret, 0);
            let codes = flows.mfa.replace_recovery_codes(&caller, &right).await.unwrap();
            assert!(flows.signs_in(scene, codes[0].expose().as_ref()).await);
        },
    )
    .await;
}

#[tokio::test]
async fn a_factor_whose_removal_fails_is_asked_for_or_is_gone() {
    at_each_call(
        async |scene| {
            let owner = Owner::of(scene).await;
            let account = scene.world.reloaded(&scene.ada).await;
            (owner, scene.slices.open_session(&account).await.0)
        },
        async |scene, (owner, _)| match owner
            .flows
            .mfa
            .disable(&owner.caller, &owner.code(scene, 0))
            .await
        {
            Ok(done) => Some(done),
            Err(MfaError::Store(_) | MfaError::Code(CodeError::Store(_))) => None,
            Err(other) => panic!("{other:?}"),
        },
        async |scene, (owner, other), done| {
            let has_factor = owner.has_factor(scene).await;
            assert!(!has_factor || done.is_none());
            assert_eq!(owner.count_recovery_codes(scene).await, if has_factor { 10 } else { 0 });
            assert_eq!(scene.has_session(&other).await, has_factor);
            if has_factor {
                assert!(owner.signs_in_later(scene).await);
                let account = scene.world.reloaded(&scene.ada).await;
                assert!(owner.flows.mfa.remove(&account).await.unwrap());
            }
            assert!(owner.flows.first_step(None).await.unwrap().done().is_some());
        },
    )
    .await;
}

#[tokio::test]
async fn an_elevation_by_a_code_that_fails_elevates_nothing_and_can_be_repeated() {
    let proof = |code: String| Proof {
        password: Some(password(PASSWORD)),
        code: Some(code),
        ..Proof::default()
    };
    at_each_call(
        Owner::of,
        async |scene, owner| match owner
            .flows
            .sudo
            .elevate(&owner.caller, &proof(owner.code(scene, 0)))
            .await
        {
            Ok(elevated) => Some(elevated),
            Err(SudoError::Store(_) | SudoError::Code(CodeError::Store(_))) => None,
            Err(other) => panic!("{other:?}"),
        },
        async |scene, owner, elevated| {
            let sessions = &scene.slices.sessions;
            let token = elevated.as_ref().map_or(&owner.session.token, |one| &one.session.token);
            let caller = sessions.authenticate(token).await.unwrap();
            let is_elevated = caller.is_some_and(|caller| owner.flows.sudo.is_elevated(&caller));
            assert_eq!(is_elevated, elevated.is_some());
            scene.world.clock.advance(STEP);
            let account = scene.world.reloaded(&scene.ada).await;
            let caller = scene.slices.open_session(&account).await.1;
            let again = owner.flows.sudo.elevate(&caller, &proof(owner.code(scene, 0))).await;
            assert!(again.is_ok(), "{again:?}");
        },
    )
    .await;
}
