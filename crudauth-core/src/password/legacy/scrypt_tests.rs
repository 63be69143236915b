//! Hashes made by Django 5.2 and passlib 1.7.
#![allow(clippy::unwrap_used, reason = "a failed setup fails the test")]

use proptest::prelude::*;

use super::*;

const TYPED: &str = "Grüße, Zoë";
const DJANGO: &str = "scrypt$1024$seasalt$8$5$73wRNiQYFdnBE+svBH1idBj4HtqWoi1O2duf44JiwLaRyUR2cjm5L\
                      /SAiBgtIifJXMCbYWZuablGnSm2S3v2/A==";
const PASSLIB: &str =
    "$scrypt$ln=10,r=8,p=1$37sXwpgTYsxZy7k3RmgtRQ$w7ROuL4zlkydjYmgrLDF/ahU4Zs5Y81FHPA0Mo4Yyo8";

fn matches(stored: &str, password: &str) -> bool {
    Scrypt::default().cost(1, 1, 1).verify(password.as_bytes(), stored)
}

fn parse(stored: &str) -> Option<Stored> {
    Stored::parse(stored)
}

#[test]
fn hashes_of_django_and_passlib_match() {
    for stored in
        [DJANGO, PASSLIB, "$scrypt$ln=4,r=4,p=3$$X5VjV9I7ccmg41gd2YQdcbJ5pWZAX34vaOBxCaqZsfo"]
    {
        assert!(matches(stored, TYPED), "{stored}");
        assert!(!matches(stored, "Grüße, Zoe") && !matches(stored, ""), "{stored}");
    }
}

/// PyPI Werkzeug 3.1.9: `generate_password_hash("Grüße, Zoë", "scrypt:1024:8:1")`
#[test]
fn a_hash_of_werkzeug_matches() {
    let stored = "scrypt:1024:8:1$O6AmiteHitChnetO$601d322578429561b04de4c3c4b915b3e6a3fabbd1c790d7\
                  c29dec074b71696091bf7ff6f036ea480de2048b7a0d4588e597a22fbea691cd0c6041016d9352d2";
    assert!(matches(stored, TYPED) && !matches(stored, "Grüße, Zoe"));
    for (from, to) in
        [("1024:", "1023:"), (":8:1", ":8:17"), (":8:1", ":8"), ("601d", "601"), ("2d2", "")]
    {
        assert!(parse(&stored.replacen(from, to, 1)).is_none(), "{from} {to}");
    }
}

/// From the reference of Spring Security, "Password Storage".
#[test]
fn a_hash_of_spring_matches() {
    let stored = "{scrypt}$e0801$8bWJaSu2IKSn9Z9kM+TPXfOc/9bdYSrN1oD9qfVThWEwdRTnO7re7Ei+fUZRJ68k9lTy\
                  uTeUp4of4g24hHnazw==$OAOec05+bXxvuu/1qZ6NUR+xQYvYv7BeL1QxwRpY5Pc=";
    assert!(matches(stored, "password") && !matches(stored, "passwort"));
    let recent = stored.replace("{scrypt}", "{scrypt@SpringSecurity_v5_8}");
    assert!(matches(&recent, "password"));
    for (from, to) in
        [("e0801", "200801"), ("e0801", "e0811"), ("e0801", "e"), ("$e", "e"), ("$e", "$+e")]
    {
        assert!(parse(&stored.replacen(from, to, 1)).is_none(), "{from} {to}");
    }
}

#[test]
fn an_expensive_or_damaged_hash_is_malformed() {
    assert!(parse(&PASSLIB.replace("ln=10", "ln=17")).is_some());
    for (from, to) in [
        ("ln=10,r=8", "ln=18,r=8"), // 256 MiB plus extra blocks
        ("ln=10", "ln=40"),
        ("ln=10", "ln=63"),
        ("ln=10", "ln=64"),
        ("ln=10", "ln=4294967295"),
        ("ln=10", "ln=4294967296"),
        ("ln=10", "ln=0"),
        ("r=8", "r=0"),
        ("r=8", "r=4294967295"),
        ("p=1", "p=0"),
        ("p=1", "p=17"),
        ("p=1", "p=4294967295"),
        ("p=1", "p=+1"),
        ("p=1", "p="),
        ("p=1", "p=1,x=1"),
        ("ln=10,r=8", "r=8,ln=10"),
        (",r=8", ""),
        ("$scrypt", "$7"),
        ("w7ROuL4zlkydjYmgrLDF/ahU4Z", ""), // a truncated output
        ("w7ROuL4zlkydjYmgrLDF/ahU4Zs5Y81FHPA0Mo4Yyo8", ""),
        ("Yyo8", "Yyo8$"),
        ("37sX", "37\u{e9}"),
    ] {
        assert!(parse(&PASSLIB.replacen(from, to, 1)).is_none(), "{from} {to}");
    }
    for (from, to) in [
        ("1024", "1023"),
        ("1024", "1"),
        ("1024", "0"),
        ("1024", "262144"),
        ("1024", "4294967296"),
        ("$8$", "$0$"),
        ("$8$", "$2097152$"),
        ("$5$", "$17$"),
        ("$5$", "$0$"),
        ("$5$", "$"),
        ("A==", "A==$"),
        ("scrypt$", "scrypt$$"),
    ] {
        assert!(parse(&DJANGO.replacen(from, to, 1)).is_none(), "{from} {to}");
    }
}

#[test]
fn the_decoy_has_the_configured_cost() {
    for (format, expected) in [
        (Scrypt::default(), (16, 8, 1)),
        (Scrypt::default().cost(14, 8, 5), (14, 8, 5)),
        (Scrypt::default().cost(30, 8, 1), (16, 8, 1)),
    ] {
        let Cost { log_n, r, p } = parse(&format.decoy()).unwrap().cost;
        assert_eq!((log_n, r, p), expected);
    }
}

proptest! {
    #[test]
    fn the_parser_accepts_any_text(text in "\\PC{0,80}") {
        let _ = parse(&text);
        let _ = parse(&format!("scrypt${text}"));
        let _ = parse(&format!("$scrypt$ln={text}"));
        let _ = parse(&format!("scrypt:{text}"));
        let _ = parse(&format!("{{scrypt}}${text}"));
    }

    #[test]
    fn the_parser_accepts_any_damaged_hash(
        at in 0_usize..80, cut in 0_usize..80, by in "[$,=./+a-zA-Z0-9é]{0,3}",
    ) {
        for whole in [DJANGO, PASSLIB] {
            let end = (at + cut).min(whole.len());
            let _ = parse(&format!("{}{by}{}", &whole[..at], &whole[end..]));
        }
    }

    #[test]
    fn every_accepted_cost_can_be_computed(
        log_n in 0_u32..80, r in any::<u32>(), p in any::<u32>(),
    ) {
        if let Some(Cost { log_n, r, p }) = Cost::new(log_n, r % 5000, p % 20) {
            prop_assert!(Params::new(log_n, r, p).is_ok());
        }
        let _ = Cost::new(log_n, r, p);
    }
}
