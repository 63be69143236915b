#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use proptest::prelude::*;

use super::*;

fn normal(typed: &str) -> String {
    EmailAddress::parse(typed).unwrap().as_str().to_owned()
}

#[track_caller]
fn refused(typed: &str) -> InvalidEmail {
    let reading = EmailAddress::parse(typed);
    assert!(reading.is_err(), "{typed:?} was read as {reading:?}");
    reading.unwrap_err()
}

#[test]
fn an_address_has_one_form_however_it_is_typed() {
    for typed in ["ada@example.com", "Ada@Example.COM", "  ADA@EXAMPLE.COM\t", "ada@example.com\n"]
    {
        assert_eq!(normal(typed), "ada@example.com");
    }
    assert_eq!(normal("JÜRGEN@example.com"), "jürgen@example.com");
    assert_eq!(normal("Ju\u{308}rgen@example.com"), "jürgen@example.com");
}

#[test]
fn its_parts_are_what_stands_around_the_sign() {
    let address = EmailAddress::parse("Ada+Tag@Example.com").unwrap();
    assert_eq!((address.local_part(), address.domain()), ("ada+tag", "example.com"));
    assert_eq!(address.to_string(), "ada+tag@example.com");
    assert_eq!(serde_json::to_string(&address).unwrap(), "\"ada+tag@example.com\"");
}

#[test]
fn usual_addresses_are_read() {
    for address in [
        "a@b.co",
        "o'hara@example.com",
        "a.b-c_d+e@sub.example.co.uk",
        "!#$%&'*+-/=?^_`{|}~@example.com",
        "用户@example.com",
        "δοκιμή@example.com",
        "अजय@example.com",
        "1@2.example",
    ] {
        assert_eq!(normal(address), address);
    }
}

#[test]
fn a_list_a_quoted_part_or_a_display_name_is_never_an_address() {
    for typed in [
        "",
        " ",
        "@",
        "ada",
        "ada@",
        "@example.com",
        "a@x.com,b@y.com",
        "a@x.com, b@y.com",
        "a@x.com;b@y.com",
        "a@x.com b@y.com",
        "a,b@y.com",
        "a@b@example.com",
        "\"a@attacker.com\"@example.com",
        "\"a b\"@example.com",
        "\"a\"@example.com",
        "Bob <bob@example.com>",
        "<bob@example.com>",
        "bob@example.com>",
        "mailto:bob@example.com",
        "bob(comment)@example.com",
        "bob@example.com(comment)",
        "bob@(comment)example.com",
        "@relay.com:bob@example.com",
        "bob\\@example.com",
        "bob@[127.0.0.1]",
        "bob@[IPv6:::1]",
        ".bob@example.com",
        "bob.@example.com",
        "b..ob@example.com",
        "bob@exam ple.com",
    ] {
        refused(typed);
    }
}

#[test]
fn no_line_break_or_control_character_gets_into_a_message() {
    for typed in [
        "a@x.com\r\nBcc: b@y.com",
        "a\r\n@x.com",
        "a@x.com\0",
        "\0a@x.com",
        "a@x\t.com",
        "a\u{7F}@x.com",
        "a\u{85}@x.com",
        "a@x.com%0d%0a",
    ] {
        refused(typed);
    }
}

#[test]
fn a_kelvin_sign_never_becomes_somebody_elses_address() {
    assert_eq!(refused("mi\u{212A}e@example.com"), InvalidEmail::Lookalike);
    assert_eq!(refused("mike@\u{212A}iosk.com"), InvalidEmail::Lookalike);
}

#[test]
fn a_line_separator_is_neither_trimmed_nor_kept() {
    for c in ['\u{2028}', '\u{2029}', '\u{A0}', '\u{3000}', '\u{85}', '\u{FEFF}', '\u{200B}'] {
        for typed in [
            format!("ada@example.com{c}"),
            format!("{c}ada@example.com"),
            format!("a{c}da@example.com"),
            format!("ada@exam{c}ple.com"),
        ] {
            assert_eq!(refused(&typed), InvalidEmail::Unseen);
        }
    }
}

