//! The derive needs a struct with named fields and without generics.

use crudauth::AuthUser;

#[derive(Clone, AuthUser)]
enum Enum {
    A,
}

#[derive(Clone, AuthUser)]
struct Tuple(i64, String);

#[derive(Clone, AuthUser)]
struct Unit;

#[derive(Clone, Copy, AuthUser)]
union Union {
    id: i64,
}

#[derive(Clone, AuthUser)]
struct Generic<'a, T: Clone = i64, const N: usize = 1>
where
    T: Send,
{
    id: i64,
    email: String,
    #[auth(skip)]
    extra: &'a [T; N],
}

fn main() {}
