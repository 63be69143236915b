#![allow(clippy::unwrap_used, reason = "a failed setup fails the test")]

use proptest::prelude::*;

use super::*;

fn normal(typed: &str) -> String {
    EmailAddress::parse(typed).unwrap().as_str().to_owned()
}

#[track_caller]
fn error(typed: &str) -> InvalidEmail {
    EmailAddress::parse(typed).expect_err(typed)
}

#[test]
fn all_spellings_of_an_address_have_one_form() {
    for typed in ["ada@example.com", "Ada@Example.COM", "  ADA@EXAMPLE.COM\t", "ada@example.com\n"]
    {
        assert_eq!(normal(typed), "ada@example.com");
    }
    assert_eq!(normal("JÜRGEN@example.com"), "jürgen@example.com");
    assert_eq!(normal("Ju\u{308}rgen@example.com"), "jürgen@example.com");
}

#[test]
fn an_address_has_a_local_part_and_a_domain() {
    let address = EmailAddress::parse("Ada+Tag@Example.com").unwrap();
    assert_eq!((address.local_part(), address.domain()), ("ada+tag", "example.com"));
    assert_eq!(address.to_string(), "ada+tag@example.com");
    assert_eq!(serde_json::to_string(&address).unwrap(), "\"ada+tag@example.com\"");
}

#[test]
fn common_addresses_are_accepted() {
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
fn lists_quoted_parts_and_display_names_are_rejected() {
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
        error(typed);
    }
}

#[test]
fn line_breaks_and_control_characters_are_rejected() {
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
        error(typed);
    }
}

#[test]
fn a_kelvin_sign_does_not_become_a_k() {
    assert_eq!(error("mi\u{212A}e@example.com"), InvalidEmail::Lookalike);
    assert_eq!(error("mike@\u{212A}iosk.com"), InvalidEmail::Lookalike);
}

#[test]
fn a_line_separator_is_rejected() {
    for c in ['\u{2028}', '\u{2029}', '\u{A0}', '\u{3000}', '\u{85}', '\u{FEFF}', '\u{200B}'] {
        for typed in [
            format!("ada@example.com{c}"),
            format!("{c}ada@example.com"),
            format!("a{c}da@example.com"),
            format!("ada@exam{c}ple.com"),
        ] {
            assert_eq!(error(&typed), InvalidEmail::Invisible);
        }
    }
}

#[test]
fn lookalikes_are_rejected_instead_of_replaced() {
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
        assert_eq!(error(typed), InvalidEmail::Lookalike, "{typed}");
    }
    error("ada@example。com");
    error("a\u{AD}da@example.com");
    error("a\u{202E}da@example.com");
    error("a\u{3164}da@example.com");
    error("\u{338}a@example.com");
    error("a.\u{338}a@example.com");
    error("a=\u{338}a@example.com");
}

#[test]
fn an_international_domain_is_stored_in_ascii() {
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
fn invalid_domains_are_rejected() {
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
        error(&format!("ada@{domain}"));
    }
    assert_eq!(error("ada@localhost"), InvalidEmail::Domain);
}

#[test]
fn the_length_limits_are_those_of_mail_servers() {
    let local = "a".repeat(64);
    assert!(EmailAddress::parse(&format!("{local}@example.com")).is_ok());
    assert_eq!(error(&format!("{local}a@example.com")), InvalidEmail::LocalPart);
    assert_eq!(error(&format!("{}@example.com", "é".repeat(33))), InvalidEmail::LocalPart);
    let label = "b".repeat(61);
    let longest = format!("{local}@{label}.{label}.{label}.com");
    assert_eq!(longest.len(), EmailAddress::MAX_CHARS);
    assert_eq!(normal(&longest), longest);
    let longer = format!("{local}@{label}b.{label}.{label}.com");
    assert_eq!(error(&longer), InvalidEmail::TooLong);
    assert_eq!(error(&"a".repeat(1 << 20)), InvalidEmail::TooLong);
}

#[test]
fn an_error_message_does_not_repeat_the_address() {
    assert_eq!(
        error("secret").to_string(),
        "value is not a valid email address: it needs exactly one @-sign"
    );
    for typed in ["secret", "secret@x", "se cret@x.com", ".secret@x.com", "ſecret@x.com"] {
        assert!(!error(typed).to_string().contains("ecret"));
    }
}

