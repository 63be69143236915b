//! Hashes made by crudauth-py, Django and the Python package `bcrypt`, of cost 4 unless noted.
#![allow(clippy::unwrap_used, reason = "a failed setup fails the test")]

use proptest::prelude::*;

use super::super::CrudauthPy;
use super::*;

const TYPED: &str = "Grüße, Zoë";

fn plain(stored: &str, password: &str) -> bool {
    Bcrypt::default().verify(password.as_bytes(), stored)
}

fn py(stored: &str, password: &str) -> bool {
    CrudauthPy.verify(password.as_bytes(), stored)
}

/// Made by crudauth-py 0.8.2, of cost 12.
#[test]
fn hashes_of_crudauth_py_match() {
    let long = format!("{}end", "long ".repeat(20));
    for (password, stored) in [
        (
            "correct horse battery staple",
            "$2b$12$/jprerBjKKjxfkaAZfRaVuzD2cKxQEzXvDA2xdt8WaZvD6C9q6NyC",
        ),
        (
            "Grüße, Zoë – пароль 密码",
            "$2b$12$JhJBQOP2139G.isXY.aRBeBHfDveLFGuTSs7.RK9VL7wexDB38Zc6",
        ),
        (&long, "$2b$12$rI9GlVgrmtLWKdwcLlqgD.zW.zzSCtIsga8UqoS7176HNwnb/Ha86"),
    ] {
        assert!(py(stored, password), "{password}");
    }
    // Bytes after the 72nd count too.
    let other = format!("{}enx", "long ".repeat(20));
    assert!(!py("$2b$12$rI9GlVgrmtLWKdwcLlqgD.zW.zzSCtIsga8UqoS7176HNwnb/Ha86", &other));
}

#[test]
fn every_bcrypt_version_of_crudauth_py_matches() {
    for stored in [
        "$2a$04$LZe1RAv8Ay8kbghFIhSwE.rXWMlyNWbxLLm74oDIODPWYXeyjul5u",
        "$2b$04$eN6kKaUSvDed8.Kyp1mj1eYxx2l.2ovkcwVj.YRk3oOrCKoeAQkOG",
        "$2y$04$OZilM6bJggc32B843KQMZ.Lys.wLVXs.1MXRuIkPVH.v1dRWKJ0kq",
        "$2x$04$aDx4uSmtgH4QR3fN0fkvKeymSrmbrugjMaTwNIxEak4N7Ge18So7W",
    ] {
        assert!(py(stored, TYPED) && !py(stored, "Grüße, Zoe") && !plain(stored, TYPED));
    }
}

#[test]
fn plain_bcrypt_matches() {
    for (password, stored) in [
        (TYPED, "$2a$04$GRuAzqbBja12WvPudxW6q.sHrYPYo0Wm4Sj6oorInGUY.HpkWePKu"),
        (TYPED, "$2b$04$HyZZ781BSc4ojF1wg6t03uCqLAyP6PCMoeyZd8zH1caM5VUT31Whi"),
        (TYPED, "bcrypt$$2b$04$3olfCIArX1JJjwC5DCp0x.YtqaRWWuYmtulf1INvW/8Z5qjtX5H72"),
        ("plain-ascii", "$2y$04$3l8P4uNbky6o1JcpZUhndOjgTebkWPmtEYMcUY12nk.JMMHx64fDi"),
        ("plain-ascii", "$2x$04$3l8P4uNbky6o1JcpZUhndOjgTebkWPmtEYMcUY12nk.JMMHx64fDi"),
        ("", "$2b$04$1GMad7A9Bv0oEmR1M2zTO.m8PocDjitBHDbEHDK4nj8e90wYiJdMm"),
    ] {
        assert!(plain(stored, password), "{stored}");
        assert!(!plain(stored, "another") && !py(stored, password), "{stored}");
    }
}

