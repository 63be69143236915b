//! The cost of password hashes, and formats of other systems.

use std::sync::Arc;

use crudauth::legacy::{CrudauthPy, LegacyHash};
use crudauth::{ConfigError, HashingConfig};

use super::{assert_each_rejected, below_one, config_errors, valid};

#[tokio::test]
async fn hashing_below_the_owasp_minimum_or_without_workers_is_rejected() {
    let hashing = HashingConfig::default;
    let weak = |memory_kib, passes| ConfigError::Requires {
        setting: "hashing",
        value: format!("{memory_kib} KiB with {passes} passes"),
        requirement: "at least 19456 KiB with 2 passes, or 47104 KiB with 1",
    };
    let memory = above("hashing.memory_kib", 262_144);
    assert_each_rejected([
        (valid().hashing(hashing().memory_kib(19_455)), weak(19_455, 2)),
        (valid().hashing(hashing().passes(1)), weak(19_456, 1)),
        (valid().hashing(hashing().max_concurrent(0)), below_one("hashing.max_concurrent")),
        (valid().hashing(hashing().memory_kib(1 << 30)), memory),
        (valid().hashing(hashing().passes(17)), above("hashing.passes", 16)),
    ])
    .await;
}

/// A format with these prefixes and this decoy.
struct Fixed(&'static [&'static str], &'static str);

impl LegacyHash for Fixed {
    fn prefixes(&self) -> &'static [&'static str] {
        self.0
    }

    fn verify(&self, _: &[u8], _: &str) -> bool {
        false
    }

    fn decoy(&self) -> String {
        assert!(!self.1.is_empty(), "out of patience");
        self.1.to_owned()
    }
}

#[tokio::test]
async fn invalid_legacy_formats_are_rejected() {
    valid().legacy_hash(Fixed(&["{a}"], "{a}x")).build().await.unwrap();
    let invalid = |rule| ConfigError::InvalidName {
        setting: "legacy_hash",
        name: std::any::type_name::<Fixed>().to_owned(),
        rule,
    };
    let no_prefix = || invalid("a format that names its prefixes, and does not panic");
    let reserved = || invalid("a format without a prefix of crudauth's own hashes");
    let decoy = invalid("a format whose decoy has one of its prefixes");
    let duplicate = ConfigError::DuplicateName {
        setting: "legacy_hash",
        name: std::any::type_name::<CrudauthPy>().to_owned(),
    };
    assert_each_rejected([
        (valid().legacy_hash(Fixed(&[], "x")), no_prefix()),
        (valid().legacy_hash(Fixed(&["{a}"], "")), no_prefix()),
        (valid().legacy_hash(Fixed(&["{a}", ""], "x")), reserved()),
        (valid().legacy_hash(Fixed(&["$argon2"], "$argon2")), reserved()),
        (valid().legacy_hash(Fixed(&["$argon2id$v=1"], "$argon2id$v=1")), reserved()),
        (valid().legacy_hash(Fixed(&["{a}"], "{b}x")), decoy),
        (valid().legacy_hash(Arc::new(CrudauthPy)), duplicate),
    ])
    .await;
}

#[tokio::test]
async fn all_hashing_errors_are_reported_at_once() {
    let hashing = HashingConfig::default().max_concurrent(0).passes(1).memory_kib(u32::MAX);
    let expected = [below_one("hashing.max_concurrent"), above("hashing.memory_kib", 262_144)];
    assert_eq!(config_errors(valid().hashing(hashing)).await, expected);
}

const fn above(setting: &'static str, max: u64) -> ConfigError {
    ConfigError::NumberOutOfRange { setting, min: 0, max: Some(max) }
}
