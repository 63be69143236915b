//! A column of a generated table, and its values as literals.

use crudauth_tests::Kind;

use super::people::Person;

/// What a column is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Id,
    Email,
    Username,
    Hash,
    Flag(bool),
    Number,
    Time,
    Extra,
}

/// How a type writes its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Number,
    Bytes,
    Uuid,
    Time,
    Boolean,
    Json,
}

/// A type that a column may have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Type(pub(super) &'static str, pub(super) Form);

#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) role: Role,
    pub(super) sql_type: String,
    pub(super) form: Form,
    pub(super) is_required: bool,
    pub(super) default: Option<String>,
    pub(super) generated: Option<String>,
    /// What follows everything else, such as `UNIQUE`.
    pub(super) tail: &'static str,
    /// Whether the app's own INSERT names it.
    pub(super) is_named: bool,
    /// The rows that hold NULL.
    pub(super) nulls: Vec<usize>,
}

impl Column {
    pub(super) fn new(name: &'static str, role: Role, Type(sql_type, form): Type) -> Self {
        Self {
            name,
            role,
            sql_type: sql_type.to_owned(),
            form,
            is_required: false,
            default: None,
            generated: None,
            tail: "",
            is_named: true,
            nulls: Vec::new(),
        }
    }

    pub(super) fn retype(&mut self, Type(sql_type, form): Type) {
        sql_type.clone_into(&mut self.sql_type);
        self.form = form;
    }

    /// Whether it may take different texts for equal.
    pub(super) fn is_coarse(&self) -> bool {
        let is_mysql = self.sql_type.starts_with("VARCHAR") || self.sql_type == "CHAR(120)";
        ["NOCASE", "CITEXT"].iter().any(|word| self.sql_type.contains(word))
            || is_mysql && !self.sql_type.contains("_bin")
    }

    /// The definition in `CREATE TABLE`.
    pub(super) fn definition(&self, kind: Kind) -> String {
        let mut sql = format!("{} {}", quoted(kind, self.name), self.sql_type);
        if let Some(generated) = &self.generated {
            sql += &format!(" GENERATED ALWAYS AS ({generated}) STORED");
        } else {
            sql += if self.is_required { " NOT NULL" } else { "" };
            if let Some(default) = &self.default {
                sql += &format!(" DEFAULT {default}");
            }
        }
        format!("{sql} {}", self.tail)
    }

    /// The value of row `at` as SQL.
    pub(super) fn literal(&self, kind: Kind, at: usize, person: &Person) -> String {
        if self.nulls.contains(&at) {
            return "NULL".to_owned();
        }
        let text = match self.role {
            Role::Email => person.email.clone(),
            Role::Username => person.username.clone(),
            Role::Hash => person.hash.clone(),
            Role::Id | Role::Flag(_) | Role::Number | Role::Time | Role::Extra => None,
        };
        let is_name = matches!(self.role, Role::Email | Role::Username | Role::Hash);
        match (self.form, text) {
            (Form::Text, Some(text)) => format!("'{}'", text.replace('\'', "''")),
            (Form::Bytes, Some(text)) => bytes(kind, text.as_bytes()),
            (_, None) if is_name => "NULL".to_owned(),
            _ => self.other(kind, at),
        }
    }

    /// The value of a row without a name.
    fn other(&self, kind: Kind, at: usize) -> String {
        match (self.form, self.role) {
            (Form::Text, Role::Id) => format!("'01ARZ3NDEKTSV4RRFFQ69G5FA{at}'"),
            (Form::Text | Form::Time, Role::Time) => format!("'2020-01-02 03:04:0{at}'"),
            (Form::Text, Role::Flag(_) | Role::Number) => format!("'{}'", self.number(at)),
            (Form::Text, _) => format!("'text {at}'"),
            (Form::Number, _) => self.number(at).to_string(),
            (Form::Bytes, _) => bytes(kind, &[u8::try_from(at).unwrap_or_default(); 16]),
            (Form::Uuid, _) => format!("'67e55044-10b1-426f-9247-bb680e5fe0c{at}'"),
            (Form::Time, _) => format!("'2021-02-03 04:05:0{at}'"),
            (Form::Boolean, Role::Flag(value)) => value.to_string().to_uppercase(),
            (Form::Boolean, _) => "TRUE".to_owned(),
            (Form::Json, _) => format!("'{{\"at\": {at}}}'"),
        }
    }

    fn number(&self, at: usize) -> i64 {
        let at = i64::try_from(at).unwrap_or_default();
        match self.role {
            Role::Flag(value) => i64::from(value),
            Role::Time => 1_600_000_000 + at,
            _ => at + 1,
        }
    }
}

pub(super) fn bytes(kind: Kind, bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    match kind {
        Kind::Postgres => format!("'\\x{digits}'"),
        Kind::Sqlite | Kind::MySql => format!("x'{digits}'"),
    }
}

pub(super) fn quoted(kind: Kind, name: &str) -> String {
    match kind {
        Kind::Sqlite | Kind::Postgres => format!("\"{name}\""),
        Kind::MySql => format!("`{name}`"),
    }
}
