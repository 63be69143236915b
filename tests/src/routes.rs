//! The routes of the library, as its page lists them.

use poem::http::Method;

/// A route of `docs/http.md`.
pub struct OwnerRoute {
    pub method: Method,
    /// With values in place of its parameters.
    pub path: String,
}

/// The routes that only the owner of an account, or a superuser, may use.
pub fn owner_routes() -> Vec<OwnerRoute> {
    let mut is_for_superusers = false;
    let mut routes = Vec::new();
    for line in include_str!("../../crudauth/docs/http.md").lines() {
        if let Some(title) = line.strip_prefix("## ") {
            is_for_superusers = ["`admin`", "`invitations`"].contains(&title);
        }
        let row = line.strip_prefix("| `").and_then(|row| row.split_once("` | "));
        let Some((route, rest)) = row else { continue };
        let Some((method, path)) = route.split_once(' ') else { continue };
        let caller = rest.split(" | ").next().unwrap_or_default();
        let is_public = ["/logout", "/refresh", "/csrf/refresh"].contains(&path);
        let names_owner = ["session", "token", "DELETE"].iter().any(|word| caller.contains(word));
        if is_for_superusers || (names_owner && !is_public) {
            let method = method.parse().expect("a method");
            let path = path.replace("{id}", "1").replace("{provider}", "own");
            routes.push(OwnerRoute { method, path });
        }
    }
    routes
}