#[test]
fn lookalikes_are_refused_and_not_folded() {
    for typed in [
        "ａda@example.com",
        "ada@ｅxample.com",
        "ada＠example.com",
        "ada﹫example.com",
        "ﬁona@example.com",
        "ad\u{AA}@example.com",
        "ſam@example.com",
        "ada@example．com",
        "ada@example｡com",
        "a\u{2024}da@example.com",
        "\u{212B}ngstrom@example.com",
        "\u{130}stanbul@example.com",
        "I\u{307}stanbul@example.com",
        "①@example.com",
        "℡@example.com",
        "ada@ex\u{2126}.com",
    ] {
        assert_eq!(refused(typed), InvalidEmail::Lookalike, "{typed}");
    }
    refused("ada@example。com");
    refused("a\u{AD}da@example.com");
    refused("a\u{202E}da@example.com");
    refused("a\u{3164}da@example.com");
    refused("\u{338}a@example.com");
    refused("a.\u{338}a@example.com");
    refused("a=\u{338}a@example.com");
}

#[test]
fn an_international_domain_is_kept_in_its_ascii_form() {
    for typed in ["ada@bücher.example", "ADA@BÜCHER.example", "ada@bu\u{308}cher.example"] {
        assert_eq!(normal(typed), "ada@xn--bcher-kva.example");
    }
    assert_eq!(normal("ada@XN--bcher-kva.EXAMPLE"), "ada@xn--bcher-kva.example");
    assert_eq!(normal("ada@例え.テスト"), "ada@xn--r8jz45g.xn--zckzah");
    assert_eq!(normal("ada@faß.de"), "ada@xn--fa-hia.de");
    assert_ne!(normal("ada@faß.de"), normal("ada@fass.de"));
    assert_eq!(normal("ada@bücher.xn--bcher-kva.de"), "ada@xn--bcher-kva.xn--bcher-kva.de");
    assert_eq!(normal("ada@ΣΑΣ.gr"), normal("ada@σασ.gr"));
}

#[test]
fn what_is_no_domain_name_is_refused() {
    let label = "a".repeat(64);
    for domain in [
        "localhost",
        "example",
        ".example.com",
        "example.com.",
        "example..com",
        "-example.com",
        "example-.com",
        "exam_ple.com",
        "127.0.0.1",
        "example.123",
        "xn--.com",
        "xn--a.com",
        "xn--abc-.com",
        "xn--bcher-2pa.com",
        "xn--a-4o0i.com",
        "xn--ab-r13a.com",
        "xn--jm6c.com",
        "xn--a-3wn.com",
        "xn--ab-m1t.com",
        "\u{301}a.com",
        &format!("{label}.com"),
    ] {
        refused(&format!("ada@{domain}"));
    }
    assert_eq!(refused("ada@localhost"), InvalidEmail::Domain);
}

#[test]
fn lengths_are_those_that_mail_servers_take() {
    let local = "a".repeat(64);
    assert!(EmailAddress::parse(&format!("{local}@example.com")).is_ok());
    assert_eq!(refused(&format!("{local}a@example.com")), InvalidEmail::LocalPart);
    assert_eq!(refused(&format!("{}@example.com", "é".repeat(33))), InvalidEmail::LocalPart);
    let label = "b".repeat(61);
    let longest = format!("{local}@{label}.{label}.{label}.com");
    assert_eq!(longest.len(), EmailAddress::MAX_CHARS);
    assert_eq!(normal(&longest), longest);
    let longer = format!("{local}@{label}b.{label}.{label}.com");
    assert_eq!(refused(&longer), InvalidEmail::TooLong);
    assert_eq!(refused(&"a".repeat(1 << 20)), InvalidEmail::TooLong);
}

