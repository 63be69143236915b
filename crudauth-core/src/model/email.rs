//! Email addresses, in the one form that is shown, compared, kept unique and mailed.
//!
//! It promises that an address which was read is one mailbox and nothing else, that it can be read
//! again to the same text, and that no two accounts are reached by lookalikes of one address: what
//! the normal form would turn into another letter is refused, not turned. Registration, login and
//! recovery call it; a sender is handed the value and never the typed text.

use std::fmt;
use std::str::FromStr;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use serde::Serialize;
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use super::unicode::is_unseen;

/// An email address in its normal form.
///
/// A dot-atom (RFC 5321, section 4.1.2), an @-sign and a domain. The whole is lower-cased, the
/// local part is in NFC and may have letters, marks and digits of any script (RFC 6531), the domain
/// is in its ASCII form (RFC 5890, section 2.3.2.1). There are no quoted local parts, comments,
/// display names, lists or address literals.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct EmailAddress(String);

/// Why a text is no email address, worded for the person who typed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidEmail {
    /// The whole is longer than [`EmailAddress::MAX_CHARS`].
    #[error(
        "value is not a valid email address: it is longer than {} characters",
        EmailAddress::MAX_CHARS
    )]
    TooLong,
    /// There is no @-sign, or more than one.
    #[error("value is not a valid email address: it needs exactly one @-sign")]
    Malformed,
    /// A blank or control character, or one that cannot be seen.
    #[error("value is not a valid email address: it contains a blank or an invisible character")]
    Unseen,
    /// A character which stands for another one, or whose lower-case form is not one letter.
    #[error("value is not a valid email address: it contains a character that stands for another")]
    Lookalike,
    /// No dot-atom, or longer than 64 octets.
    #[error("value is not a valid email address: the part before the @-sign is not valid")]
    LocalPart,
    /// No domain name, or not in its one Unicode form.
    #[error("value is not a valid email address: the part after the @-sign is not a domain name")]
    Domain,
}

impl EmailAddress {
    /// The longest address: a path of 256 octets without its angle brackets (RFC 5321, section
    /// 4.5.3.1.3). Counted in octets, of which a character has at least one.
    pub const MAX_CHARS: usize = 254;

    /// The longest local part, in octets (RFC 5321, section 4.5.3.1.1).
    const MAX_LOCAL: usize = 64;

    /// Far more than [`MAX_CHARS`](Self::MAX_CHARS) can take before they are composed: it bounds
    /// the work for a text that would be refused anyway.
    const MAX_TYPED_BYTES: usize = 4 * Self::MAX_CHARS;

    /// Reads an address as it was typed.
    ///
    /// ASCII white space around it is dropped: it can be part of no address. Other blanks are
    /// refused, since RFC 6531 lets a local part begin with, say, U+2028, and dropping it would
    /// give one person's address to another.
    ///
    /// # Errors
    /// [`InvalidEmail`] with the rule that it breaks.
    pub fn parse(typed: &str) -> Result<Self, InvalidEmail> {
        let normal = normal_form(typed.trim_matches(|c: char| c.is_ascii_whitespace()))?;
        // The tables of Unicode come from several crates; where their versions disagree, this
        // promise would be the one to break.
        if normal_form(&normal)? != normal {
            return Err(InvalidEmail::Lookalike);
        }
        Ok(Self(normal))
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same address with its domain in Unicode, where that is another text: other software
    /// keeps it so.
    pub(super) fn in_unicode(&self) -> Option<String> {
        let (local, domain) = self.0.rsplit_once('@')?;
        let (unicode, told) = Uts46::new().to_unicode(
            domain.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::CheckFirstLast,
        );
        (told.is_ok() && unicode != domain).then(|| format!("{local}@{unicode}"))
    }

    /// What stands before the @-sign.
    #[must_use]
    pub fn local_part(&self) -> &str {
        self.0.split_once('@').map_or("", |(local, _)| local)
    }

    /// What stands after it: a domain name in ASCII.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.0.split_once('@').map_or("", |(_, domain)| domain)
    }
}

impl FromStr for EmailAddress {
    type Err = InvalidEmail;

