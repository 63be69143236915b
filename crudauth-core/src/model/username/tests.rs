#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use proptest::prelude::*;

use super::*;

fn key(typed: &str) -> String {
    Username::parse(typed).unwrap().key().to_owned()
}

#[test]
fn a_name_is_shown_as_it_was_typed_and_compared_without_its_case() {
    let name = Username::parse("Ada.Lovelace-1815").unwrap();
    assert_eq!(name.as_str(), "Ada.Lovelace-1815");
    assert_eq!(name.key(), "ada.lovelace-1815");
    assert_eq!(name, Username::parse("ADA.lovelace-1815").unwrap());
}

#[test]
fn a_lookalike_by_compatibility_is_the_same_name() {
    for typed in ["alice", "ALICE", "ａｌｉｃｅ", "ＡＬＩＣＥ", "𝒶𝓁𝒾𝒸ℯ", "ⓐlice", "alⅰce"]
    {
        assert_eq!(key(typed), "alice", "{typed}");
    }
    assert_eq!(key("\u{212A}arl"), "karl");
    assert_eq!(key("Jose\u{301}"), key("JOSÉ"));
    assert_eq!(key("ﬁona"), "fiona");
}

#[test]
fn what_is_shown_is_composed() {
    assert_eq!(Username::parse("Jose\u{301}").unwrap().as_str(), "José");
}

#[test]
fn names_of_other_scripts_are_names() {
    for name in ["ада", "愛", "عمر", "Ὀδυσσεύς", "İpek", "ßß", "o'hara", "🦀"]
    {
        assert_eq!(Username::parse(name).unwrap().as_str(), name);
    }
}

#[test]
fn an_empty_name_is_refused() {
    assert_eq!(Username::parse(""), Err(InvalidUsername::Empty));
}

#[test]
fn blanks_are_refused_and_never_trimmed() {
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
        // These decompose to a space and a mark.
        "\u{A8}ada",
        "ada\u{B4}",
    ] {
        assert_eq!(Username::parse(typed), Err(InvalidUsername::Blank), "{typed:?}");
    }
}

#[test]
fn what_cannot_be_seen_is_refused() {
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
        let refused = Err(InvalidUsername::Unseen);
        assert_eq!(Username::parse(&format!("a{c}da")), refused, "{:x}", u32::from(c));
    }
}

#[test]
fn a_name_never_has_an_email_shape() {
    for typed in ["@ada", "ada@example.com", "ada＠example.com", "ada﹫example.com"] {
        assert_eq!(Username::parse(typed), Err(InvalidUsername::AtSign), "{typed}");
    }
}

#[test]
fn length_is_counted_in_code_points_of_both_forms() {
    let longest = "é".repeat(Username::MAX_CHARS);
    assert!(Username::parse(&longest).is_ok());
    assert!(Username::parse(&"e\u{301}".repeat(Username::MAX_CHARS)).is_ok());
    let too_long = Err(InvalidUsername::TooLong);
    assert_eq!(Username::parse(&format!("{longest}a")), too_long);
    assert_eq!(Username::parse(&"ﬃ".repeat(22)), too_long);
    assert_eq!(Username::parse(&"a".repeat(1 << 20)), too_long);
}

#[test]
fn a_message_never_echoes_the_name() {
    for typed in [" secret", "secret@x", "secret\0", &"secret".repeat(20)] {
        assert!(!Username::parse(typed).unwrap_err().to_string().contains("secret"));
    }
}

#[test]
fn every_character_there_is_keeps_its_key_or_is_refused() {
    for c in '\0'..=char::MAX {
        if let Ok(name) = Username::parse(&format!("a{c}b")) {
            assert!(!is_unseen(c) && !is_blank(c), "{:x}", u32::from(c));
            assert_eq!(key(name.key()), name.key(), "{:x}", u32::from(c));
        }
    }
}

proptest! {
    #[test]
    fn a_key_is_its_own_key_and_a_shown_name_its_own_spelling(
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
    fn case_and_width_never_make_a_second_name(typed in "[!-?A-~]{1,30}") {
        let wide: String = typed
            .chars()
            .map(|c| char::from_u32(u32::from(c) + 0xFEE0).unwrap())
            .collect();
        prop_assert_eq!(key(&wide), key(&typed));
        prop_assert_eq!(key(&typed.to_uppercase()), key(&typed));
    }
}