#[test]
fn a_message_says_what_to_mend_and_never_echoes_the_address() {
    assert_eq!(
        refused("secret").to_string(),
        "value is not a valid email address: it needs exactly one @-sign"
    );
    for typed in ["secret", "secret@x", "se cret@x.com", ".secret@x.com", "ſecret@x.com"] {
        assert!(!refused(typed).to_string().contains("ecret"));
    }
}

#[test]
fn no_sign_is_folded_into_an_ascii_letter() {
    let folds_to_ascii = |c: &char| c.nfkd().chain(c.to_lowercase()).any(|c| c.is_ascii());
    for c in ('\u{80}'..=char::MAX).filter(folds_to_ascii) {
        for typed in [format!("a{c}@example.com"), format!("a@b{c}.example.com")] {
            let Ok(address) = EmailAddress::parse(&typed) else { continue };
            // What is left are letters with accents, which stay letters with accents.
            let is_told_apart =
                !address.local_part().is_ascii() || address.domain().starts_with("xn--");
            assert!(is_told_apart, "{:x}", u32::from(c));
        }
    }
}

#[cfg(feature = "smtp")]
#[test]
fn the_mailer_reads_every_address_as_we_do() {
    for typed in [
        "ada@example.com",
        "a.b-c_d+e@sub.example.co.uk",
        "!#$%&'*+-/=?^_`{|}~@a.co",
        "用户@bücher.example",
        "JÜRGEN@XN--bcher-kva.de",
    ] {
        let ours = EmailAddress::parse(typed).unwrap();
        let theirs: lettre::Address = ours.as_str().parse().unwrap();
        assert_eq!((theirs.user(), theirs.domain()), (ours.local_part(), ours.domain()));
    }
}

/// Near-addresses, made of what makes trouble.
fn near_addresses() -> impl Strategy<Value = String> {
    let part = "[a-zA-Z0-9.+\\-_'\"<>,; \r\näÄßẞΣσςİıſ\u{212A}\u{2028}ﬁＡ。\u{301}\u{307}\u{308}\u{338}\u{200D}例]{0,12}";
    let domain =
        "(xn--)?[a-zA-Z0-9\\-äÄßẞΣσςİı例\u{308}]{1,9}(\\.(xn--)?[a-zA-Z0-9\\-ü]{1,9}){0,2}";
    prop_oneof![
        (part, domain).prop_map(|(local, domain)| format!("{local}@{domain}")),
        ("[a-zäÄΣ\u{308}.]{1,9}", domain).prop_map(|(local, domain)| format!("{local}@{domain}")),
        "\\PC{0,12}@\\PC{0,12}\\.\\PC{0,6}",
        ".{0,40}",
    ]
}

proptest! {
    #[test]
    fn a_read_address_is_read_again_to_the_same_text(typed in near_addresses()) {
        if let Ok(address) = EmailAddress::parse(&typed) {
            let text = address.as_str();
            prop_assert_eq!(&EmailAddress::parse(text).unwrap(), &address);
            prop_assert_eq!(text.matches('@').count(), 1);
            prop_assert!(text.len() <= EmailAddress::MAX_CHARS && address.domain().is_ascii());
            prop_assert!(!text.contains([' ', ',', ';', '<', '>', '"', '(', '\\', '\r', '\n']));
            #[cfg(feature = "smtp")]
            {
                let theirs: lettre::Address = text.parse().unwrap();
                prop_assert_eq!(theirs.user(), address.local_part());
                prop_assert_eq!(theirs.domain(), address.domain());
            }
        }
    }

    #[test]
    fn case_and_composition_never_make_a_second_address(
        local in "[a-zäöüéñ0-9]{1,12}",
        domain in "[a-zäöüéñ]{1,12}\\.[a-z]{2,5}",
    ) {
        let typed = format!("{local}@{domain}");
        let Ok(address) = EmailAddress::parse(&typed) else { return Ok(()) };
        let decomposed: String = typed.nfd().collect();
        for spelling in [typed.to_uppercase(), decomposed, format!(" {typed}\n")] {
            prop_assert_eq!(&EmailAddress::parse(&spelling).unwrap(), &address);
        }
    }
}
