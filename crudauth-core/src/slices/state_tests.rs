//! Credentials are compared with the state of their account at each use, even if their rows are left.
//!
//! Each use is tried alone: the first one that meets a disabled account revokes all others.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed setup fails the test")]

use std::time::Duration;

use sqlx::Executor as _;

use crate::model::{Account, Checked, ClientInfo};
use crate::principal::Principal;
use crate::slices::api_keys::{ApiKeyConfig, CreatedApiKey, NewApiKey};
use crate::slices::bearer::{BearerConfig, Issued};
use crate::slices::sessions::{OpenedSession, SessionConfig};
use crate::testing_world::{Person, Settings, Slices, World, sqlite};

const MINUTE: Duration = Duration::from_mins(1);

/// A use of a credential.
#[derive(Clone, Copy, Debug)]
enum Use {
    Session,
    AccessToken,
    RefreshToken,
    ApiKey,
}

const USES: [Use; 4] = [Use::Session, Use::AccessToken, Use::RefreshToken, Use::ApiKey];

/// One credential of each kind.
struct Held {
    session: OpenedSession,
    by_session: Principal<Person>,
    tokens: Issued,
    by_token: Principal<Person>,
    key: CreatedApiKey,
}

impl Held {
    async fn by(slices: &Slices, ada: &Account<Person>) -> Self {
        let (session, by_session) = slices.open_session(ada).await;
        let (tokens, by_token) = slices.issue_tokens(ada).await;
        let key = slices.api_keys.create(&by_session, &NewApiKey::named("ci")).await.unwrap();
        Self { session, by_session, tokens, by_token, key }
    }

    async fn works(&self, slices: &Slices, by: Use) -> bool {
        match by {
            Use::Session => {
                slices.sessions.authenticate(&self.session.token).await.unwrap().is_some()
            }
            Use::AccessToken => {
                let access = self.tokens.access.expose();
                let checked = slices.tokens.authenticate(access).await.unwrap();
                matches!(checked, Checked::Valid(_))
            }
            Use::RefreshToken => {
                let refresh = self.tokens.refresh.expose();
                slices.tokens.refresh(refresh, &ClientInfo::default()).await.is_ok()
            }
            Use::ApiKey => {
                let key = self.key.secret.expose();
                let checked = slices.api_keys.authenticate(key).await.unwrap();
                matches!(checked, Checked::Valid(_))
            }
        }
    }

    /// Whether the session and the family may store something lasting.
    async fn are_valid(&self, slices: &Slices) -> [bool; 2] {
        let session = self.by_session.session().unwrap();
        let family = self.by_token.family().unwrap();
        [
            slices.sessions.is_valid(session).await.unwrap(),
            slices.tokens.is_valid(&family).await.unwrap(),
        ]
    }
}

/// New worlds with their databases: one with everything in it, one with the sessions in memory.
async fn worlds() -> [(World, sqlx::SqlitePool); 2] {
    [sqlite().await, World::in_memory().await]
}

#[tokio::test]
async fn a_credential_of_an_earlier_state_is_invalid_even_if_its_row_is_left() {
    for change in ["token_version = token_version + 1", "auth_epoch = auth_epoch + 1"] {
        for by in USES {
            for (world, pool) in worlds().await {
                let slices = world.slices();
                let ada = world.account("ada@example.com").await;
                let held = Held::by(&slices, &ada).await;
                assert_eq!(held.are_valid(&slices).await, [true; 2]);
                let update = format!("UPDATE people SET {change}");
                pool.execute(sqlx::AssertSqlSafe(update)).await.unwrap();
                assert!(!held.works(&slices, by).await, "{by:?}, {change}");
                assert_eq!(held.are_valid(&slices).await, [false; 2], "{change}");
            }
        }
    }
}

#[tokio::test]
async fn each_credential_of_a_disabled_account_is_rejected_for_good() {
    for by in USES {
        for (world, pool) in worlds().await {
            let slices = world.slices();
            let ada = world.account("ada@example.com").await;
            let held = Held::by(&slices, &ada).await;
            // As an admin tool that does not know the library would.
            pool.execute("UPDATE people SET is_active = FALSE").await.unwrap();
            assert_eq!(held.are_valid(&slices).await, [false; 2]);
            assert!(!held.works(&slices, by).await, "{by:?}");
            pool.execute("UPDATE people SET is_active = TRUE").await.unwrap();
            for other in USES {
                assert!(!held.works(&slices, other).await, "{other:?} after {by:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_token_family_of_another_state_than_its_token_is_invalid() {
    let (world, pool) = sqlite().await;
    let slices = world.slices();
    let ada = world.account("ada@example.com").await;
    for by in [Use::AccessToken, Use::RefreshToken] {
        let held = Held::by(&slices, &ada).await;
        assert!(held.works(&slices, Use::AccessToken).await);
        pool.execute("UPDATE people_token_families SET token_version = 7").await.unwrap();
        assert!(!held.works(&slices, by).await, "{by:?}");
    }
}

#[tokio::test]
async fn a_later_limit_ends_older_credentials_for_good() {
    for by in USES {
        for (world, _) in worlds().await {
            let unlimited = world.slices_with(Settings {
                bearer: BearerConfig::default().access_lifetime(90 * MINUTE),
                sessions: SessionConfig::default().idle_timeout(90 * MINUTE),
                ..Settings::default()
            });
            let limited = world.slices_with(Settings {
                bearer: BearerConfig::default().absolute_timeout(40 * MINUTE),
                sessions: SessionConfig::default().absolute_timeout(40 * MINUTE),
                api_keys: ApiKeyConfig::default().max_lifetime(40 * MINUTE),
                ..Settings::default()
            });
            let ada = world.account("ada@example.com").await;
            let held = Held::by(&unlimited, &ada).await;
            world.clock.advance(40 * MINUTE - Duration::from_millis(1));
            if !matches!(by, Use::RefreshToken) {
                assert!(held.works(&limited, by).await, "{by:?}");
            }
            world.clock.advance(Duration::from_millis(1));
            assert!(!held.works(&limited, by).await, "{by:?}");
            assert!(!held.works(&unlimited, by).await, "{by:?} is removed");
        }
    }
}
