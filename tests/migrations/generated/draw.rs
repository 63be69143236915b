//! Draws a table: sound types and constraints first, then up to three changes that a plan may refuse.

use std::collections::BTreeSet;

use crudauth_tests::Kind;
use fastrand::Rng;

use super::column::{Column, Form, Role, Type};
use super::people::Person;
use super::subjects::{Key, Subject};
use super::table::Table;
use super::types::{Place, doubtful, sound};

/// A table that is being drawn.
pub(super) struct Draw<'a> {
    pub(super) dice: &'a mut Rng,
    pub(super) table: Table,
    /// The place of each column.
    places: Vec<Place>,
    is_strict: bool,
}

/// The table of a struct.
pub(super) fn table<S: Subject>(dice: &mut Rng, kind: Kind) -> Table {
    let (people, odd) = Person::some(dice);
    let table = Table {
        kind,
        name: S::TABLE,
        columns: Vec::new(),
        people,
        indexes: Vec::new(),
        options: "",
        doubtful: odd.into_iter().collect::<BTreeSet<_>>(),
    };
    let mut draw = Draw { dice, table, places: Vec::new(), is_strict: false };
    draw.options();
    draw.id(S::KEY);
    draw.names::<S>();
    draw.companions(S::HAS_EPOCHS);
    draw.extras();
    for _ in 0..*draw.dice.choice(&[0, 0, 1, 1, 2, 3]).unwrap() {
        draw.change();
    }
    draw.table
}

