//! The page `guide::moving`: each struct is one that the tests run on a table of the system.

const PAGE: &str = include_str!("../../crudauth/docs/moving.md");

const TESTED: [&str; 8] = [
    include_str!("auth_js.rs"),
    include_str!("better_auth.rs"),
    include_str!("django.rs"),
    include_str!("fastapi_users.rs"),
    include_str!("supabase.rs"),
    include_str!("wordpress.rs"),
    include_str!("../migrations/real_tables.rs"),
    include_str!("../migrations/tables_of_names.rs"),
];

/// The code blocks of a section, in a language.
pub(crate) fn blocks(heading: &str, language: &str) -> Vec<&'static str> {
    let section = PAGE.split("\n## ").find(|section| section.starts_with(heading));
    let blocks = section.unwrap_or_else(|| panic!("no section {heading}"));
    let blocks = blocks.split("\n```").skip(1).step_by(2);
    blocks.filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n')).collect()
}

/// The code from the first attribute of the library on, without layout.
fn bare(code: &str) -> String {
    let lines = code.lines().filter(|line| {
        let line = line.trim_start();
        !["# ", "#[derive", "#[allow"].iter().any(|start| line.starts_with(start))
    });
    let bare: String = lines.collect::<String>().chars().filter(|c| !c.is_whitespace()).collect();
    bare.replace(",}", "}").replace(",)", ")")
}

/// The struct of a block, without the line with the builder.
fn the_struct(block: &str) -> String {
    bare(block.split("\nlet ").next().unwrap_or_default())
}

#[test]
fn every_struct_of_the_page_is_tested_on_a_table_of_the_system() {
    let headings: Vec<_> = PAGE.split("\n## ").skip(1).filter_map(|s| s.lines().next()).collect();
    assert_eq!(headings.len(), 10, "{headings:?}");
    for heading in headings {
        let structs = blocks(heading, "rust");
        assert!(!structs.is_empty(), "{heading}");
        for code in structs {
            let code = the_struct(code);
            let is_tested = TESTED.iter().any(|tested| bare(tested).contains(&code));
            assert!(is_tested, "{heading}: {code}");
        }
    }
}

#[test]
fn the_example_has_the_struct_of_the_page() {
    let example = bare(include_str!("../../examples/moved_in/main.rs"));
    assert!(example.contains(&the_struct(blocks("Django", "rust")[0])));
}
