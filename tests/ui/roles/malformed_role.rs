//! A role is a type, and a name or bits.

crudauth::roles! { "admin" }

crudauth::roles! { pub Admin = Rank::Admin; }

crudauth::roles! { pub Admin = 1 << 3; }

fn main() {}
