//! Recovery needs a contact to which messages can be sent. A phone number receives no mail.

#[derive(Clone, Debug, crudauth::AuthUser)]
struct User {
    id: i64,
    username: String,
}

#[crudauth::routes(user = User, session, recovery)]
struct Auth;

#[derive(Clone, Debug, crudauth::AuthUser)]
struct Caller {
    id: i64,
    username: String,
    phone: String,
}

#[crudauth::routes(user = Caller, session, email)]
struct Callers;

fn main() {}
