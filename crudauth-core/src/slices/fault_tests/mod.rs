//! Flows over stores that fail at each of their calls: none lets anybody in, and the owner can go on.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed setup fails the test")]
#![allow(clippy::print_stdout, reason = "names the step of a failed test")]

mod accounts;
mod credentials;
mod recovery;
mod second_factor;
mod sign_in;

use std::sync::Arc;

use sqlx::Executor as _;

use crate::model::{Account, Checked, Scopes};
use crate::principal::ScopePolicyHandle;
use crate::slices::accounts::Administration;
use crate::slices::bearer::{AccessToken, BearerConfig};
use crate::slices::sessions::OpenedSession;
use crate::slices::sign_in::{SignInError, SignInRequest, SignedIn};
use crate::testing_world::{
    Fault, Faults, Messages, Person, Settings, Slices, World, password, sqlite,
};

const ADA: &str = "ada@example.com";
const NEW: &str = "a much better passphrase";

/// Tables whose statements fail in turn.
const TABLES: [&str; 11] = [
    "people",
    "people_sessions",
    "people_token_families",
    "people_api_keys",
    "people_one_time_tokens",
    "people_authenticators",
    "people_recovery_codes",
    "people_browser_trusts",
    "people_challenges",
    "people_lockouts",
    "people_rate_limits",
];

/// Slices over stores that may fail, and ada's account.
struct Scene {
    /// The stores themselves.
    world: World,
    /// The stores that may fail.
    faulty: World,
    pool: sqlx::SqlitePool,
    slices: Slices,
    messages: Messages,
    ada: Account<Person>,
    faults: Arc<Faults>,
    fault: Fault,
    /// Statement that makes others fail.
    trigger: Option<String>,
}

impl Scene {
    /// A call of a store fails.
    async fn with_call(step: usize, fault: Fault) -> Self {
        println!("{fault:?} at call {step}");
        Self::new(World::in_memory().await, step, fault).await
    }

    /// A kind of statement fails, everything being in the database. The transaction in which it
    /// stands has no effect.
    async fn with_statement(verb: &str, table: &str) -> Self {
        println!("{verb} on {table}");
        let fault = if verb == "DELETE" { Fault::Outage } else { Fault::Unseen };
        let trigger = format!(
            "CREATE TRIGGER fault BEFORE {verb} ON {table} \
             BEGIN SELECT RAISE(ABORT, 'fault'); END"
        );
        let scene = Self::new(sqlite().await, usize::MAX, fault).await;
        Self { trigger: Some(trigger), ..scene }
    }

    async fn new((world, pool): (World, sqlx::SqlitePool), step: usize, fault: Fault) -> Self {
        let faults = Faults::at(step, fault);
        let faulty = world.with_faults(&faults);
        let scopes = Scopes::parse("read write");
        let bearer = BearerConfig { default_scopes: scopes.clone(), ..BearerConfig::default() };
        let slices = faulty.slices_with(Settings {
            bearer: bearer.grantable_scopes(scopes),
            // Withdraws a scope, so that the family is narrowed.
            scopes: ScopePolicyHandle::new(only_read),
            ..Settings::default()
        });
        let messages = faulty.messages();
        let ada = world.account(ADA).await;
        Self { world, faulty, pool, slices, messages, ada, faults, fault, trigger: None }
    }

    fn administration(&self) -> Administration<Person> {
        let tokens = Arc::clone(&self.world.one_time_tokens);
        Administration::new(self.slices.kit.clone(), tokens)
    }

    async fn start(&self) {
        self.messages.sent().await;
        if let Some(trigger) = &self.trigger {
            self.execute(trigger.clone()).await;
        }
        self.faults.start();
    }

    /// Makes the stores sound again. Returns `true` if a call has failed.
    async fn stop(&self) -> bool {
        self.messages.sent().await;
        if self.trigger.is_some() {
            self.execute("DROP TRIGGER fault".to_owned()).await;
        }
        self.faults.stop()
    }

    async fn execute(&self, statement: String) {
        self.pool.execute(sqlx::AssertSqlSafe(statement)).await.unwrap();
    }

    /// Whether a failed flow can have removed what it had stored before it failed.
    fn can_clean_up(&self) -> bool {
        self.fault != Fault::Outage
    }

    async fn sign_in(&self, name: &str, text: &str) -> Result<SignedIn<Person>, SignInError> {
        let request = SignInRequest::new(name, password(text));
        Ok(self.slices.sign_in.sign_in(request).await?.done().unwrap())
    }

    async fn signs_in(&self, name: &str, text: &str) -> bool {
        match self.sign_in(name, text).await {
            Ok(_) => true,
            Err(SignInError::Refused) => false,
            Err(error) => panic!("{error:?}"),
        }
    }

    async fn has_session(&self, opened: &OpenedSession) -> bool {
        self.slices.sessions.authenticate(&opened.token).await.unwrap().is_some()
    }

    async fn accepts(&self, access: &AccessToken) -> bool {
        let checked = self.slices.tokens.authenticate(access.expose()).await.unwrap();
        matches!(checked, Checked::Valid(_))
    }

    async fn count_sessions(&self) -> usize {
        self.world.sessions.list(&self.ada.user.id, self.world.now()).await.unwrap().len()
    }

    /// Disables or enables ada's account, as a tool that does not know the library would.
    async fn set_active(&self, is_active: bool) {
        self.execute(format!("UPDATE people SET is_active = {is_active}")).await;
    }
}

fn only_read(_: &Account<Person>, _: &Scopes) -> Scopes {
    Scopes::parse("read")
}

/// Runs a flow in a new world for each fault and each of the calls that the flow makes, and for each
/// kind of statement. Then the stores are sound again, and `check` gets the result, which is `None`
/// if the flow failed.
async fn at_each_call<P, T>(
    prepare: impl AsyncFn(&Scene) -> P,
    flow: impl AsyncFn(&Scene, &P) -> Option<T>,
    check: impl AsyncFn(&Scene, P, Option<T>),
) {
    let run = async |scene: Scene| {
        let prepared = prepare(&scene).await;
        scene.start().await;
        let result = flow(&scene, &prepared).await;
        let has_failed = scene.stop().await;
        let is_done = result.is_some();
        check(&scene, prepared, result).await;
        assert!(has_failed || is_done || scene.trigger.is_some(), "it fails without a fault");
        has_failed
    };
    for fault in [Fault::Unseen, Fault::Unanswered, Fault::Outage] {
        let mut step = 1;
        while run(Scene::with_call(step, fault).await).await {
            step += 1;
        }
        assert!(step > 1, "the flow calls no store");
    }
    for table in TABLES {
        for verb in ["INSERT", "UPDATE", "DELETE"] {
            run(Scene::with_statement(verb, table).await).await;
        }
    }
}
