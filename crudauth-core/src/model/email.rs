//! Email addresses, in one normal form that is displayed, compared, unique and mailed to.
//!
//! A parsed address is exactly one mailbox, and parses again to the same text. Lookalikes of an
//! address never reach another account: a character that normalization would replace is rejected.
//! Called by sign-up, sign-in and recovery. A sender receives the value, never the typed text.
//!
//! Addresses that other software stored are mailed too if they are one mailbox, although sign-up
//! rejects them: see [`EmailAddress::parse_stored`].

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use serde::Serialize;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use super::unicode::{is_invisible, nfc};

/// An email address in its normal form.
///
/// A dot-atom (RFC 5321, section 4.1.2), an @-sign and a domain. The whole is lower-cased, the
/// local part is in NFC and may have letters, marks and digits of any script (RFC 6531), the domain
/// is in its ASCII form (RFC 5890, section 2.3.2.1). There are no quoted local parts, comments,
/// display names, lists or address literals.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct EmailAddress(String);

/// Why a text is not an email address, worded for the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidEmail {
    /// The address is longer than [`EmailAddress::MAX_CHARS`].
    #[error(
        "value is not a valid email address: it is longer than {} characters",
        EmailAddress::MAX_CHARS
    )]
    TooLong,
    /// There is no @-sign, or more than one.
    #[error("value is not a valid email address: it needs exactly one @-sign")]
    Malformed,
    /// The address contains white space, a control character or an invisible character.
    #[error("value is not a valid email address: it contains a blank or an invisible character")]
    Invisible,
    /// The address contains a compatibility character, or one that lower-cases to several letters.
    #[error("value is not a valid email address: it contains a character that stands for another")]
    Lookalike,
    /// The local part is not a dot-atom, or is longer than 64 octets.
    #[error("value is not a valid email address: the part before the @-sign is not valid")]
    LocalPart,
    /// The domain is not a domain name, or not in its canonical Unicode form.
    #[error("value is not a valid email address: the part after the @-sign is not a domain name")]
    Domain,
}

impl EmailAddress {
    /// Maximum length in octets: a path of 256 octets without its angle brackets (RFC 5321, section
    /// 4.5.3.1.3). A character has at least one octet.
    pub const MAX_CHARS: usize = 254;

    /// Maximum length of an address that other software stored, in octets: 64, the @-sign and 255.
    const MAX_STORED: usize = 320;

    /// Maximum length of the local part in octets (RFC 5321, section 4.5.3.1.1).
    const MAX_LOCAL: usize = 64;

    /// Maximum input: far more than [`MAX_CHARS`](Self::MAX_CHARS) take before composition. Bounds
    /// the work for invalid input.
    const MAX_TYPED_BYTES: usize = 4 * Self::MAX_CHARS;

    /// Parses a typed address.
    ///
    /// ASCII white space around it is removed, because no address contains it. Other white space is
    /// rejected: RFC 6531 allows a local part to begin with, for example, U+2028, so removing it
    /// would yield another person's address.
    ///
    /// # Errors
    /// [`InvalidEmail`] with the broken rule.
    pub fn parse(typed: &str) -> Result<Self, InvalidEmail> {
        let normal = normal_form(typed.trim_matches(|c: char| c.is_ascii_whitespace()))?;
        // Unicode tables come from several crates, which may disagree on a new character. An
        // unstable form would be a second address.
        if normal_form(&normal)? != normal {
            return Err(InvalidEmail::Lookalike);
        }
        Ok(Self(normal))
    }

    /// Parses an address that other software may have stored.
    ///
    /// Accepts what [`parse`](Self::parse) accepts. Also accepts dots at any place before the
    /// @-sign (`a..b@docomo.example`), and a domain of one label or with underscores
    /// (`admin@localhost`), both in ASCII for the domain. Such an address is lower-cased, is still
    /// one mailbox, and has at most 320 octets. It equals no address that `parse` returns.
    ///
    /// # Errors
    /// [`InvalidEmail`] with the broken rule.
    pub fn parse_stored(text: &str) -> Result<Self, InvalidEmail> {
        let error = match Self::parse(text) {
            Ok(address) => return Ok(address),
            Err(error) => error,
        };
        if !matches!(error, InvalidEmail::LocalPart | InvalidEmail::Domain | InvalidEmail::TooLong)
        {
            return Err(error);
        }
        let form = text.trim_ascii().to_lowercase();
        let is_mailbox = form.len() <= Self::MAX_STORED
            && form
                .split_once('@')
                .is_some_and(|(local, domain)| is_stored_local(local) && is_stored_domain(domain));
        if is_mailbox && Self::parse(&form).is_err() { Ok(Self(form)) } else { Err(error) }
    }

