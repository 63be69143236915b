//! Keywords and custom names for tables and columns.

use crudauth::{AuthUser, migrations};
use crudauth_tests::{PASSWORD, SECRET, on_every_pool, sign_up};
use serde_json::json;

use super::client::Client;
use super::{field_errors, passes_every_statement, register};

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "group")]
struct Reserved {
    #[auth(id)]
    key: i64,
    email: String,
    username: String,
    #[auth(register)]
    r#type: String,
    #[auth(register)]
    order: i64,
    #[auth(register)]
    group: Option<String>,
    #[auth(register)]
    select: bool,
    #[auth(default = 3)]
    r#where: i64,
    #[auth(default = "x")]
    table: String,
    user: Option<String>,
    index: Option<i64>,
    #[auth(default)]
    values: i64,
    s: Option<i64>,
    digest: Option<String>,
    user_id: Option<i64>,
    expires_at: Option<i64>,
}

#[crudauth::routes(user = Reserved, session, sessions)]
struct ReservedAuth;

#[derive(Clone, Debug, AuthUser)]
#[auth(table = "people")]
struct Renamed {
    #[auth(id, column = "person_no")]
    number: i64,
    #[auth(username, column = "login_name")]
    login: String,
    #[auth(email, column = "mail")]
    address: String,
    #[auth(register, column = "born_on")]
    birthday: Option<String>,
    #[auth(column = "password")]
    secret: Option<String>,
    #[auth(column = "IS_SUPERUSER")]
    boss: bool,
}

#[crudauth::routes(user = Renamed, session)]
struct RenamedAuth;

on_every_pool! {
    async fn keywords_and_aliases_of_our_statements_are_valid_column_names(database, pool) {
        migrations!(Reserved).run(&pool).await.unwrap();
        assert!(migrations!(Reserved).plan(&pool).await.unwrap().is_empty());
        let auth = ReservedAuth::builder(pool, SECRET).build().await.unwrap();
        let mut form = sign_up("ada");
        form.as_object_mut().unwrap().extend(
            json!({ "type": "a", "order": 2, "select": true, "r#type": "b", "where": 9 })
                .as_object().unwrap().clone(),
        );
        let account = register(auth.accounts(), &form).await;
        let user = &account.user;
        assert_eq!((user.key, &*user.email, &*user.username), (1, "ada@example.com", "ada"));
        assert_eq!((&*user.r#type, user.order, &user.group, user.select), ("a", 2, &None, true));
        assert_eq!((user.r#where, &*user.table, user.values), (3, "x", 0));
        assert_eq!((&user.user, user.index), (&None, None));
        assert_eq!((user.s, &user.digest), (None, &None));
        assert_eq!((user.user_id, user.expires_at), (None, None));
        passes_every_statement(auth.accounts(), "ada@example.com", &user.key).await;
    }

    async fn a_column_may_have_another_name_or_case_than_its_field(database, pool) {
        migrations!(Renamed).run(&pool).await.unwrap();
        assert!(migrations!(Renamed).plan(&pool).await.unwrap().is_empty());
        let auth = RenamedAuth::builder(pool, SECRET).build().await.unwrap();
        let errors = field_errors::<Renamed>(&json!({ "mail": "a@example.com", "password": PASSWORD }));
        let fields: Vec<_> = errors.iter().map(|error| &*error.field).collect();
        assert_eq!(fields, ["login", "address"], "a form uses the names of the fields");
        let form = json!({
            "address": "ada@example.com", "login": "Ada", "password": PASSWORD, "birthday": "1815",
        });
        let user = register(auth.accounts(), &form).await.user;
        assert_eq!((user.number, &*user.login, &*user.address), (1, "Ada", "ada@example.com"));
        assert_eq!((user.birthday.as_deref(), user.secret), (Some("1815"), None));
        assert!(!user.boss);
        let row = database.text("SELECT CONCAT(person_no, login_name, login_name_key, mail, born_on) FROM people");
        assert_eq!(row.await, "1Adaadaada@example.com1815");

        let mut browser = Client::of(auth.routes());
        assert_eq!(browser.login("ADA").await.0, 200);
        let (_, me) = browser.get("/me").await;
        assert_eq!((&me["username"], &me["email"]), (&json!("Ada"), &json!("ada@example.com")));
    }

}
