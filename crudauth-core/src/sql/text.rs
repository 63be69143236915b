//! Renders a statement's template for a table and a dialect, in the compiler.
//!
//! The result is a `&'static str`: no statement is put together at run time, and a name that is
//! no plain identifier stops the build.
#![expect(clippy::panic, reason = "a panic in a constant is a compile error")]

use super::Dialect;
use crate::model::{AccountId, AuthUser, Literal, Shape};

/// Long enough for a struct of some fifty columns; what does not fit stops the build.
const ROOM: usize = 6144;

/// PostgreSQL cuts longer names off.
const LONGEST_NAME: usize = 63;

/// A statement's text in a buffer of fixed size, since a constant cannot allocate.
pub(crate) struct Text {
    bytes: [u8; ROOM],
    len: usize,
}

/// What a template's words stand for.
///
/// | word | is rendered as |
/// | --- | --- |
/// | `{table}` | the user's table |
/// | `{sessions}` `{token_families}` `{api_keys}` … | the library's tables beside it |
/// | `{id}` `{hash}` `{active}` … | a column |
/// | `{account}` | all columns that an account is read from |
/// | `{new columns}` `{new values}` | what a sign-up writes |
/// | `{identifier}` | the compared column of the identifier at hand |
/// | `{expired sessions}` … | some rows that have expired: instant and number are bound |
/// | `{recovery}` | the compared column of what recovers an account |
/// | `{shown recovery}` | the column that shows it |
/// | `{on taken digest}` `{returning …}` | dialect |
/// | `$1`, `$2`, … | parameters, each once and in order |
pub(crate) struct Renderer {
    dialect: Dialect,
    shape: Shape,
    is_id_counted: bool,
    identifier: usize,
}

impl Text {
    pub(crate) const fn as_str(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(text) => text,
            Err(_) => panic!("a statement is text"),
        }
    }

    /// Renders `template` for the identifier at position `identifier`, which only `{identifier}`
    /// asks for.
    pub(crate) const fn render<U: AuthUser>(
        dialect: Dialect,
        template: &str,
        identifier: usize,
    ) -> Self {
        let renderer = Renderer {
            dialect,
            shape: U::SHAPE,
            is_id_counted: <U::Id as AccountId>::IS_COUNTED,
            identifier,
        };
        let mut text = Self { bytes: [0; ROOM], len: 0 };
        let mut rest = template.as_bytes();
        while let [first, tail @ ..] = rest {
            rest = tail;
            match *first {
                b'{' => {
                    let mut end = 0;
                    while rest[end] != b'}' {
                        end += 1;
                    }
                    let (word, after) = rest.split_at(end);
                    renderer.word(&mut text, word);
                    rest = after.split_at(1).1;
                }
                b'$' if !dialect.counts_parameters() => {
                    text.push(b'?');
                    while let [b'0'..=b'9', tail @ ..] = rest {
                        rest = tail;
                    }
                }
                byte => text.push(byte),
            }
        }
        text
    }

    const fn push(&mut self, byte: u8) {
        assert!(self.len < ROOM, "the table has too many columns for one statement");
        self.bytes[self.len] = byte;
        self.len += 1;
    }

    const fn push_str(&mut self, text: &str) {
        let mut rest = text.as_bytes();
        while let [first, tail @ ..] = rest {
            self.push(*first);
            rest = tail;
        }
    }

    const fn push_number(&mut self, number: u64) {
        if number >= 10 {
            self.push_number(number / 10);
        }
        self.push(b'0' + (number % 10) as u8);
    }
}

