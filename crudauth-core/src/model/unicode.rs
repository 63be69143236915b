//! Normal forms of text, and characters that identifiers must not contain.

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// The text in NFC.
///
/// Normalizing costs hundreds of nanoseconds a byte, so a caller bounds the text first. Tests count
/// the bytes.
pub(crate) fn nfc(text: &str) -> impl Iterator<Item = char> {
    #[cfg(test)]
    count(text);
    text.nfc()
}

/// The text in NFKC. A caller bounds it first, as for [`nfc`].
pub(crate) fn nfkc(text: &str) -> impl Iterator<Item = char> {
    #[cfg(test)]
    count(text);
    text.nfkc()
}

#[cfg(test)]
std::thread_local! {
    static NORMALIZED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

#[cfg(test)]
fn count(text: &str) {
    NORMALIZED.with(|bytes| bytes.set(bytes.get() + text.len()));
}

/// Number of bytes that this thread has normalized.
#[cfg(test)]
pub(crate) fn normalized_bytes() -> usize {
    NORMALIZED.with(std::cell::Cell::get)
}

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
