//! Stores that an app brings, while one of them is away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use crudauth::store::{
    AttemptCounters, CounterName, CounterStore, LockRule, MemoryStore, RateLimit, RateLimitOutcome,
};
use crudauth::{Backend, StoreError};
use crudauth_tests::{Answer, App, AppBuilder, Kind, PASSWORD, Setting};
use serde_json::json;

/// Counters in memory, unless they are away.
#[derive(Clone, Default)]
struct Counters {
    memory: MemoryStore,
    are_away: Arc<AtomicBool>,
}

impl Counters {
    fn store(&self) -> Result<&dyn CounterStore, StoreError> {
        if self.are_away.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("connection refused by 10.0.0.7".into()));
        }
        Ok(&self.memory)
    }
}

#[async_trait]
impl CounterStore for Counters {
    async fn hit(
        &self,
        name: &CounterName,
        limit: RateLimit,
        now: DateTime<Utc>,
    ) -> Result<RateLimitOutcome, StoreError> {
        self.store()?.hit(name, limit, now).await
    }

    async fn locked_until(
        &self,
        names: &[CounterName],
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.store()?.locked_until(names, now).await
    }

    async fn record_failure(
        &self,
        counters: &[(CounterName, LockRule)],
        now: DateTime<Utc>,
    ) -> Result<Vec<Option<DateTime<Utc>>>, StoreError> {
        self.store()?.record_failure(counters, now).await
    }

    async fn admit(
        &self,
        attempt: &AttemptCounters,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        self.store()?.admit(attempt, now).await
    }

    async fn clear(&self, names: &[CounterName]) -> Result<(), StoreError> {
        self.store()?.clear(names).await
    }

    async fn purge(&self, now: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
        self.store()?.purge(now, limit).await
    }
}

impl Setting for Counters {
    fn set<DB: Backend>(self, builder: AppBuilder<DB>) -> AppBuilder<DB> {
        builder.counters_in(self)
    }
}

/// Asserts a 503 with `Retry-After`, without cookies and details.
fn assert_unavailable(answer: &Answer) {
    assert_eq!((answer.status, &*answer.code()), (503, "unavailable"), "{answer:?}");
    assert!(answer.header("retry-after").unwrap().parse::<u32>().unwrap() > 0);
    assert!(answer.set_cookies().is_empty());
    assert!(!answer.text.contains("10.0.0.7"), "{answer:?}");
}

#[tokio::test]
async fn while_the_counters_are_away_nobody_signs_in_and_sessions_work() {
    let counters = Counters::default();
    let app = App::with(Kind::Sqlite, counters.clone()).await;
    let ada = app.member("ada").await;
    counters.are_away.store(true, Ordering::SeqCst);
    for password in [PASSWORD, "not-the-password"] {
        assert_unavailable(&app.browser().login("ada", password).await);
    }
    assert_unavailable(&app.register("bob").await);
    let reset = json!({ "email": "ada@example.com" });
    assert_unavailable(&app.browser().post("/password/reset-request", reset).await);
    assert!(ada.is_signed_in().await);
    assert_eq!(app.database.count("users").await, 1);
    assert_eq!(app.database.count("users_sessions").await, 1);

    counters.are_away.store(false, Ordering::SeqCst);
    app.signed_in("ada", PASSWORD).await;
    assert_eq!(app.register("bob").await.status, 202);
}
