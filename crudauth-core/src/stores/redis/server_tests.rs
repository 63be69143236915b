//! The suite on a running Redis and a running Redis Cluster, which `cargo xtask test` starts.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::time::Duration;

use chrono::{DateTime, Utc};
use proptest::prelude::*;

use super::{RedisConfig, RedisStore};
use crate::guard::store::{AttemptCounters, CounterStore, LockRule, Refund};
use crate::model::CounterName;
use crate::random::random;
use crate::stores::MemoryStore;

/// A store with a prefix of its own on the server that the variable names.
#[expect(clippy::disallowed_methods, reason = "the test command says where its servers are")]
async fn connect(variable: &str) -> Option<RedisStore> {
    let url = std::env::var(variable).ok().filter(|url| !url.is_empty())?;
    let prefix = format!("test-{}", hex::encode(random::<8>()));
    let config = RedisConfig::new(url).prefix(prefix);
    // A test machine may be busy.
    let config = config.timeout(Duration::from_secs(20));
    Some(RedisStore::connect(config).await.unwrap())
}

mod single {
    async fn make() -> Option<super::RedisStore> {
        super::connect("CRUDAUTH_TEST_REDIS").await
    }

    crate::store_suite!(optional make);
}

mod cluster {
    async fn make() -> Option<super::RedisStore> {
        super::connect("CRUDAUTH_TEST_REDIS_CLUSTER").await
    }

    crate::store_suite!(optional make);
}

/// A verb on two counters, this many seconds after the one before.
type Step = (Verb, u64);

#[derive(Clone, Copy, Debug)]
enum Verb {
    FailBoth,
    FailShared,
    AdmitWithRefund,
    AdmitAndClear,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let verb = prop_oneof![
        4 => Just(Verb::FailBoth),
        2 => Just(Verb::FailShared),
        1 => Just(Verb::AdmitWithRefund),
        1 => Just(Verb::AdmitAndClear),
    ];
    prop::collection::vec((verb, 0..90_u64), 1..60)
}

async fn fail(
    store: &impl CounterStore,
    counters: &[(CounterName, LockRule)],
    now: DateTime<Utc>,
) -> String {
    format!("{:?}", store.record_failure(counters, now).await.unwrap())
}

/// The answers of a store to these steps.
async fn answers(store: &impl CounterStore, steps: &[Step]) -> Vec<String> {
    const RULE: LockRule = LockRule {
        max_failures: 2,
        window: Duration::from_secs(60),
        base: Duration::from_secs(100),
        max: Duration::from_secs(350),
        escalation_window: Duration::from_secs(1000),
    };
    let [own, shared] = [1, 2].map(|number| CounterName::new([number; 32]));
    let admit = AttemptCounters { checked: vec![(shared, RULE)], ..AttemptCounters::default() };
    let refund = vec![Refund { own, from: vec![shared] }];
    let mut now = DateTime::from_timestamp_millis(1_900_000_000_123).unwrap();
    let mut answers = Vec::new();
    for (verb, seconds) in steps {
        now += Duration::from_secs(*seconds);
        let answer = match verb {
            Verb::FailBoth => fail(store, &[(own, RULE), (shared, RULE)], now).await,
            Verb::FailShared => fail(store, &[(shared, RULE)], now).await,
            Verb::AdmitWithRefund => {
                let attempt = AttemptCounters { refunds: refund.clone(), ..admit.clone() };
                store.admit(&attempt, now).await.unwrap().to_string()
            }
            Verb::AdmitAndClear => {
                let attempt = AttemptCounters { cleared: vec![shared], ..admit.clone() };
                store.admit(&attempt, now).await.unwrap().to_string()
            }
        };
        let locked = store.locked_until(&[own, shared], now).await.unwrap();
        answers.push(format!("{verb:?} at {now}: {answer}, {locked:?}"));
    }
    answers
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn the_scripts_follow_the_rule_of_lock_state(steps in steps()) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let compared = runtime.block_on(async {
            let redis = connect("CRUDAUTH_TEST_REDIS").await?;
            let expected = answers(&MemoryStore::default(), &steps).await;
            Some((answers(&redis, &steps).await, expected))
        });
        if let Some((redis, expected)) = compared {
            prop_assert_eq!(redis, expected);
        }
    }
}