    fn from_str(typed: &str) -> Result<Self, Self::Err> {
        Self::parse(typed)
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for EmailAddress {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

fn normal_form(typed: &str) -> Result<String, InvalidEmail> {
    if typed.len() > EmailAddress::MAX_TYPED_BYTES {
        return Err(InvalidEmail::TooLong);
    }
    // As typed, since NFC already turns some lookalikes (the Kelvin sign) into what they look like;
    // and as composed, since that is what is lower-cased.
    typed.chars().chain(typed.nfc()).try_for_each(check_character)?;
    let (local, domain) = typed.split_once('@').ok_or(InvalidEmail::Malformed)?;
    if domain.contains('@') {
        return Err(InvalidEmail::Malformed);
    }
    let normal = format!("{}@{}", normal_local(local)?, normal_domain(domain)?);
    if normal.len() > EmailAddress::MAX_CHARS { Err(InvalidEmail::TooLong) } else { Ok(normal) }
}

/// The profile: nothing that NFKC turns into another character (full-width letters, ligatures,
/// compatibility signs), and nothing but one letter for its lower-case form.
fn check_character(c: char) -> Result<(), InvalidEmail> {
    if c.is_whitespace() || is_unseen(c) {
        return Err(InvalidEmail::Unseen);
    }
    let is_stable = std::iter::once(c).nfkc().eq([c]) && c.to_lowercase().count() == 1;
    if is_stable { Ok(()) } else { Err(InvalidEmail::Lookalike) }
}

fn normal_local(typed: &str) -> Result<String, InvalidEmail> {
    let composed: String = typed.nfc().collect();
    let local: String = composed.to_lowercase().nfc().collect();
    let is_dot_atom = local.split('.').all(is_atom) && local.len() <= EmailAddress::MAX_LOCAL;
    if is_dot_atom { Ok(local) } else { Err(InvalidEmail::LocalPart) }
}

/// RFC 5321's `Atom`, extended by the letters, marks and digits of RFC 8264, section 9.1. A mark
/// cannot come first: it would join what an address is put behind, such as `<`.
fn is_atom(atom: &str) -> bool {
    use GeneralCategory as Category;
    let may_stand = |c: char| match c {
        c if c.is_ascii() => c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c),
        c => matches!(
            c.general_category(),
            Category::LowercaseLetter
                | Category::UppercaseLetter
                | Category::OtherLetter
                | Category::ModifierLetter
                | Category::DecimalNumber
                | Category::NonspacingMark
                | Category::SpacingMark
        ),
    };
    let is_mark = unicode_normalization::char::is_combining_mark;
    atom.chars().all(may_stand) && atom.chars().next().is_some_and(|first| !is_mark(first))
}

/// The ASCII form of a domain (UTS 46, non-transitional, with its checks of STD 3 and of hyphens).
///
/// Mapping may change nothing but case: a Unicode label must be the U-label of the ASCII one.
fn normal_domain(typed: &str) -> Result<String, InvalidEmail> {
    let composed: String = typed.nfc().collect();
    // Letter by letter, as UTS 46 does: `str::to_lowercase` has two forms of sigma.
    let lowered: String = composed.chars().flat_map(char::to_lowercase).nfc().collect();
    let ascii = to_ascii(&lowered).ok_or(InvalidEmail::Domain)?;
    let (unicode, _) =
        Uts46::new().to_unicode(ascii.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast);
    let labels: Vec<_> = ascii.split('.').collect();
    let is_unmapped = lowered.split('.').count() == labels.len()
        && lowered
            .split('.')
            .zip(labels.iter().zip(unicode.split('.')))
            .all(|(label, (a_label, u_label))| label == *a_label || label == u_label);

    let is_number = |label: &&str| label.bytes().all(|byte| byte.is_ascii_digit());
    let is_name = labels.len() >= 2 && !labels.last().is_some_and(is_number);
    if is_unmapped && is_name { Ok(ascii) } else { Err(InvalidEmail::Domain) }
}

fn to_ascii(domain: &str) -> Option<String> {
    Uts46::new()
        .to_ascii(
            domain.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::CheckFirstLast,
            DnsLength::Verify,
        )
        .ok()
        .map(Into::into)
}

#[cfg(test)]
mod tests;