/// - PHP 8.2, as in Laravel: `password_hash("Grüße, Zoë", PASSWORD_BCRYPT, ["cost" => 4])`
/// - npm bcryptjs 3.0.3: `hashSync("Grüße, Zoë", 4)`
/// - PyPI bcrypt 5.0.0, as in Phoenix and GoTrue: `hashpw(.., gensalt(4, b"2b"))`, and `b"2a"`
/// - PyPI Django 5.2.19: `BCryptPasswordHasher` and `BCryptSHA256PasswordHasher` with `rounds = 4`
#[test]
fn hashes_of_other_systems_match() {
    for stored in [
        "$2y$04$ooNt7e4yOi/DE/600HUYVOVkF0Z771WnP2ChLp/gabPh/LRm144e.",
        "$2b$04$hN1i5nBVf6K9Wx85KvPN0uzDwZZviOpYOkDm5nGpaWE1FbFXRIbwO",
        "$2b$04$H5EekpihErOi5eL/fH/U.O5W/5yVTRxE9Ff7Q1W5xw5DeEw3fALH6",
        "$2a$04$EKeiDDCB7IyDATPYVXLFre6DFYl9MJynq896pxDu8wwLNpNsDjuxm",
        "bcrypt$$2b$04$sDMS2vc/cXOKrx2hLNRycu/mEJTzPTkmINKMhAJvgz5n4lLsWpPrq",
        "bcrypt_sha256$$2b$04$mSL7IglceOXiqe6PlL8g/ewalPRhCqMblSCOY1mkNYPD47fv8m12O",
    ] {
        assert!(plain(stored, TYPED) && !plain(stored, "Grüße, Zoe"), "{stored}");
        assert!(Bcrypt::default().prefixes().iter().any(|prefix| stored.starts_with(prefix)));
    }
}

/// From the reference of Spring Security, "Password Storage". The cost is 10.
#[test]
fn a_hash_of_spring_matches() {
    let stored = "{bcrypt}$2a$10$dXJ3SW6G7P50lGmMkkmwe.20cQQubK3.HZWzG3YB1tlRy.fqvM/BG";
    assert!(plain(stored, "password") && !plain(stored, "passwort"));
    assert!(!plain(&stored.replace("{bcrypt}", "{noop}"), "password"));
}

/// PHP 8.2, like Devise, which appends the pepper: `password_hash("Grüße, Zoë" . "a-pepper", ..)`
#[test]
fn a_pepper_follows_the_password() {
    let stored = "$2y$04$vaNpuCH4Abf/qB/u03xwTOSRuu9ZBrNruT4xKU4hWDQs9qWemBKhG";
    let devise = Bcrypt::default().pepper("a-pepper");
    assert!(devise.verify(TYPED.as_bytes(), stored));
    assert!(!devise.verify(b"another", stored) && !plain(stored, TYPED));
    assert!(!format!("{devise:?}").contains("a-pepper"));
}

#[test]
fn every_byte_counts_in_djangos_bcrypt_sha256() {
    let short = "bcrypt_sha256$$2b$04$r9XfDCtMcLkhMhSv1CNJhuCzFlqUxgh8RTZS4fhpn3.BDXnZVXPBG";
    assert!(plain(short, TYPED) && !plain(short, "another"));
    let stored = "bcrypt_sha256$$2b$04$w4wf6iHdzJueQ5rvi8FLNuxIU1Oi/8eVfSelbEjCl3UC1LfWrVxE2";
    let long = "long ".repeat(20);
    assert!(plain(stored, &format!("{long}end")) && !plain(stored, &format!("{long}enx")));
}

#[test]
fn plain_bcrypt_hashes_72_bytes() {
    let stored = "$2b$04$HqruoSVUr/cabga9JsLtT.b/Cy/q.0sRYKlmEsqAuxJFwT6dSIGGy";
    let x = "x".repeat(71);
    for password in [format!("{x}y"), format!("{x}yz"), format!("{x}y{x}")] {
        assert!(plain(stored, &password));
    }
    for password in [x.clone(), format!("{x}z")] {
        assert!(!plain(stored, &password));
    }
}

#[test]
fn a_leaked_digest_does_not_match_its_hash() {
    let digest = "xLvLH77JnWW/WdhcjLYu4tuWPw/hBvSD2a+nO9Tjmoo=";
    let stored = "$2b$04$cS/5vgGv3qd4lCC.2nTIMO52SO2ad1ZHLRVR0DnTTlE.JRUiRop4u";
    assert!(matches(digest.as_bytes(), stored, 4), "bcrypt of the digest");
    assert!(py(stored, "correct horse battery staple"));
    assert!(!plain(stored, digest));
    for (password, is_rejected) in [
        (digest.to_owned(), true),
        (digest.replace("oo=", "op="), true), // A lenient decoder reads both alike.
        (digest.replace("oo=", "ooo"), false), // 33 bytes
        (digest.replace('/', "_"), false),
        (digest[..43].to_owned(), false),
        (format!(" {}", &digest[..43]), false),
    ] {
        assert_eq!(looks_like_digest(password.as_bytes()), is_rejected, "{password}");
    }
}

