//! Nothing recovers an account that messages do not reach; mail reaches no phone.

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
