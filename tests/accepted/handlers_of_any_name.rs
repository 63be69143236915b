//! Handlers are unit structs, so a pattern with a handler's name matches the handler. Generated
//! code uses no name that an app would use.

#![deny(warnings)]
#![allow(dead_code, non_camel_case_types, reason = "a handler becomes a struct of its name")]

use crudauth::{AuthUser, CurrentUser};
use poem::{EndpointExt, Route, handler};

macro_rules! handlers {
    ($($name:ident)*) => {
        $(#[handler]
        async fn $name(_: CurrentUser<Auth>) {})*

        fn routes(mount_: &Auth) -> impl poem::IntoEndpoint {
            Route::new()$(.at(concat!("/", stringify!($name)), $name))*.with(mount_.clone())
        }
    };
}

handlers! {
    f form form_data fmt row rows values value call mounted pool secret secrets endpoint other own id
    user users email login logout me register token tokens session sessions auth account accounts
    builder at key keys name names plan read write transform transports transport paths path
    taken_0 taken_1 taken column columns scope scopes shape sign_up visitor clone new with p db
    error errors result option some string vec migrations request response index home list
}

#[derive(Clone, Debug, AuthUser)]
struct User {
    id: i64,
    email: String,
    #[auth(register)]
    name: Option<String>,
    #[auth(default = "free")]
    plan: String,
    #[auth(default)]
    points: i64,
}

#[crudauth::routes(user = User, session, sessions, email)]
struct Auth;

crudauth::scopes! { Reading = "read"; Writing = "write" }

#[test]
fn a_handler_may_have_any_name() {
    let _ = async |sqlite: sqlx::SqlitePool| {
        crudauth::migrations!(User).run(&sqlite).await.unwrap();
        let settings = crudauth::EmailConfig::new(crudauth::PrintingSender, "https://example.com");
        let mount = Auth::builder(sqlite, "…").email(settings).build().await.unwrap();
        let _ = routes(&mount);
        (Reading | Writing).len()
    };
}
