//! Hashes made by Django 5.2 and passlib 1.7.
#![allow(clippy::unwrap_used, reason = "a failed setup fails the test")]

use proptest::prelude::*;

use super::*;

const TYPED: &str = "Grüße, Zoë";
const DJANGO: &str = "pbkdf2_sha256$1000$seasalt$Su3wXYanlxubUEffMqsnBxsKiA4Fy1Ou11EHjbZmLsM=";
const PASSLIB: &str =
    "$pbkdf2-sha256$1000$itF6b.19r1XK.Z.TsnYOgQ$jqn3.TrjrSfeqo5g6A11L5RCGQUXauNnMTV0TN/nAgg";

fn matches(stored: &str, password: &str) -> bool {
    Pbkdf2::default().iterations(1).verify(password.as_bytes(), stored)
}

#[test]
fn hashes_of_django_and_passlib_match() {
    for stored in [
        DJANGO,
        "pbkdf2_sha1$1000$seasalt$EayhWPkbusCZTjOAKCbFivxOQOo=",
        PASSLIB,
        "$pbkdf2-sha256$1000$././././././././././$os7/erOa.KYLUU5hGRB4sM2uZO36/3wX1wYQ.Qk5fe0",
        "$pbkdf2$1000$RSglpHSuFQKAcE7JuZeScg$op8Mzt9/zvFwhpO0aVjSk/4PRRI",
        "$pbkdf2-sha512$1000$J8TYO2fM.d8bYywlBCCEEA$CB4bjfqvJZgUOkZVe89PX8bwe9t6r1pr41/8MiJyECyI/\
         cWigL6S1.KaYVPqsYD.MnHsxax6GGFMX5Nh2Uux0Q",
    ] {
        assert!(matches(stored, TYPED), "{stored}");
        assert!(!matches(stored, "Grüße, Zoe") && !matches(stored, ""), "{stored}");
        assert!(Pbkdf2::default().prefixes().iter().any(|prefix| stored.starts_with(prefix)));
    }
}

/// PyPI Werkzeug 3.1.9: `generate_password_hash("Grüße, Zoë", "pbkdf2:sha256:1000")`, and with the
/// other two hashes.
#[test]
fn hashes_of_werkzeug_match() {
    let stored = "pbkdf2:sha256:1000$jzNCCmzs5r7Rmadq$\
                  aa7cd9f0f6a039c94d9c99dbd8e837cc2e2fb75386b1c75147a50eb7f501657a";
    for stored in [
        stored,
        "pbkdf2:sha1:1000$1cz1CqhxBRNXTPZD$5c250dca07fed1c9c3fc8a57bbbecbacd54e7f17",
        "pbkdf2:sha512:1000$YI1mYABLF3Dt5bOG$a3c09d63cb7b325e3bb6de3ff4f95e03f06fde9afc5c67afd830f945c70\
         ef86dd07e383d226f50139f57a309306ba830a4f92b58bba1dd0d063d1aa3260a24eb",
    ] {
        assert!(matches(stored, TYPED) && !matches(stored, "Grüße, Zoe"), "{stored}");
    }
    for (from, to) in
        [(":1000", ":10000001"), (":1000", ""), ("sha256", "md5"), ("aa7c", "aa7"), ("657a", "")]
    {
        assert!(Stored::parse(&stored.replacen(from, to, 1)).is_none(), "{from} {to}");
    }
}

/// The first is from the reference of Spring Security, "Password Storage". The second was made by the
/// JDK 17 as Spring makes it: hex of the salt and of `SecretKeyFactory.getInstance(..)
/// .generateSecret(new PBEKeySpec("Grüße, Zoë".toCharArray(), salt, 310000, 256))`.
#[test]
fn hashes_of_spring_match() {
    let before = "{pbkdf2}5d923b44a6d129f3ddf3e3c8d29412723dcbde72445e8ef6bf3b508fbf17fa4ed4d6b99ca763\
                  d8dc";
    let recent = "{pbkdf2@SpringSecurity_v5_8}99170fbb183477a35a94c9bf390b77024da87ff5d255ca50a2e19b2a\
                  1184dcddeb49b2a7575de746708ac9131cc15e67";
    assert!(matches(before, "password"));
    assert!(matches(recent, TYPED));
    for damaged in [&recent[1..], &recent[..90], "{pbkdf2}", &before.replace("d8dc", "d8dz")] {
        assert!(Stored::parse(damaged).is_none(), "{damaged}");
    }
    assert!(
        Stored::parse(&recent.replace("@SpringSecurity_v5_8", "")).is_none(),
        "the salt is shorter"
    );
}

#[test]
fn an_expensive_or_damaged_hash_is_malformed() {
    assert!(Stored::parse(&DJANGO.replace("1000", "10000000")).is_some());
    for (from, to) in [
        ("1000", "10000001"),
        ("1000", "4294967296"),
        ("1000", "99999999999999999999"),
        ("1000", "0"),
        ("1000", "-1"),
        ("1000", "+1"),
        ("1000", ""),
        ("1000", "1e3"),
        ("sha256", "sha1"),
        ("sha256", "sha512"),
        ("sha256", "md5"),
        ("pbkdf2_", "$pbkdf2_"),
        ("pbkdf2_sha256", "pbkdf2-sha256"),
        ("pbkdf2_sha256$", ""),
        ("$seasalt", ""),
        ("Su3w", ""), // a truncated output
        ("Su3wXYanlxubUEffMqsnBxsKiA4Fy1Ou11EHjbZmLsM=", ""),
        ("LsM=", "LsM=$"),
        ("LsM=", "LsM=="),
        ("LsM=", "LsMsLsM="),
        ("LsM=", "L\u{e9}M="),
    ] {
        assert!(Stored::parse(&DJANGO.replacen(from, to, 1)).is_none(), "{from} {to}");
    }
    for (from, to) in [
        ("-sha256", ""),
        ("-sha256", "-sha512"),
        ("-sha256", "_sha256"),
        ("$pbkdf2-", "pbkdf2-"),
        ("jqn3", ""),
        ("itF6b", "it!6b"),
        ("nAgg", "nAgg$x"),
    ] {
        assert!(Stored::parse(&PASSLIB.replacen(from, to, 1)).is_none(), "{from} {to}");
    }
}

#[test]
fn the_decoy_has_the_configured_cost() {
    for (format, iterations) in [
        (Pbkdf2::default(), 600_000),
        (Pbkdf2::default().iterations(260_000), 260_000),
        (Pbkdf2::default().iterations(u32::MAX), MAX_ITERATIONS),
        (Pbkdf2::default().iterations(0), 1),
    ] {
        assert_eq!(Stored::parse(&format.decoy()).unwrap().iterations, iterations);
    }
}

proptest! {
    #[test]
    fn the_parser_accepts_any_text(text in "\\PC{0,80}") {
        let _ = Stored::parse(&text);
        let _ = Stored::parse(&format!("pbkdf2_sha256${text}"));
    }

    #[test]
    fn the_parser_accepts_any_damaged_hash(
        at in 0_usize..72, cut in 0_usize..72, by in "[$./=+a-zA-Z0-9é]{0,3}",
    ) {
        for whole in [DJANGO, PASSLIB] {
            let end = (at + cut).min(whole.len());
            let _ = Stored::parse(&format!("{}{by}{}", &whole[..at], &whole[end..]));
        }
    }
}
