//! The Rust code of the README, compiled and run. The first test fails for a paragraph of the
//! README that is not in these files word for word, apart from layout.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test panics")]

mod own_tests;
mod programs;
mod recipe;

const HERE: [&str; 3] =
    [include_str!("recipe.rs"), include_str!("programs.rs"), include_str!("own_tests.rs")];

/// The code without comments, white space and trailing commas.
fn bare(code: &str) -> String {
    let lines = code.lines().filter(|line| !line.contains("#[expect(")).map(|line| {
        match line.find("// ") {
            Some(at) if at == 0 || line[..at].ends_with(' ') => &line[..at],
            _ => line,
        }
    });
    let bare: String = lines.collect::<String>().chars().filter(|c| !c.is_whitespace()).collect();
    bare.replace(",)", ")").replace(",}", "}").replace(",>", ">")
}

/// The Rust code blocks.
fn blocks(readme: &str) -> Vec<&str> {
    let blocks = readme.split("```rust\n").skip(1);
    blocks.map(|block| block.split("\n```").next().unwrap_or_default()).collect()
}

#[test]
fn every_rust_block_of_the_readme_is_compiled_here() {
    let blocks = blocks(include_str!("../../README.md"));
    assert_eq!(blocks.len(), HERE.len());
    for (block, here) in blocks.into_iter().zip(HERE) {
        for paragraph in block.split("\n\n") {
            assert!(bare(here).contains(&bare(paragraph)), "not here:\n{paragraph}");
        }
    }
}

/// A new database in memory. Each connection would get its own.
async fn pool() -> sqlx::SqlitePool {
    let options = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1);
    options.connect("sqlite::memory:").await.unwrap()
}
