//! Promises of the hashing pool about legacy hashes: matches, and the cost of a wrong password.
#![allow(clippy::unwrap_used, reason = "a failed setup fails the test")]

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

const TYPED: &str = "a-strong-one";

fn password(typed: &str) -> Password {
    Password::parse(typed).unwrap()
}

fn stored(column: &str) -> PasswordHash {
    PasswordHash::new(column.to_owned())
}

/// A format that stores `{plain}` and the password, and counts its checks.
#[derive(Clone, Default)]
struct Plain(Arc<AtomicUsize>);

impl LegacyHash for Plain {
    fn prefixes(&self) -> &'static [&'static str] {
        &["{plain}"]
    }

    fn verify(&self, password: &[u8], stored: &str) -> bool {
        self.0.fetch_add(1, Ordering::SeqCst);
        assert_ne!(password, b"panic");
        stored.as_bytes().strip_prefix(b"{plain}") == Some(password)
    }

    fn decoy(&self) -> String {
        format!("{{plain}}{TYPED}")
    }
}

impl Plain {
    fn pool(&self) -> HashingPool {
        HashingPool::fast_with_formats(&HashingConfig::default(), vec![Arc::new(self.clone())])
    }

    /// Verifies a password; returns the verdict, and the numbers of argon2id hashes and of checks
    /// of this format.
    async fn cost(
        &self,
        pool: &HashingPool,
        typed: &str,
        stored: Option<&PasswordHash>,
    ) -> (Verdict, usize, usize) {
        let hashes = pool.0.memory.lent();
        let checks = self.0.load(Ordering::SeqCst);
        let verdict = pool.verify(&password(typed), stored).await.unwrap();
        (verdict, pool.0.memory.lent() - hashes, self.0.load(Ordering::SeqCst) - checks)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_legacy_hash_is_right_and_outdated() {
    let pool = Plain::default().pool();
    let old = stored("{plain}a-strong-one");
    assert_eq!(pool.verify(&password("a-strong-on"), Some(&old)).await, Ok(Verdict::Wrong));
    assert_eq!(pool.verify(&password(TYPED), Some(&old)).await, Ok(Verdict::RightOutdated));
    let new = pool.hash(&password(TYPED)).await.unwrap();
    assert_eq!(pool.verify(&password(TYPED), Some(&new)).await, Ok(Verdict::Right));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_legacy_hash_of_the_typed_text_matches() {
    let pool = Plain::default().pool();
    for text in ["{plain}caf\u{e9}", "{plain}cafe\u{301}"] {
        let verdict = pool.verify(&password("cafe\u{301}"), Some(&stored(text))).await;
        assert_eq!(verdict, Ok(Verdict::RightOutdated));
    }
    let verdict = pool.verify(&password("caf\u{e9}"), Some(&stored("{plain}cafe\u{301}"))).await;
    assert_eq!(verdict, Ok(Verdict::Wrong));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unused_format_costs_nothing() {
    let plain = Plain::default();
    let pool = plain.pool();
    let argon = pool.hash(&password(TYPED)).await.unwrap();
    assert_eq!(plain.cost(&pool, TYPED, Some(&argon)).await, (Verdict::Right, 1, 0));
    assert_eq!(plain.cost(&pool, "another", Some(&argon)).await, (Verdict::Wrong, 1, 0));
    assert_eq!(plain.cost(&pool, TYPED, None).await, (Verdict::Wrong, 1, 0));
    pool.equalize_timing(&password(TYPED), &argon).await.unwrap();
    assert_eq!(plain.0.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_costs_the_same_for_every_account() {
    let plain = Plain::default();
    let pool = plain.pool();
    let argon = pool.hash(&password(TYPED)).await.unwrap();
    assert_eq!(pool.legacy_prefixes(), ["{plain}"]);
    pool.enable_prefix("{plain}");
    for column in ["{plain}a-strong-one", "{plain}", "{other}", "!", "", "$argon2id$damaged"] {
        let hash = stored(column);
        assert_eq!(plain.cost(&pool, "a-strong-on", Some(&hash)).await, (Verdict::Wrong, 1, 1));
        assert_eq!(plain.cost(&pool, "a-strong-\u{ff11}", Some(&hash)).await.2, 2, "{column}");
    }
    for hash in [None, Some(&argon)] {
        assert_eq!(plain.cost(&pool, "a-strong-on", hash).await, (Verdict::Wrong, 1, 1));
        assert_eq!(plain.cost(&pool, "a-strong-\u{ff11}", hash).await, (Verdict::Wrong, 1, 2));
    }
    // The decoy of the format is a hash of this password.
    assert_eq!(plain.cost(&pool, TYPED, None).await, (Verdict::Wrong, 1, 1));
    // A successful sign-in with argon2id takes no longer.
    assert_eq!(plain.cost(&pool, TYPED, Some(&argon)).await, (Verdict::Right, 1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn equalize_timing_spends_the_checks_of_a_wrong_password() {
    let plain = Plain::default();
    let pool = plain.pool();
    pool.enable_prefix("{plain}");
    let argon = pool.hash(&password(TYPED)).await.unwrap();
    pool.equalize_timing(&password(TYPED), &argon).await.unwrap();
    assert_eq!(plain.0.load(Ordering::SeqCst), 1);
    // A legacy hash has cost that already.
    pool.equalize_timing(&password(TYPED), &stored("{plain}a-strong-one")).await.unwrap();
    assert_eq!(plain.0.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panicking_format_matches_nothing_and_frees_its_worker() {
    let config = HashingConfig::default().max_concurrent(1).max_queued(0);
    let pool = HashingPool::fast_with_formats(&config, vec![Arc::new(Plain::default())]);
    let hash = stored("{plain}panic");
    for _ in 0..2 {
        let verdict = pool.verify(&password("panic"), Some(&hash)).await;
        assert_eq!(verdict, Ok(Verdict::Wrong));
    }
}

#[tokio::test(flavor = "multi_thread")]
#[cfg(feature = "legacy-hashes")]
async fn crudauth_py_hashes_match_by_default() {
    let formats = super::super::default_formats();
    let pool = HashingPool::fast_with_formats(&HashingConfig::default(), formats);
    // Of cost 4, made of the NFC form and of the NFD form.
    for column in [
        "$2b$04$eN6kKaUSvDed8.Kyp1mj1eYxx2l.2ovkcwVj.YRk3oOrCKoeAQkOG",
        "$2b$04$iGGdzOdFyEsRDkg8Q9Of8OjxbuzJH5Nrfshch61Fifel.GmSG5rH.",
    ] {
        let typed = password("Gru\u{308}\u{df}e, Zoe\u{308}");
        let verdict = pool.verify(&typed, Some(&stored(column))).await;
        assert_eq!(verdict, Ok(Verdict::RightOutdated), "{column}");
    }
}
