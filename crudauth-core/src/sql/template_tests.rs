//! Rendering of templates for the three dialects.

use super::*;
use crate::form::{Form, InvalidField};
use crate::model::{Companion, IdentifierColumn, IdentifierKind, SqlDefault};
use crate::sql::Conversion;

const DIALECTS: [Dialect; 3] = [Dialect::Sqlite, Dialect::Postgres, Dialect::MySql];

/// A struct with a key that the library makes, two forms of one identifier, a column of its own and
/// awkward defaults.
#[derive(Clone)]
struct Member;

impl AuthUser for Member {
    type Id = String;
    type SignUp = ();
    type Edit = ();

    const SHAPE: Shape = Shape {
        schema: None,
        table: "members",
        id: "key",
        columns: &["key", "name", "city"],
        identifiers: &[IdentifierColumn {
            name: "username",
            column: "name",
            key: "name_folded",
            kind: IdentifierKind::Username,
            max_chars: None,
            is_optional: false,
            is_login: true,
            is_blank_null: false,
        }],
        recovery: None,
        written: &["city"],
        asked: &[],
        editable: &[],
        defaults: &[
            ("motto", SqlDefault::Text("it's :a {b} \\")),
            ("points", SqlDefault::Integer(-7)),
            ("is_new", SqlDefault::Boolean(true)),
        ],
        unique: &[],
        erased: &[],
        companion: Companion {
            hash: "hash",
            active: "active",
            superuser: "superuser",
            version: "version",
            epoch: "epoch",
            verified: None,
            created: "created",
            updated: "updated",
            times: None,
            deleted: None,
        },
    };

    fn id(&self) -> &String {
        const { &String::new() }
    }

    fn identifiers(&self) -> Vec<Option<&str>> {
        Vec::new()
    }

    fn sign_up(_: &mut Form) -> Result<(), InvalidField> {
        Ok(())
    }

    fn edit(_: &mut Form) -> Result<(), InvalidField> {
        Ok(())
    }
}

fn render(template: &str, dialect: Dialect) -> Statement {
    Names::of::<Member>(dialect, Layout::default()).render(template)
}

fn sql(template: &str, dialect: Dialect) -> String {
    render(template, dialect).sql.to_string()
}

#[test]
fn a_repeated_name_is_one_parameter_where_parameters_have_numbers() {
    let text = "SELECT :a, :b, :a";
    for dialect in [Dialect::Sqlite, Dialect::Postgres] {
        let statement = render(text, dialect);
        assert_eq!(&*statement.sql, "SELECT $1, $2, $1");
        assert_eq!(statement.parameters, ["a", "b"]);
    }
    let statement = render(text, Dialect::MySql);
    assert_eq!(&*statement.sql, "SELECT ?, ?, ?");
    assert_eq!(statement.parameters, ["a", "b", "a"]);
}

#[test]
fn a_name_ends_at_the_first_character_that_is_no_part_of_it() {
    let statement = render("(:a,:b_2) = (:ab)", Dialect::Sqlite);
    assert_eq!(&*statement.sql, "($1,$2) = ($3)");
    assert_eq!(statement.parameters, ["a", "b_2", "ab"]);
}

#[test]
fn a_colon_in_a_literal_is_no_parameter() {
    for dialect in DIALECTS {
        let statement = render("SELECT ':a', 'it''s :b', :c, 'd:'", dialect);
        assert_eq!(statement.parameters, ["c"], "{dialect:?}");
        assert!(statement.sql.starts_with("SELECT ':a', 'it''s :b', "), "{}", statement.sql);
    }
}

#[test]
fn names_are_quoted_for_the_dialect() {
    let template =
        "SELECT {id}, {hash} FROM {table} JOIN {+sessions} ON {identifier 0}{for update}";
    let quoted = "SELECT \"key\", \"hash\" FROM \"members\" JOIN \"members_sessions\" \
        ON \"name_folded\"";
    assert_eq!(sql(template, Dialect::Sqlite), quoted);
    assert_eq!(sql(template, Dialect::Postgres), format!("{quoted} FOR UPDATE"));
    assert_eq!(sql(template, Dialect::MySql), format!("{} FOR UPDATE", quoted.replace('"', "`")));
}

#[test]
fn an_account_is_read_from_qualified_columns() {
    let own = "\"members\".\"key\", \"members\".\"name\", \"members\".\"city\"";
    let state = "\"members\".\"version\", \"members\".\"epoch\"";
    let [active, superuser] = ["active", "superuser"]
        .map(|flag| format!("CAST(\"members\".\"{flag}\" IS TRUE AS INTEGER)"));
    assert_eq!(
        sql("{account}", Dialect::Postgres),
        format!("{own}, {active} * 1 + {superuser} * 2, {state}")
    );
}

