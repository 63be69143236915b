#![allow(clippy::unwrap_used, reason = "a failed setup fails the test")]

use proptest::prelude::*;

use super::*;

fn key(typed: &str) -> String {
    Username::parse(typed).unwrap().key().to_owned()
}

#[test]
fn a_name_keeps_its_case_and_is_compared_without() {
    let name = Username::parse("Ada.Lovelace-1815").unwrap();
    assert_eq!(name.as_str(), "Ada.Lovelace-1815");
    assert_eq!(name.key(), "ada.lovelace-1815");
    assert_eq!(name, Username::parse("ADA.lovelace-1815").unwrap());
}

#[test]
fn compatibility_forms_are_one_name() {
    for typed in ["alice", "ALICE", "ａｌｉｃｅ", "ＡＬＩＣＥ", "𝒶𝓁𝒾𝒸ℯ", "ⓐlice", "alⅰce"]
    {
        assert_eq!(key(typed), "alice", "{typed}");
    }
    assert_eq!(key("\u{212A}arl"), "karl");
    assert_eq!(key("Jose\u{301}"), key("JOSÉ"));
    assert_eq!(key("ﬁona"), "fiona");
}

#[test]
fn the_displayed_form_is_composed() {
    assert_eq!(Username::parse("Jose\u{301}").unwrap().as_str(), "José");
}

#[test]
fn names_in_other_scripts_are_accepted() {
    for name in ["ада", "愛", "عمر", "Ὀδυσσεύς", "İpek", "ßß", "o'hara", "🦀"]
    {
        assert_eq!(Username::parse(name).unwrap().as_str(), name);
    }
}

#[test]
fn an_empty_name_is_rejected() {
    assert_eq!(Username::parse(""), Err(InvalidUsername::Empty));
}

#[test]
fn white_space_is_rejected_instead_of_trimmed() {
    for typed in [
        " ",
        " ada",
        "ada ",
        "a da",
        "ada\t",
        "ada\n",
        "ada\r\n",
        "\u{A0}ada",
        "ada\u{3000}",
        "ada\u{2028}",
        "a\u{2800}da",
        // These decompose into a space and a mark.
        "\u{A8}ada",
        "ada\u{B4}",
    ] {
        assert_eq!(Username::parse(typed), Err(InvalidUsername::Blank), "{typed:?}");
    }
}

#[test]
fn invisible_characters_are_rejected() {
    for c in [
        '\0',
        '\u{7}',
        '\u{7F}',
        '\u{9B}',
        '\u{AD}',
        '\u{34F}',
        '\u{115F}',
        '\u{1160}',
        '\u{17B4}',
        '\u{180B}',
        '\u{180E}',
        '\u{180F}',
        '\u{200B}',
        '\u{200D}',
        '\u{200F}',
        '\u{202E}',
        '\u{2060}',
        '\u{2065}',
        '\u{2069}',
        '\u{3164}',
        '\u{FE0F}',
        '\u{FEFF}',
        '\u{FFA0}',
        '\u{FFFE}',
        '\u{E000}',
        '\u{378}',
        '\u{E0041}',
        '\u{E0100}',
        '\u{10FFFF}',
    ] {
        let expected = Err(InvalidUsername::Invisible);
        assert_eq!(Username::parse(&format!("a{c}da")), expected, "{:x}", u32::from(c));
    }
}

#[test]
fn a_name_with_an_at_sign_is_rejected() {
    for typed in ["@ada", "ada@example.com", "ada＠example.com", "ada﹫example.com"] {
        assert_eq!(Username::parse(typed), Err(InvalidUsername::AtSign), "{typed}");
    }
}

#[test]
fn the_length_of_both_forms_is_limited() {
    let longest = "é".repeat(Username::MAX_CHARS);
    assert!(Username::parse(&longest).is_ok());
    assert!(Username::parse(&"e\u{301}".repeat(Username::MAX_CHARS)).is_ok());
    let too_long = Err(InvalidUsername::TooLong);
    assert_eq!(Username::parse(&format!("{longest}a")), too_long);
    assert_eq!(Username::parse(&"ﬃ".repeat(22)), too_long);
    assert_eq!(Username::parse(&"a".repeat(1 << 20)), too_long);
}

#[test]
fn an_error_message_does_not_repeat_the_name() {
    for typed in [" secret", "secret@x", "secret\0", &"secret".repeat(20)] {
        assert!(!Username::parse(typed).unwrap_err().to_string().contains("secret"));
    }
}

#[test]
fn every_character_has_a_stable_key_or_is_rejected() {
    for c in '\0'..=char::MAX {
        if let Ok(name) = Username::parse(&format!("a{c}b")) {
            assert!(!is_invisible(c) && !is_blank(c), "{:x}", u32::from(c));
            assert_eq!(key(name.key()), name.key(), "{:x}", u32::from(c));
        }
    }
}

proptest! {
    #[test]
    fn both_forms_are_stable(
        typed in "\\PC{0,20}|[a-zA-ZİıſKΣσς\u{300}-\u{345}]{0,20}",
    ) {
        if let Ok(name) = Username::parse(&typed) {
            let again = Username::parse(name.as_str()).unwrap();
            prop_assert_eq!(again.as_str(), name.as_str());
            prop_assert_eq!(again.key(), name.key());
            prop_assert_eq!(key(name.key()), name.key());
            prop_assert!(!name.key().contains(['@', ' ']));
        }
    }

    #[test]
    fn case_and_width_do_not_change_the_key(typed in "[!-?A-~]{1,30}") {
        let wide: String = typed
            .chars()
            .map(|c| char::from_u32(u32::from(c) + 0xFEE0).unwrap())
            .collect();
        prop_assert_eq!(key(&wide), key(&typed));
        prop_assert_eq!(key(&typed.to_uppercase()), key(&typed));
    }
}
