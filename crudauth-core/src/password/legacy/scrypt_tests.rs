//! Against what Django 5.2 and passlib 1.7 made.
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use proptest::prelude::*;

use super::*;

const TYPED: &str = "Grüße, Zoë";
const DJANGO: &str = "scrypt$1024$seasalt$8$5$73wRNiQYFdnBE+svBH1idBj4HtqWoi1O2duf44JiwLaRyUR2cjm5L\
                      /SAiBgtIifJXMCbYWZuablGnSm2S3v2/A==";
const PASSLIB: &str =
    "$scrypt$ln=10,r=8,p=1$37sXwpgTYsxZy7k3RmgtRQ$w7ROuL4zlkydjYmgrLDF/ahU4Zs5Y81FHPA0Mo4Yyo8";

fn is_of(stored: &str, password: &str) -> bool {
    Scrypt::default().cost(1, 1, 1).verify(password.as_bytes(), stored)
}

fn read(stored: &str) -> Option<Stored> {
    Stored::phc(stored).or_else(|| Stored::django(stored))
}

#[test]
fn what_django_and_passlib_made_is_read() {
    for stored in
        [DJANGO, PASSLIB, "$scrypt$ln=4,r=4,p=3$$X5VjV9I7ccmg41gd2YQdcbJ5pWZAX34vaOBxCaqZsfo"]
    {
        assert!(is_of(stored, TYPED), "{stored}");
        assert!(!is_of(stored, "Grüße, Zoe") && !is_of(stored, ""), "{stored}");
    }
}

#[test]
fn a_text_beyond_the_bounds_or_damaged_is_not_read() {
    assert!(read(&PASSLIB.replace("ln=10", "ln=17")).is_some());
    for (from, to) in [
        ("ln=10,r=8", "ln=18,r=8"), // 256 MiB, and the blocks beside them
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
        ("w7ROuL4zlkydjYmgrLDF/ahU4Z", ""), // an output that was cut
        ("w7ROuL4zlkydjYmgrLDF/ahU4Zs5Y81FHPA0Mo4Yyo8", ""),
        ("Yyo8", "Yyo8$"),
        ("37sX", "37\u{e9}"),
    ] {
        assert!(read(&PASSLIB.replacen(from, to, 1)).is_none(), "{from} {to}");
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
        assert!(read(&DJANGO.replacen(from, to, 1)).is_none(), "{from} {to}");
    }
}

#[test]
fn a_decoy_costs_what_was_said() {
    for (format, expected) in [
        (Scrypt::default(), (16, 8, 1)),
        (Scrypt::default().cost(14, 8, 5), (14, 8, 5)),
        (Scrypt::default().cost(30, 8, 1), (16, 8, 1)),
    ] {
        let Cost { log_n, r, p } = read(&format.decoy()).unwrap().cost;
        assert_eq!((log_n, r, p), expected);
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "\\PC{0,80}") {
        let _ = read(&text);
        let _ = read(&format!("scrypt${text}"));
        let _ = read(&format!("$scrypt$ln={text}"));
    }

    #[test]
    fn no_damage_to_a_hash_makes_the_parser_panic(
        at in 0_usize..80, cut in 0_usize..80, by in "[$,=./+a-zA-Z0-9é]{0,3}",
    ) {
        for whole in [DJANGO, PASSLIB] {
            let end = (at + cut).min(whole.len());
            let _ = read(&format!("{}{by}{}", &whole[..at], &whole[end..]));
        }
    }

    #[test]
    fn whatever_is_within_the_bounds_can_be_computed(
        log_n in 0_u32..80, r in any::<u32>(), p in any::<u32>(),
    ) {
        if let Some(Cost { log_n, r, p }) = Cost::new(log_n, r % 5000, p % 20) {
            prop_assert!(Params::new(log_n, r, p).is_ok());
        }
        let _ = Cost::new(log_n, r, p);
    }
}