#[test]
fn columns_of_other_types_are_converted() {
    let mut layout = Layout::default();
    layout.insert("key", Conversion::cast("text", "bpchar"));
    layout.insert("epoch", Conversion::reading("bigint"));
    let names = Names::of::<Member>(Dialect::Postgres, layout);
    let text = "SELECT {read id}, {read stamp} FROM {table} WHERE {id} = {:id id} \
                AND {stamp} = {:stamp stamp} AND {id} = {owner +sessions}";
    assert_eq!(
        &*names.render(text).sql,
        "SELECT CAST(\"members\".\"key\" AS text), CAST(\"members\".\"epoch\" AS bigint) \
         FROM \"members\" WHERE \"key\" = CAST($1 AS bpchar) AND \"epoch\" = $2 \
         AND \"key\" = CAST(\"members_sessions\".user_id AS bpchar)"
    );
}

#[test]
fn a_resolved_schema_is_named_if_it_is_plain() {
    for (schema, table) in [("app-1", "\"app-1\".\"members\""), ("a:b", "\"members\"")] {
        let mut layout = Layout::default();
        layout.locate("members", Some(schema));
        let names = Names::of::<Member>(Dialect::Postgres, layout);
        assert_eq!(
            &*names.render("{table} {+sessions}").sql,
            format!("{table} \"members_sessions\"")
        );
    }
}

#[test]
fn a_row_without_a_compared_form_is_found_by_the_shown_one() {
    let mut layout = Layout::default();
    layout.unfilled.push("name_folded");
    let names = Names::of::<Member>(Dialect::MySql, layout.clone());
    let exact = "CONVERT(`name` USING utf8mb4) COLLATE utf8mb4_bin NOT IN (?, ?) LIMIT 1";
    assert!(names.render("{by identifier 0}").sql.ends_with(exact));
    let names = Names::of::<Member>(Dialect::Sqlite, layout);
    assert_eq!(
        &*names.render("{by identifier 0}").sql,
        "(\"name_folded\" = $1 OR (\"name_folded\" IS NULL AND \"name\" IN ($1, $2))) \
         ORDER BY \"name_folded\" IS NULL LIMIT 1"
    );
    assert_eq!(sql("{by identifier 0}", Dialect::Sqlite), "\"name_folded\" = $1");
}

#[test]
fn a_sign_up_writes_as_many_values_as_columns_and_the_own_ones_last() {
    for dialect in DIALECTS {
        let columns = sql("{new columns}", dialect);
        let values = render("{new values}", dialect);
        let names = Names::of::<Member>(dialect, Layout::default());
        assert_eq!(columns.split(", ").count(), names.new_row().len(), "{dialect:?}");
        assert!(columns.ends_with(&format!("{0}city{0}", dialect.quote())), "{columns}");
        let parameters = ["hash", "stamp", "now", "id", "identifier0", "key0", "own_city"];
        assert_eq!(values.parameters, parameters, "{dialect:?}");
    }
}

#[test]
fn a_default_is_a_literal_that_ends_where_it_should() {
    for (dialect, motto) in [
        (Dialect::Sqlite, r"'it''s :a {b} \'"),
        (Dialect::Postgres, r"'it''s :a {b} \'"),
        (Dialect::MySql, r"'it''s :a {b} \\'"),
    ] {
        let values = sql("{new values}", dialect);
        assert!(values.contains(&format!(", {motto}, -7, TRUE, ")), "{values}");
    }
}

#[test]
fn returning_is_left_out_where_the_database_lacks_it() {
    assert_eq!(sql("X{returning id}", Dialect::Postgres), "X RETURNING \"key\"");
    assert_eq!(sql("X{returning hits,is_used_up}", Dialect::Sqlite), "X RETURNING hits,is_used_up");
    assert_eq!(sql("X{returning id}", Dialect::MySql), "X");
}

#[test]
fn a_purge_is_bounded_in_every_dialect() {
    let template = "DELETE FROM {+sessions} WHERE {expired +sessions digest}";
    for dialect in DIALECTS {
        let statement = render(template, dialect);
        assert_eq!(statement.parameters, ["now", "limit"], "{dialect:?}");
        assert_eq!(statement.sql.contains("(SELECT digest "), dialect != Dialect::MySql);
    }
}

#[test]
fn a_recovery_column_without_a_recovery_contact_is_the_key() {
    assert_eq!(sql("{recovery} {shown_recovery}", Dialect::Sqlite), "\"key\" \"key\"");
}