    /// Returns the address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the form that other software stores: with the domain in Unicode, if that differs.
    pub(super) fn in_unicode(&self) -> Option<String> {
        let (local, domain) = self.0.rsplit_once('@')?;
        let (unicode, result) = Uts46::new().to_unicode(
            domain.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::CheckFirstLast,
        );
        if result.is_err() || unicode == domain {
            return None;
        }
        Some(format!("{local}@{unicode}"))
    }

    /// Returns the part before the @-sign.
    #[must_use]
    pub fn local_part(&self) -> &str {
        self.0.split_once('@').map_or("", |(local, _)| local)
    }

    /// Returns the domain name, in ASCII.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.0.split_once('@').map_or("", |(_, domain)| domain)
    }
}

super::text::text!(EmailAddress, InvalidEmail);

fn normal_form(typed: &str) -> Result<String, InvalidEmail> {
    if typed.len() > EmailAddress::MAX_TYPED_BYTES {
        return Err(InvalidEmail::TooLong);
    }
    // Check the typed text, because NFC replaces some lookalikes, such as the Kelvin sign; and the
    // composed text, because that is lower-cased.
    typed.chars().chain(nfc(typed)).try_for_each(check_character)?;
    let (local, domain) = typed.split_once('@').ok_or(InvalidEmail::Malformed)?;
    if domain.contains('@') {
        return Err(InvalidEmail::Malformed);
    }
    let normal = format!("{}@{}", normal_local(local)?, normal_domain(domain)?);
    if normal.len() > EmailAddress::MAX_CHARS { Err(InvalidEmail::TooLong) } else { Ok(normal) }
}

/// Rejects characters that NFKC replaces (full-width letters, ligatures, compatibility signs), and
/// those that lower-case to several letters.
fn check_character(c: char) -> Result<(), InvalidEmail> {
    if c.is_whitespace() || is_invisible(c) {
        return Err(InvalidEmail::Invisible);
    }
    let is_stable = std::iter::once(c).nfkc().eq([c]) && c.to_lowercase().count() == 1;
    if is_stable { Ok(()) } else { Err(InvalidEmail::Lookalike) }
}

fn normal_local(typed: &str) -> Result<String, InvalidEmail> {
    let composed: String = nfc(typed).collect();
    let local: String = nfc(&composed.to_lowercase()).collect();
    let is_dot_atom = local.split('.').all(is_atom) && local.len() <= EmailAddress::MAX_LOCAL;
    if is_dot_atom { Ok(local) } else { Err(InvalidEmail::LocalPart) }
}

/// Returns `true` for atoms with dots at any place. Quotes around them, which a server may require,
/// must fit into the maximum length.
fn is_stored_local(local: &str) -> bool {
    let is_dot_atom = local.split('.').all(is_atom);
    let quotes = if is_dot_atom { 0 } else { 2 };
    !local.is_empty()
        && local.len() + quotes <= EmailAddress::MAX_LOCAL
        && local.split('.').all(|atom| atom.is_empty() || is_atom(atom))
}

/// Returns `true` for ASCII labels that begin and end with a letter or digit. A numeric last label
/// would make it an IPv4 address.
fn is_stored_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        label.len() <= 63
            && label.bytes().all(inner)
            && label.starts_with(|c: char| c.is_ascii_alphanumeric())
            && label.ends_with(|c: char| c.is_ascii_alphanumeric())
    };
    let last = domain.rsplit('.').next().unwrap_or_default();
    domain.len() <= 253
        && domain.split('.').all(is_label)
        && !last.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns `true` for an `Atom` of RFC 5321, extended by the letters, marks and digits of RFC 8264,
/// section 9.1. A mark cannot come first, because it would combine with a preceding `<`.
fn is_atom(atom: &str) -> bool {
    let Some(first) = atom.chars().next() else { return false };
    !is_combining_mark(first) && atom.chars().all(is_atom_character)
}

fn is_atom_character(c: char) -> bool {
    use GeneralCategory as Category;
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
    }
    matches!(
        c.general_category(),
        Category::LowercaseLetter
            | Category::UppercaseLetter
            | Category::OtherLetter
            | Category::ModifierLetter
            | Category::DecimalNumber
            | Category::NonspacingMark
            | Category::SpacingMark
    )
}

/// Returns the ASCII form of a domain (UTS 46, non-transitional, with STD 3 and hyphen checks).
///
/// Mapping may change only case: a Unicode label must be the U-label of the ASCII label.
fn normal_domain(typed: &str) -> Result<String, InvalidEmail> {
    let composed: String = nfc(typed).collect();
    // Letter by letter, like UTS 46: `str::to_lowercase` uses two forms of sigma.
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
    // A numeric last label would make it an IPv4 address.
    let is_name = labels.len() >= 2
        && !labels.last().is_some_and(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
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
