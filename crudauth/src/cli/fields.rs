//! Values of columns, as `FIELD=VALUE` arguments.

use crudauth_core::form::{FieldErrorKind, Form};
use crudauth_core::model::AuthUser;
use serde_json::{Map, Value};

/// The fields of a sign-up: identifiers, and columns of the app.
pub(super) fn names<U: AuthUser>() -> impl Iterator<Item = &'static str> {
    let identifiers = U::SHAPE.identifiers.iter().map(|column| column.name);
    identifiers.chain(U::SHAPE.asked.iter().map(|(name, _)| *name))
}

/// The fields as JSON: a number or a truth value where the column wants one, and otherwise a text.
pub(super) fn values<U: AuthUser>(fields: Vec<(String, String)>) -> Map<String, Value> {
    let mut values: Map<_, _> =
        fields.into_iter().map(|(name, text)| (name, text.into())).collect();
    let texts = Value::Object(values.clone()).to_string();
    let Ok(mut form) = Form::from_json(texts.as_bytes()) else { return values };
    // The errors name the columns that want another type.
    let _ = U::sign_up(&mut form);
    for error in form.into_errors().iter().filter(|error| error.kind == FieldErrorKind::Type) {
        let Some(value) = values.get_mut(&*error.field) else { continue };
        let read = value.as_str().and_then(|text| serde_json::from_str(text).ok());
        if let Some(typed @ (Value::Number(_) | Value::Bool(_))) = read {
            *value = typed;
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Clone, Debug, crate::AuthUser)]
    #[allow(dead_code, reason = "the columns are read by their names")]
    struct Member {
        id: i64,
        email: String,
        #[auth(register)]
        age: i32,
        #[auth(register)]
        newsletter: Option<bool>,
        #[auth(register)]
        zip: String,
    }

    #[test]
    fn a_value_has_the_type_of_its_column() {
        let fields = [("age", "3"), ("newsletter", "true"), ("zip", "01234"), ("plan", "7")];
        let fields = fields.map(|(name, text)| (name.to_owned(), text.to_owned()));
        let wanted = json!({ "age": 3, "newsletter": true, "zip": "01234", "plan": "7" });
        assert_eq!(Value::Object(values::<Member>(fields.to_vec())), wanted);
        let invalid = vec![("age".to_owned(), "three".to_owned())];
        assert_eq!(Value::Object(values::<Member>(invalid)), json!({ "age": "three" }));
        assert_eq!(names::<Member>().collect::<Vec<_>>(), ["email", "age", "newsletter", "zip"]);
    }
}
