//! The pool's promises about hashes that other systems made: what they open, and what a miss costs.
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

const TYPED: &str = "a-strong-one";

fn password(typed: &str) -> Password {
    Password::parse(typed).unwrap()
}

fn stored(column: &str) -> PasswordHash {
    PasswordHash::new(column.to_owned())
}

/// A format of another system, whose texts are `{plain}` and the password. It counts its checks.
#[derive(Clone, Default)]
struct Plain(Arc<AtomicUsize>);

impl LegacyHash for Plain {
    fn prefixes(&self) -> &'static [&'static str] {
        &["{plain}"]
    }

    fn verify(&self, password: &[u8], stored: &str) -> bool {
        self.0.fetch_add(1, Ordering::SeqCst);
        assert_ne!(password, b"out of patience");
        stored.as_bytes().strip_prefix(b"{plain}") == Some(password)
    }

    fn decoy(&self) -> String {
        format!("{{plain}}{TYPED}")
    }
}

impl Plain {
    fn pool(&self) -> HashingPool {
        HashingPool::fast_reading(&HashingConfig::default(), vec![Arc::new(self.clone())])
    }

    /// What a verification tells, how many argon2id hashes it computes, and how many checks of this
    /// format.
    async fn cost(
        &self,
        pool: &HashingPool,
        typed: &str,
        stored: Option<&PasswordHash>,
    ) -> (Verdict, usize, usize) {
        let (lent, checks) = (pool.0.memory.lent(), self.0.load(Ordering::SeqCst));
        let verdict = pool.verify(&password(typed), stored).await.unwrap();
        (verdict, pool.0.memory.lent() - lent, self.0.load(Ordering::SeqCst) - checks)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hash_of_another_system_is_right_and_outdated_and_so_replaced() {
    let pool = Plain::default().pool();
    let old = stored("{plain}a-strong-one");
    assert_eq!(pool.verify(&password("a-strong-on"), Some(&old)).await, Ok(Verdict::Wrong));
    assert_eq!(pool.verify(&password(TYPED), Some(&old)).await, Ok(Verdict::RightOutdated));
    let new = pool.hash(&password(TYPED)).await.unwrap();
    assert_eq!(pool.verify(&password(TYPED), Some(&new)).await, Ok(Verdict::Right));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_systems_hash_of_what_was_typed_is_found_after_the_normal_form() {
    let pool = Plain::default().pool();
    for text in ["{plain}caf\u{e9}", "{plain}cafe\u{301}"] {
        let verdict = pool.verify(&password("cafe\u{301}"), Some(&stored(text))).await;
        assert_eq!(verdict, Ok(Verdict::RightOutdated));
    }
    let verdict = pool.verify(&password("caf\u{e9}"), Some(&stored("{plain}cafe\u{301}"))).await;
    assert_eq!(verdict, Ok(Verdict::Wrong));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_format_is_in_use_nothing_is_paid_for_it() {
    let plain = Plain::default();
    let pool = plain.pool();
    let argon = pool.hash(&password(TYPED)).await.unwrap();
    assert_eq!(plain.cost(&pool, TYPED, Some(&argon)).await, (Verdict::Right, 1, 0));
    assert_eq!(plain.cost(&pool, "another", Some(&argon)).await, (Verdict::Wrong, 1, 0));
    assert_eq!(plain.cost(&pool, TYPED, None).await, (Verdict::Wrong, 1, 0));
    pool.spend_like_a_miss(&password(TYPED), &argon).await.unwrap();
    assert_eq!(plain.0.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_argon2_and_other_accounts_cost_the_same_on_a_miss() {
    let plain = Plain::default();
    let pool = plain.pool();
    let argon = pool.hash(&password(TYPED)).await.unwrap();
    assert_eq!(pool.legacy_prefixes(), ["{plain}"]);
    pool.found("{plain}");
    for column in ["{plain}a-strong-one", "{plain}", "{other}", "!", "", "$argon2id$damaged"] {
        let hash = stored(column);
        assert_eq!(plain.cost(&pool, "a-strong-on", Some(&hash)).await, (Verdict::Wrong, 1, 1));
        assert_eq!(plain.cost(&pool, "a-strong-\u{ff11}", Some(&hash)).await.2, 2, "{column}");
    }
    for hash in [None, Some(&argon)] {
        assert_eq!(plain.cost(&pool, "a-strong-on", hash).await, (Verdict::Wrong, 1, 1));
        assert_eq!(plain.cost(&pool, "a-strong-\u{ff11}", hash).await, (Verdict::Wrong, 1, 2));
    }
    // The decoy of the format is of this very password.
    assert_eq!(plain.cost(&pool, TYPED, None).await, (Verdict::Wrong, 1, 1));
    // Nobody else's sign-in takes longer for it.
    assert_eq!(plain.cost(&pool, TYPED, Some(&argon)).await, (Verdict::Right, 1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_password_that_is_refused_can_be_made_to_cost_what_a_miss_does() {
    let plain = Plain::default();
    let pool = plain.pool();
    pool.found("{plain}");
    let argon = pool.hash(&password(TYPED)).await.unwrap();
    pool.spend_like_a_miss(&password(TYPED), &argon).await.unwrap();
    assert_eq!(plain.0.load(Ordering::SeqCst), 1);
    // One of another system has cost that already.
    pool.spend_like_a_miss(&password(TYPED), &stored("{plain}a-strong-one")).await.unwrap();
    assert_eq!(plain.0.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_format_that_panics_matches_nothing_and_gives_its_seat_back() {
    let config = HashingConfig::default().max_concurrent(1).max_queued(0);
    let pool = HashingPool::fast_reading(&config, vec![Arc::new(Plain::default())]);
    let hash = stored("{plain}out of patience");
    for _ in 0..2 {
        let verdict = pool.verify(&password("out of patience"), Some(&hash)).await;
        assert_eq!(verdict, Ok(Verdict::Wrong));
    }
}

#[tokio::test(flavor = "multi_thread")]
#[cfg(feature = "legacy-hashes")]
async fn an_account_of_crudauth_py_signs_in_without_a_setting() {
    let formats = super::super::default_formats();
    let pool = HashingPool::fast_reading(&HashingConfig::default(), formats);
    // Of cost 4, made over the NFC form and over the NFD form.
    for column in [
        "$2b$04$eN6kKaUSvDed8.Kyp1mj1eYxx2l.2ovkcwVj.YRk3oOrCKoeAQkOG",
        "$2b$04$iGGdzOdFyEsRDkg8Q9Of8OjxbuzJH5Nrfshch61Fifel.GmSG5rH.",
    ] {
        let typed = password("Gru\u{308}\u{df}e, Zoe\u{308}");
        let verdict = pool.verify(&typed, Some(&stored(column))).await;
        assert_eq!(verdict, Ok(Verdict::RightOutdated), "{column}");
    }
}
