//! Characters that no identifier may have.

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// Whether an identifier with this character could look like one without it, or like nothing that
/// can be told: controls, formats, default ignorables, and what Unicode gives no meaning.
pub(crate) fn is_unseen(c: char) -> bool {
    use GeneralCategory::{Control, Format, PrivateUse, Surrogate, Unassigned};
    let has_no_glyph =
        matches!(c.general_category(), Control | Format | PrivateUse | Surrogate | Unassigned);
    has_no_glyph || is_ignorable_letter_or_mark(c)
}

/// The `Default_Ignorable_Code_Point`s of Unicode's `DerivedCoreProperties.txt` that are letters or
/// marks; all others are formats or unassigned.
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
