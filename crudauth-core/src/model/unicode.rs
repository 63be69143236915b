//! Characters that identifiers must not contain.

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// Returns `true` for a character without a visible glyph: control and format characters, default
/// ignorables, private-use and unassigned code points.
///
/// With such a character, two different identifiers could look the same.
pub(crate) fn is_invisible(c: char) -> bool {
    use GeneralCategory::{Control, Format, PrivateUse, Surrogate, Unassigned};
    let has_no_glyph =
        matches!(c.general_category(), Control | Format | PrivateUse | Surrogate | Unassigned);
    has_no_glyph || is_ignorable_letter_or_mark(c)
}

/// Returns `true` for letters and marks among the `Default_Ignorable_Code_Point`s of Unicode's
/// `DerivedCoreProperties.txt`. The others are format characters or unassigned.
fn is_ignorable_letter_or_mark(c: char) -> bool {
    matches!(
        c,
        '\u{034F}'
            | '\u{115F}'..='\u{1160}'
            | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}'
            | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FFA0}'
            | '\u{E0100}'..='\u{E01EF}'
    )
}
