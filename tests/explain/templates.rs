//! The statements in the sources of the library, to find those that no flow executed.

use std::fs;
use std::path::Path;

/// The templates of statements in `crudauth-core`, each with the name of its file.
pub(super) fn templates() -> Vec<(String, String)> {
    let mut found = Vec::new();
    collect(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../crudauth-core/src")), &mut found);
    found
}

fn collect(directory: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.to_str().is_some_and(|path| path.ends_with("sql.rs")) {
            let name = path.strip_prefix(directory.parent().unwrap()).unwrap().display();
            let source = fs::read_to_string(&path).unwrap();
            found.extend(statements(&source).map(|statement| (name.to_string(), statement)));
        }
    }
}

/// The string literals of a source that are statements.
fn statements(source: &str) -> impl Iterator<Item = String> {
    // No statement has a quoted quote.
    let literals = source.split('"').skip(1).step_by(2);
    let is_statement = |text: &&str| {
        let verbs = ["SELECT ", "INSERT ", "UPDATE ", "DELETE "];
        verbs.iter().any(|verb| text.starts_with(verb))
            && (text.contains("{table}") || text.contains("{+"))
    };
    literals.filter(is_statement).map(|text| text.split("\\\n").map(str::trim_start).collect())
}

/// Whether a statement is a rendered form of a template: its fixed parts, in order.
pub(super) fn renders(template: &str, statement: &str) -> bool {
    let mut rest = statement;
    let mut parts = Vec::new();
    for part in template.split('}') {
        let fixed = part.split('{').next().unwrap_or_default();
        parts.extend(fixed.split(':').enumerate().map(|(at, text)| match at {
            0 => text,
            // The name of a parameter.
            _ => text.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_'),
        }));
    }
    parts.into_iter().all(|part| match rest.split_once(part) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}