#[test]
fn no_character_is_replaced_by_an_ascii_letter() {
    let folds_to_ascii = |c: &char| c.nfkd().chain(c.to_lowercase()).any(|c| c.is_ascii());
    for c in ('\u{80}'..=char::MAX).filter(folds_to_ascii) {
        for typed in [format!("a{c}@example.com"), format!("a@b{c}.example.com")] {
            let Ok(address) = EmailAddress::parse(&typed) else { continue };
            // The rest are letters with accents, which keep their accents.
            let is_distinct =
                !address.local_part().is_ascii() || address.domain().starts_with("xn--");
            assert!(is_distinct, "{:x}", u32::from(c));
        }
    }
}

#[cfg(feature = "smtp")]
#[test]
fn lettre_parses_every_address_the_same_way() {
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

/// Texts that resemble addresses, with difficult characters.
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
    fn the_normal_form_is_stable(typed in near_addresses()) {
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
    fn case_and_composition_do_not_change_the_address(
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

#[test]
fn addresses_of_other_software_are_one_mailbox_in_lower_case() {
    let local = "x".repeat(60);
    let domain = format!("{}.example", ["d".repeat(61), "d".repeat(61), "d".repeat(61)].join("."));
    for (text, form) in [
        ("a..b@docomo.example", "a..b@docomo.example"),
        ("A..B@Docomo.example", "a..b@docomo.example"),
        (" .ada.@example.com\n", ".ada.@example.com"),
        ("j\u{fc}rgen.@example.com", "j\u{fc}rgen.@example.com"),
        ("admin@localhost", "admin@localhost"),
        ("ada@exam_ple.com", "ada@exam_ple.com"),
        ("ada@a__b-c.example", "ada@a__b-c.example"),
        (&format!("{local}@{domain}"), &format!("{local}@{domain}")),
        ("Ada@Example.com", "ada@example.com"),
    ] {
        assert_eq!(EmailAddress::parse_stored(text).unwrap().as_str(), form, "{text}");
    }
}

#[test]
fn addresses_that_are_no_mailbox_are_rejected_even_if_they_are_stored() {
    let long = format!("a..b@{}example", "label.".repeat(60));
    for text in [
        "",
        "ada",
        "@localhost",
        "ada@",
        "a..b@docomo.example,eve@evil.example",
        "a..b@docomo.example\r\nBcc: eve@evil.example",
        "a..b@docomo.example\neve@evil.example",
        "a..b@docomo.example\0",
        "a..b@docomo.example\u{2028}",
        "a. .b@docomo.example",
        "a\u{200b}..b@docomo.example",
        "a..\"b@docomo.example",
        "a..\\b@docomo.example",
        "<a..b@docomo.example>",
        "a..b(x)@docomo.example",
        "a..b@docomo.example@evil.example",
        "a..b@localhost:25",
        "admin@[127.0.0.1]",
        "admin@127.0.0.1",
        "admin@127",
        "ada@_example.com",
        "ada@exam_ple.com_",
        "ada@-example.com",
        "ada@example..com",
        "ada@exam_ple.com.",
        "mi\u{212a}e..x@example.com",
        "\u{ff41}..b@example.com",
        "ada@exam_pl\u{e9}.com",
        "a\u{2603}@example.com",
        &format!("{}@localhost", "x".repeat(65)),
        &format!("{}.@localhost", "x".repeat(62)),
        &format!("ada@{}", "x".repeat(64)),
        &long,
    ] {
        assert!(EmailAddress::parse_stored(text).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn a_stored_address_is_one_mailbox(
        text in "[ -~\\r\\n\\t\u{e9}\u{212a}]{0,24}|[a-z._+\"-]{0,8}@[a-zA-Z0-9._@-]{0,12}",
    ) {
        let Ok(address) = EmailAddress::parse_stored(&text) else { return Ok(()) };
        let form = address.as_str();
        prop_assert_eq!(form.matches('@').count(), 1);
        let is_special = |c: char| c.is_whitespace() || c.is_control() || "()<>[]:;,\\\"".contains(c);
        prop_assert!(!form.contains(is_special), "{form:?}");
        prop_assert_eq!(&EmailAddress::parse_stored(form).unwrap(), &address);
    }
}
