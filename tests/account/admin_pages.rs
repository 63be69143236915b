//! Pages of accounts.

use super::*;

async fn superuser(app: &App) -> Browser {
    let browser = app.member("root").await;
    promote(app, "root").await;
    browser
}

/// The usernames of a page, and the cursor of the next one.
async fn page(browser: &Browser, query: &str) -> (Vec<String>, Option<String>) {
    let answer = browser.get(&format!("/admin/accounts?{query}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let body = answer.json();
    let accounts = body["accounts"].as_array().unwrap();
    let names = accounts.iter().map(|one| one["identifiers"]["username"].as_str().unwrap());
    (names.map(str::to_owned).collect(), body["next"].as_str().map(str::to_owned))
}

/// All pages, with something done after each.
async fn all<F: Future<Output = ()>>(
    browser: &Browser,
    query: &str,
    between: impl Fn(usize) -> F,
) -> Vec<String> {
    let mut found = Vec::new();
    let mut cursor = String::new();
    for at in 0.. {
        let (names, next) = page(browser, &format!("{query}{cursor}")).await;
        found.extend(names);
        between(at).await;
        match next {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    found
}

/// Inserts accounts as another program does.
async fn insert(app: &App, names: impl IntoIterator<Item = String>) {
    for name in names {
        let sql = format!(
            "INSERT INTO users (email, username, username_key, auth_epoch, plan) \
             VALUES ('{name}@example.com', '{name}', '{name}', 7, 'free')"
        );
        app.database.execute(&sql).await;
    }
}

on_every_database! {
    async fn pages_neither_skip_nor_repeat_an_account_under_inserts(app: App) {
        let (_, app) = full(&app, Setup::default()).await;
        let root = superuser(&app).await;
        insert(&app, (0..25).map(|n| format!("user{n:02}"))).await;
        let app = &app;
        let found = all(&root, "size=4", |at| insert(app, [format!("late{at}")])).await;
        let mut expected: Vec<_> = (0..25).map(|n| format!("user{n:02}")).collect();
        expected.insert(0, "root".to_owned());
        assert_eq!(found[..26], expected, "{found:?}");
        let mut distinct = found.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), found.len(), "{found:?}");
    }

    async fn a_deleted_account_moves_no_other_to_another_page(app: App) {
        let (_, app) = full(&app, Setup::default()).await;
        let root = superuser(&app).await;
        insert(&app, (0..10).map(|n| format!("user{n:02}"))).await;
        let app = &app;
        let found = all(&root, "size=3", |at| async move {
            let delete = format!("DELETE FROM users WHERE username = 'user{at:02}'");
            app.database.execute(&delete).await;
        })
        .await;
        let expected: Vec<_> = (0..10).map(|n| format!("user{n:02}")).collect();
        assert_eq!(found[1..], expected, "those that were there are found once");
    }

    async fn the_beginning_of_an_identifier_finds_accounts(app: App) {
        let (_, app) = full(&app, Setup::default()).await;
        let root = superuser(&app).await;
        let names = ["ada", "adam", "adb", "alan", "grace", "ad_mission", "ad%x"];
        insert(&app, names.map(str::to_owned)).await;
        let nothing = |_| std::future::ready(());
        let mut found = all(&root, "username=AD&size=2", nothing).await;
        found.sort();
        assert_eq!(found, ["ad%x", "ad_mission", "ada", "adam", "adb"]);
        assert_eq!(all(&root, "username=ad%25&size=2", nothing).await, ["ad%x"]);
        assert_eq!(all(&root, "username=ad_&size=2", nothing).await, ["ad_mission"]);
        assert_eq!(all(&root, "email=GRACE%40", nothing).await, ["grace"]);
        assert_eq!(all(&root, "email=zzz", nothing).await, [""; 0]);
    }

    async fn a_page_has_at_most_100_accounts(app: App) {
        let (_, app) = full(&app, Setup::default()).await;
        let root = superuser(&app).await;
        insert(&app, (0..120).map(|n| format!("user{n:03}"))).await;
        let sizes = [("", 25), ("size=100", 100), ("size=1", 1), ("username=user&size=100", 100)];
        for (query, size) in sizes {
            let (names, next) = page(&root, query).await;
            assert_eq!((names.len(), next.is_some()), (size, true), "{query}");
        }
        for size in ["0", "101", "-1", "many"] {
            let answer = root.get(&format!("/admin/accounts?size={size}")).await;
            assert_eq!(answer.code(), "invalid-fields", "{size}");
        }
        assert_eq!(page(&root, "cursor=nonsense").await, (Vec::new(), None));
        assert_eq!(root.get("/admin/accounts/nonsense").await.code(), "not-found");
    }

    async fn a_page_holds_no_secret(app: App) {
        let (_, app) = full(&app, Setup::default()).await;
        let root = superuser(&app).await;
        let id = app.member("ada").await.id().await;
        let hash = app.database.text("SELECT hashed_password FROM users WHERE username = 'ada'").await;
        for path in ["/admin/accounts".to_owned(), format!("/admin/accounts/{id}")] {
            let text = root.get(&path).await.text;
            assert!(text.contains("ada@example.com") && !text.contains(&hash), "{text}");
            assert!(!text.contains("argon2") && !text.contains("hashed"), "{text}");
        }
    }
}
