//! Against what crudauth-py, Django and the `bcrypt` package for Python made, of cost 4 if not else
//! said.
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

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

/// Made by crudauth-py 0.8.2 itself, of cost 12.
#[test]
fn what_crudauth_py_stores_is_read() {
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
    // Past the 72nd byte, too.
    let other = format!("{}enx", "long ".repeat(20));
    assert!(!py("$2b$12$rI9GlVgrmtLWKdwcLlqgD.zW.zzSCtIsga8UqoS7176HNwnb/Ha86", &other));
}

#[test]
fn every_version_of_crudauth_pys_hashes_is_read() {
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
fn plain_bcrypt_is_read() {
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

#[test]
fn djangos_bcrypt_over_a_digest_is_read_to_the_last_byte() {
    let short = "bcrypt_sha256$$2b$04$r9XfDCtMcLkhMhSv1CNJhuCzFlqUxgh8RTZS4fhpn3.BDXnZVXPBG";
    assert!(plain(short, TYPED) && !plain(short, "another"));
    let stored = "bcrypt_sha256$$2b$04$w4wf6iHdzJueQ5rvi8FLNuxIU1Oi/8eVfSelbEjCl3UC1LfWrVxE2";
    let long = "long ".repeat(20);
    assert!(plain(stored, &format!("{long}end")) && !plain(stored, &format!("{long}enx")));
}

#[test]
fn of_plain_bcrypt_72_bytes_count() {
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
fn a_leaked_digest_opens_no_hash_made_over_it() {
    let digest = "xLvLH77JnWW/WdhcjLYu4tuWPw/hBvSD2a+nO9Tjmoo=";
    let stored = "$2b$04$cS/5vgGv3qd4lCC.2nTIMO52SO2ad1ZHLRVR0DnTTlE.JRUiRop4u";
    assert!(is_of(digest.as_bytes(), stored, 4), "it is bcrypt of the digest");
    assert!(py(stored, "correct horse battery staple"));
    assert!(!plain(stored, digest));
    for (password, is_refused) in [
        (digest.to_owned(), true),
        (digest.replace("oo=", "op="), true), // read alike by whoever reads loosely
        (digest.replace("oo=", "ooo"), false), // 33 bytes
        (digest.replace('/', "_"), false),
        (digest[..43].to_owned(), false),
        (format!(" {}", &digest[..43]), false),
    ] {
        assert_eq!(is_shaped_like_a_digest(password.as_bytes()), is_refused, "{password}");
    }
}

#[test]
fn a_nul_byte_makes_no_second_spelling_of_a_password() {
    // The package for Python made this of `ab`, and the same of `ab\0ab`.
    let stored = "$2b$04$abcdefghijklmnopqrstuu0CkeIeZLJOlOL1QPPhfXulLNPdFqJBW";
    assert!(plain(stored, "ab"));
    for password in ["ab\0ab", "ab\0", "\0", "ab\0ab\0"] {
        assert!(!plain(stored, password));
    }
}

#[test]
fn bits_of_a_salt_that_belong_to_no_byte_do_not_count() {
    for last in ["u", "v", "w", "9"] {
        let stored = format!("$2b$04$abcdefghijklmnopqrstu{last}0CkeIeZLJOlOL1QPPhfXulLNPdFqJBW");
        assert!(plain(&stored, "ab"), "{stored}");
    }
}

#[test]
fn a_text_beyond_the_bounds_or_damaged_is_not_read() {
    let whole = "$2b$04$abcdefghijklmnopqrstuu0CkeIeZLJOlOL1QPPhfXulLNPdFqJBW";
    assert!(Stored::read(whole).is_some());
    assert!(Stored::read(&whole.replace("$04$", "$16$")).is_some());
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
        assert!(Stored::read(&whole.replacen(from, to, 1)).is_none(), "{from} {to}");
    }
    for (prefix, is_plain) in [("bcrypt$", true), ("bcrypt_sha256$", false), ("bcrypt", false)] {
        let format = Bcrypt::default().cost(4);
        assert_eq!(format.verify(b"ab", &format!("{prefix}{whole}")), is_plain, "{prefix}");
    }
}

#[test]
fn a_decoy_costs_what_was_said() {
    for (format, cost) in [
        (Bcrypt::default(), 12),
        (Bcrypt::default().cost(10), 10),
        (Bcrypt::default().cost(99), 16),
        (Bcrypt::default().cost(0), 4),
    ] {
        assert_eq!(Stored::read(&format.decoy()).unwrap().cost, cost);
    }
    assert_eq!(Stored::read(&CrudauthPy.decoy()).unwrap().cost, 12);
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,80}") {
        let _ = Stored::read(&text);
    }

    #[test]
    fn no_damage_to_a_hash_makes_the_parser_panic(
        at in 0_usize..60, cut in 0_usize..60, by in "[$./a-zA-Z0-9é]{0,3}",
    ) {
        let whole = "$2b$04$abcdefghijklmnopqrstuu0CkeIeZLJOlOL1QPPhfXulLNPdFqJBW";
        let end = (at + cut).min(whole.len());
        let _ = Stored::read(&format!("{}{by}{}", &whole[..at], &whole[end..]));
    }

    #[test]
    fn no_password_makes_the_check_panic(password in "\\PC{0,80}") {
        let _ = Bcrypt::default().verify(
            password.as_bytes(),
            "$2b$04$abcdefghijklmnopqrstuu0CkeIeZLJOlOL1QPPhfXulLNPdFqJBW",
        );
    }
}