#[test]
fn a_password_with_a_nul_never_matches() {
    // The Python package makes this hash of both `ab` and `ab\0ab`.
    let stored = "$2b$04$abcdefghijklmnopqrstuu0CkeIeZLJOlOL1QPPhfXulLNPdFqJBW";
    assert!(plain(stored, "ab"));
    for password in ["ab\0ab", "ab\0", "\0", "ab\0ab\0"] {
        assert!(!plain(stored, password));
    }
}

#[test]
fn unused_bits_of_a_salt_are_ignored() {
    for last in ["u", "v", "w", "9"] {
        let stored = format!("$2b$04$abcdefghijklmnopqrstu{last}0CkeIeZLJOlOL1QPPhfXulLNPdFqJBW");
        assert!(plain(&stored, "ab"), "{stored}");
    }
}

#[test]
fn an_expensive_or_damaged_hash_is_malformed() {
    let whole = "$2b$04$abcdefghijklmnopqrstuu0CkeIeZLJOlOL1QPPhfXulLNPdFqJBW";
    assert!(Stored::parse(whole).is_some());
    assert!(Stored::parse(&whole.replace("$04$", "$16$")).is_some());
    for (from, to) in [
        ("$04$", "$17$"),
        ("$04$", "$31$"),
        ("$04$", "$99$"),
        ("$04$", "$03$"),
        ("$04$", "$00$"),
        ("$04$", "$4$"),
        ("$04$", "$004$"),
        ("$04$", "$+4$"),
        ("$04$", "$$"),
        ("$04$", "$04"),
        ("$2b$", "$2c$"),
        ("$2b$", "$2$"),
        ("$2b$", "2b$"),
        ("JBW", "JB"),
        ("JBW", "JBWW"),
        ("JBW", "JB="),
        ("JBW", "JB+"),
        ("JBW", "J\u{e9}"),
        ("stuu0", "st\u{e9}u0"),
        ("stuu0", "stu\u{e9}0"),
    ] {
        assert!(Stored::parse(&whole.replacen(from, to, 1)).is_none(), "{from} {to}");
    }
    for (prefix, is_plain) in [("bcrypt$", true), ("bcrypt_sha256$", false), ("bcrypt", false)] {
        let format = Bcrypt::default().cost(4);
        assert_eq!(format.verify(b"ab", &format!("{prefix}{whole}")), is_plain, "{prefix}");
    }
}

#[test]
fn the_decoy_has_the_configured_cost() {
    for (format, cost) in [
        (Bcrypt::default(), 12),
        (Bcrypt::default().cost(10), 10),
        (Bcrypt::default().cost(99), 16),
        (Bcrypt::default().cost(0), 4),
    ] {
        assert_eq!(Stored::parse(&format.decoy()).unwrap().cost, cost);
    }
    assert_eq!(Stored::parse(&CrudauthPy.decoy()).unwrap().cost, 12);
}

proptest! {
    #[test]
    fn the_parser_accepts_any_text(text in "\\PC{0,80}") {
        let _ = Stored::parse(&text);
    }

    #[test]
    fn the_parser_accepts_any_damaged_hash(
        at in 0_usize..60, cut in 0_usize..60, by in "[$./a-zA-Z0-9é]{0,3}",
    ) {
        let whole = "$2b$04$abcdefghijklmnopqrstuu0CkeIeZLJOlOL1QPPhfXulLNPdFqJBW";
        let end = (at + cut).min(whole.len());
        let _ = Stored::parse(&format!("{}{by}{}", &whole[..at], &whole[end..]));
    }

    #[test]
    fn any_password_can_be_checked(password in "\\PC{0,80}") {
        let _ = Bcrypt::default().verify(
            password.as_bytes(),
            "$2b$04$abcdefghijklmnopqrstuu0CkeIeZLJOlOL1QPPhfXulLNPdFqJBW",
        );
    }
}