impl Renderer {
    const fn word(&self, text: &mut Text, word: &[u8]) {
        let companion = &self.shape.companion;
        match word {
            b"table" => self.name(text, self.shape.table, ""),
            b"sessions" => self.name(text, self.shape.table, "_sessions"),
            b"token_families" => self.name(text, self.shape.table, "_token_families"),
            b"api_keys" => self.name(text, self.shape.table, "_api_keys"),
            b"one_time_tokens" => self.name(text, self.shape.table, "_one_time_tokens"),
            b"rate_limits" => self.name(text, self.shape.table, "_rate_limits"),
            b"lockouts" => self.name(text, self.shape.table, "_lockouts"),
            b"id" => self.name(text, self.shape.id, ""),
            b"hash" => self.name(text, companion.hash, ""),
            b"active" => self.name(text, companion.active, ""),
            b"version" => self.name(text, companion.version, ""),
            b"epoch" => self.name(text, companion.epoch, ""),
            b"verified" => match companion.verified {
                Some(verified) => self.name(text, verified, ""),
                None => self.name(text, companion.active, ""),
            },
            b"updated" => self.name(text, companion.updated, ""),
            b"account" => self.account(text),
            b"new columns" => self.new_columns(text),
            b"new values" => self.new_values(text),
            b"identifier" => self.key(text, self.identifier),
            // Without recovery, what follows is rendered all the same, and never run.
            b"recovery" => match self.shape.recovery_column() {
                Some(column) => self.name(text, column.key, ""),
                None => self.name(text, self.shape.id, ""),
            },
            b"shown recovery" => match self.shape.recovery_column() {
                Some(column) => self.name(text, column.column, ""),
                None => self.name(text, self.shape.id, ""),
            },
            b"on taken digest" => text.push_str(self.dialect.on_taken_digest()),
            b"expired sessions" => self.expired(text, "_sessions", "digest"),
            b"expired token_families" => self.expired(text, "_token_families", "family"),
            b"expired api_keys" => self.expired(text, "_api_keys", "digest"),
            b"expired one_time_tokens" => self.expired(text, "_one_time_tokens", "digest"),
            b"expired rate_limits" => self.expired(text, "_rate_limits", "digest"),
            b"expired lockouts" => self.expired(text, "_lockouts", "digest"),
            b"returning id" => {
                if self.dialect.returns() {
                    text.push_str(" RETURNING ");
                    self.name(text, self.shape.id, "");
                }
            }
            b"returning count" => {
                if self.dialect.returns() {
                    text.push_str(" RETURNING hits, is_used_up");
                }
            }
            _ => panic!("a template uses a word that nothing stands for"),
        }
    }

    /// A quoted name. The derive has refused what is none; this is the second line.
    const fn name(&self, text: &mut Text, name: &str, suffix: &str) {
        let mut rest = name.as_bytes();
        while let [first, tail @ ..] = rest {
            assert!(
                first.is_ascii_alphanumeric() || *first == b'_',
                "a table or column name may hold letters, digits and `_` only"
            );
            rest = tail;
        }
        assert!(
            name.len() + suffix.len() <= LONGEST_NAME,
            "a table's name may have 47 letters, a column's 63, a username's 59"
        );
        text.push_str(self.dialect.quote());
        text.push_str(name);
        text.push_str(suffix);
        text.push_str(self.dialect.quote());
    }

    const fn key(&self, text: &mut Text, at: usize) {
        // A statement per possible identifier exists; those beyond the shape's are never run.
        let at = if at < self.shape.identifiers.len() { at } else { 0 };
        self.name(text, self.shape.identifiers[at].key, "");
    }

    const fn qualified(&self, text: &mut Text, column: &str) {
        self.name(text, self.shape.table, "");
        text.push(b'.');
        self.name(text, column, "");
    }

    const fn account(&self, text: &mut Text) {
        let mut at = 0;
        while at < self.shape.columns.len() {
            self.qualified(text, self.shape.columns[at]);
            text.push_str(", ");
            at += 1;
        }
        let companion = &self.shape.companion;
        let read = [
            companion.hash,
            companion.active,
            companion.superuser,
            companion.version,
            companion.epoch,
        ];
        let mut at = 0;
        while at < read.len() {
            if at > 0 {
                text.push_str(", ");
            }
            self.qualified(text, read[at]);
            at += 1;
        }
        if let Some(verified) = companion.verified {
            text.push_str(", ");
            self.qualified(text, verified);
        }
    }