impl Draw<'_> {
    pub(super) fn chance(&mut self, of: u8) -> bool {
        self.dice.u8(..of) == 0
    }

    fn options(&mut self) {
        let options: &[&str] = match self.table.kind {
            Kind::Sqlite => &["", "", "", "STRICT", "WITHOUT ROWID"],
            Kind::Postgres => &[""],
            Kind::MySql => &[
                "",
                "",
                "DEFAULT CHARSET latin1",
                "DEFAULT CHARSET utf8mb3",
                "ENGINE = MyISAM",
                "ROW_FORMAT = COMPACT",
            ],
        };
        self.table.options = self.dice.choice(options).unwrap();
        self.is_strict = self.table.options == "STRICT";
        match self.table.options {
            "WITHOUT ROWID" | "ENGINE = MyISAM" => _ = self.table.doubtful.insert("id"),
            "ROW_FORMAT = COMPACT" => self.table.doubtful.extend(["email", "username"]),
            _ => {}
        }
    }

    fn choose(&mut self, types: &[Type]) -> Option<Type> {
        let known = ["INT", "INTEGER", "REAL", "TEXT", "BLOB"];
        let is_known = |one: &&Type| {
            !self.is_strict || known.contains(&one.0.split(' ').next().unwrap_or_default())
        };
        let types: Vec<_> = types.iter().filter(is_known).collect();
        self.dice.choice(types).copied()
    }

    /// Adds a column of a sound type.
    fn add(&mut self, name: &'static str, role: Role, place: Place) -> &mut Column {
        let chosen = self.choose(sound(self.table.kind, place)).unwrap();
        self.places.push(place);
        self.table.columns.push(Column::new(name, role, chosen));
        self.table.columns.last_mut().unwrap()
    }

    fn id(&mut self, key: Key) {
        let is_named = key != Key::Counted || self.table.options == "WITHOUT ROWID";
        self.add("id", Role::Id, Place::Id(key)).is_named = is_named;
    }

    fn names<S: Subject>(&mut self) {
        let is_required = !S::IS_EMAIL_OPTIONAL || self.chance(3);
        self.add("email", Role::Email, Place::Name).is_required = is_required;
        self.unique("email");
        if S::HAS_USERNAME {
            let username = self.add("username", Role::Username, Place::Name);
            username.is_required = true;
            if S::IS_EXACT && username.is_coarse() {
                self.table.doubtful.insert("username");
            }
            self.unique("username");
        }
        if self.dice.u8(..8) > 0 {
            let is_required = self.chance(2);
            let default = self.chance(3).then(|| "''".to_owned());
            let hash = self.add("hashed_password", Role::Hash, Place::Hash);
            hash.is_required = is_required;
            hash.default = default.filter(|_| hash.sql_type != "TEXT");
        }
        // The library's columns for an address in `email`: NULL there is a person without one.
        if is_required && self.table.people.iter().any(|person| person.email.is_none()) {
            self.table.people.retain(|person| person.email.is_some());
        }
        self.table.people.retain(|person| person.username.is_some());
    }

    /// The ways in which names are unique, or are not.
    fn unique(&mut self, name: &'static str) {
        let table = self.table.name;
        let is_mysql = self.table.kind == Kind::MySql;
        match self.dice.u8(..6) {
            0 | 1 => self.table.column(name).unwrap().tail = "UNIQUE",
            2 => self
                .table
                .indexes
                .push(format!("CREATE UNIQUE INDEX one_{table}_{name} ON {table} ({name})")),
            3 => self
                .table
                .indexes
                .push(format!("CREATE INDEX ix_{table}_{name} ON {table} ({name})")),
            4 if !is_mysql => self
                .table
                .indexes
                .push(format!("CREATE UNIQUE INDEX one_{table}_{name} ON {table} (LOWER({name}))")),
            5 if !is_mysql => self.table.indexes.push(format!(
                "CREATE UNIQUE INDEX one_{table}_{name} ON {table} ({name}) WHERE {name} <> ''"
            )),
            _ => {}
        }
    }

    fn companions(&mut self, has_epochs: bool) {
        let time = if has_epochs { Place::Epoch } else { Place::Time };
        let wanted = [
            ("is_active", Role::Flag(true), Place::Flag, "1"),
            ("is_superuser", Role::Flag(false), Place::Flag, "0"),
            ("email_verified", Role::Flag(true), Place::Flag, "0"),
            ("token_version", Role::Number, Place::Version, "0"),
            ("auth_epoch", Role::Number, Place::Stamp, "0"),
            ("created_at", Role::Time, time, ""),
            ("updated_at", Role::Time, time, ""),
        ];
        for (name, role, place, default) in wanted {
            if self.chance(2) {
                continue;
            }
            let is_required = self.chance(2);
            let has_default = !default.is_empty() || self.chance(2);
            let default = self.default_of(default, place).filter(|_| has_default);
            let column = self.add(name, role, place);
            column.is_required = is_required;
            column.default = match (&*column.sql_type, column.form) {
                ("BOOL" | "BOOLEAN" | "flagged", Form::Boolean) => {
                    default.map(|one| if one == "1" { "TRUE" } else { "FALSE" }.to_owned())
                }
                _ => default,
            };
        }
    }

    fn default_of(&self, default: &str, place: Place) -> Option<String> {
        Some(match (place, self.table.kind) {
            (Place::Time, Kind::MySql) => "CURRENT_TIMESTAMP(6)".to_owned(),
            (Place::Time, _) => "CURRENT_TIMESTAMP".to_owned(),
            (Place::Epoch, _) => "0".to_owned(),
            _ => default.to_owned(),
        })
    }

    fn extras(&mut self) {
        for name in ["note", "order", "displayName"] {
            if self.chance(2) {
                continue;
            }
            let is_generated = self.chance(6);
            let is_touched = self.chance(6);
            let extra = self.add(name, Role::Extra, Place::Extra);
            if is_touched && extra.sql_type == "TIMESTAMP NULL" {
                extra.tail = "ON UPDATE CURRENT_TIMESTAMP";
            } else if is_generated && extra.form == Form::Text && extra.sql_type == "TEXT" {
                extra.generated = Some("LOWER(email)".to_owned());
                extra.is_named = false;
            }
        }
    }

    /// Makes a change that a plan may refuse.
    fn change(&mut self) {
        let at = self.dice.usize(..self.table.columns.len());
        let name = self.table.columns[at].name;
        self.table.doubtful.insert(name);
        let is_id = name == "id";
        match self.dice.u8(..10) {
            0..=2 => {
                if let Some(one) = self.choose(doubtful(self.table.kind, self.places[at])) {
                    self.table.columns[at].retype(one);
                    self.table.columns[at].is_named |= is_id;
                }
            }
            3 if !is_id => self.table.columns[at].is_required ^= true,
            4 if !is_id => self.table.columns[at].default = None,
            5 if !is_id => self.nulls(at),
            6 if !is_id && name != "raw" => self.generated(at),
            7 => self.required_extra(),
            8 if is_id => {
                let id = &mut self.table.columns[at];
                id.is_named = !id.sql_type.contains("ALWAYS");
            }
            8 => self.remove(at),
            9 => self.unique_extra(),
            _ => {}
        }
    }

    /// Removes a column, and what refers to it.
    fn remove(&mut self, at: usize) {
        self.places.remove(at);
        let name = self.table.columns.remove(at).name;
        self.table.indexes.retain(|index| !index.contains(&format!("({name})")));
        for column in &mut self.table.columns {
            if column.generated.take_if(|sql| sql.contains(&format!("({name})"))).is_some() {
                column.is_named = true;
            }
        }
    }

    /// Rows without a value.
    fn nulls(&mut self, at: usize) {
        let rows = self.dice.usize(..3);
        let column = &mut self.table.columns[at];
        column.is_required = false;
        column.nulls = (0..=rows).collect();
    }

    fn generated(&mut self, at: usize) {
        let column = &mut self.table.columns[at];
        column.generated = Some(match (column.role, column.form) {
            (Role::Email | Role::Username | Role::Hash, _) | (Role::Extra, Form::Text) => {
                "LOWER(raw)".to_owned()
            }
            // Neither a value of two rows nor a constant of every database.
            (Role::Extra, _) if column.tail == "UNIQUE" => return,
            (Role::Extra, Form::Bytes | Form::Uuid | Form::Time | Form::Json) => return,
            (_, Form::Boolean) => "TRUE".to_owned(),
            (Role::Time, Form::Time | Form::Text) => "'2020-01-02 03:04:05'".to_owned(),
            _ => "1".to_owned(),
        });
        column.is_named = false;
        if column.generated.as_deref() == Some("LOWER(raw)") && !self.table.has("raw") {
            let role = self.table.columns[at].role;
            let raw = Column::new("raw", role, Type(self.raw_type(), Form::Text));
            self.table.columns.push(raw);
            self.places.push(Place::Extra);
            self.table.doubtful.insert("raw");
        }
    }

    const fn raw_type(&self) -> &'static str {
        match self.table.kind {
            Kind::Sqlite | Kind::Postgres => "TEXT",
            Kind::MySql => "VARCHAR(255)",
        }
    }

    /// A column in which no two accounts have the same value, and that sign-up does not set.
    fn unique_extra(&mut self) {
        if !self.table.has("badge") {
            let badge = self.add("badge", Role::Extra, Place::Stamp);
            badge.tail = "UNIQUE";
            badge.default = Some("0".to_owned());
            self.table.doubtful.insert("badge");
        }
    }

    fn required_extra(&mut self) {
        if !self.table.has("team") {
            self.add("team", Role::Extra, Place::Extra).is_required = true;
            self.table.doubtful.insert("team");
        }
    }
}