    const fn new_columns(&self, text: &mut Text) {
        let companion = &self.shape.companion;
        let fixed = [
            companion.hash,
            companion.active,
            companion.superuser,
            companion.version,
            companion.epoch,
            companion.created,
        ];
        let mut at = 0;
        if let Some(verified) = companion.verified {
            self.name(text, verified, "");
            text.push_str(", ");
        }
        while at < fixed.len() {
            if at > 0 {
                text.push_str(", ");
            }
            self.name(text, fixed[at], "");
            at += 1;
        }
        if !self.is_id_counted {
            text.push_str(", ");
            self.name(text, self.shape.id, "");
        }
        let mut at = 0;
        while at < self.shape.identifiers.len() {
            let identifier = &self.shape.identifiers[at];
            text.push_str(", ");
            self.name(text, identifier.column, "");
            if identifier.has_own_key() {
                text.push_str(", ");
                self.key(text, at);
            }
            at += 1;
        }
        let mut at = 0;
        while at < self.shape.written.len() {
            text.push_str(", ");
            self.name(text, self.shape.written[at], "");
            at += 1;
        }
        let mut at = 0;
        while at < self.shape.defaults.len() {
            text.push_str(", ");
            self.name(text, self.shape.defaults[at].0, "");
            at += 1;
        }
    }

    const fn new_values(&self, text: &mut Text) {
        // Hash, epoch and time are bound; flags and version start as every account's.
        let mut bound = 1;
        if self.shape.companion.verified.is_some() {
            text.push_str("FALSE, ");
        }
        self.parameter(text, bound);
        text.push_str(", TRUE, FALSE, 0");
        let mut more = 2 + self.shape.written.len() + (!self.is_id_counted) as usize;
        let mut at = 0;
        while at < self.shape.identifiers.len() {
            more += 1 + self.shape.identifiers[at].has_own_key() as usize;
            at += 1;
        }
        while more > 0 {
            bound += 1;
            text.push_str(", ");
            self.parameter(text, bound);
            more -= 1;
        }
        let mut at = 0;
        while at < self.shape.defaults.len() {
            text.push_str(", ");
            self.literal(text, self.shape.defaults[at].1);
            at += 1;
        }
    }

    /// A value that the struct's text tells, as the database reads it.
    const fn literal(&self, text: &mut Text, value: Literal) {
        match value {
            Literal::Text(value) => {
                text.push(b'\'');
                let mut rest = value.as_bytes();
                while let [first, tail @ ..] = rest {
                    // To MySQL a backslash is the start of something.
                    if *first == b'\''
                        || (*first == b'\\' && matches!(self.dialect, Dialect::MySql))
                    {
                        text.push(*first);
                    }
                    text.push(*first);
                    rest = tail;
                }
                text.push(b'\'');
            }
            Literal::Integer(value) => {
                if value < 0 {
                    text.push(b'-');
                }
                text.push_number(value.unsigned_abs());
            }
            Literal::Boolean(true) => text.push_str("TRUE"),
            Literal::Boolean(false) => text.push_str("FALSE"),
        }
    }

    /// Some rows that have expired, by the index on that. MySQL has words for it; what the others
    /// understand would make it read, and lock, the whole table.
    const fn expired(&self, text: &mut Text, suffix: &str, key: &str) {
        if matches!(self.dialect, Dialect::MySql) {
            text.push_str("expires_at <= ? ORDER BY expires_at LIMIT ?");
            return;
        }
        text.push_str(key);
        text.push_str(" IN (SELECT ");
        text.push_str(key);
        text.push_str(" FROM ");
        self.name(text, self.shape.table, suffix);
        text.push_str(" WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)");
    }

    const fn parameter(&self, text: &mut Text, number: usize) {
        if self.dialect.counts_parameters() {
            text.push(b'$');
            text.push_number(number as u64);
        } else {
            text.push(b'?');
        }
    }
}
