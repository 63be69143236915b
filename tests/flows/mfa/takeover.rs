//! Second factors that crudauth-py stored. The values were made by crudauth-py 0.8.2.

use super::*;

const KEY: &str = "XuRAeKP3Pe__OOFPVcdafK4BrNNYJH65sIvHxc_V678=";
const OTHER_KEY: &str = "4d3D-RqCIDkgdzkbK1TmaDqThTjprjbd6fxDx5-v_90=";
const ENCRYPTED: &str = "gAAAAABrDEoacZcblO9Mf86dec88zNcB5VavLcPk8fX7HEXHbg-VQ-SJSTtnYGkqJpXJZ14\
    Bx6oTs2z-oj1kPLJDVIkfb7F74O6ddDug72EjPOSo-Wotd3xCaE9NKQCJ7aw0IsruvJkc";
const IN_PLAIN: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
const RECOVERY_CODE: &str = "u7u2-efgh-jkmn-pqrs";
const RECOVERY_CODES: &str =
    r#"["563a5ab074dade13d7a786247e7ff9e7134129fd2f0402f26964a995638d9432"]"#;

/// Adds the columns of crudauth-py, and stores a factor of ada. The present step is taken.
async fn ada_has_a_factor_of_crudauth_py(app: &App) {
    app.member("ada").await;
    let columns = ["totp_secret_encrypted VARCHAR(255)", "totp_confirmed_at TIMESTAMP"];
    for column in [&columns[..], &["totp_last_step INTEGER", "mfa_recovery_codes TEXT"]].concat() {
        let column = column.replace("TIMESTAMP", "TIMESTAMP NULL");
        app.database.execute(&format!("ALTER TABLE users ADD COLUMN {column}")).await;
    }
    let step = app.clock.now().timestamp() / 30;
    let statement = format!(
        "UPDATE users SET totp_secret_encrypted = '{ENCRYPTED}', totp_last_step = {step}, \
         totp_confirmed_at = '2026-01-02 03:04:05', mfa_recovery_codes = '{RECOVERY_CODES}' \
         WHERE username = 'ada'"
    );
    app.database.execute(&statement).await;
}

fn with_keys(keys: &[&str]) -> Setup {
    let mfa = MfaConfig::default().issuer("Tests").crudauth_py_keys(keys);
    Setup { mfa, ..Setup::default() }
}

async fn refusal_of(app: &App, setup: Setup) -> Vec<ConfigError> {
    let built = match app.database.clone() {
        Database::Sqlite(pool) => built(app, pool, setup).await,
        Database::Postgres(pool) => built(app, pool, setup).await,
        Database::MySql(pool) => built(app, pool, setup).await,
    };
    built.unwrap_err().settings().to_vec()
}

on_every_database! {
    async fn a_factor_of_crudauth_py_goes_on_with_its_codes(app: App) {
        ada_has_a_factor_of_crudauth_py(&app).await;
        let app = guarded(&app, with_keys(&[OTHER_KEY, KEY])).await;
        assert!(!signs_in(&app, "ada", &code(&app, IN_PLAIN, 0)).await, "that step is taken");
        assert!(signs_in(&app, "ada", &code(&app, IN_PLAIN, 1)).await);
        assert!(signs_in(&app, "ada", &RECOVERY_CODE.to_uppercase()).await);
        assert!(!signs_in(&app, "ada", RECOVERY_CODE).await, "it was used");
        assert_eq!(app.database.count("users WHERE totp_confirmed_at IS NOT NULL").await, 0);
        assert_eq!(app.database.count("users WHERE totp_secret_encrypted IS NOT NULL").await, 0);
        // A later start finds nothing, with and without the key.
        app.clock.advance(Duration::from_secs(60));
        let app = guarded(&app, Setup::default()).await;
        assert!(signs_in(&app, "ada", &code(&app, IN_PLAIN, 0)).await);
    }

    async fn a_mount_without_the_key_of_crudauth_py_does_not_start(app: App) {
        ada_has_a_factor_of_crudauth_py(&app).await;
        for keys in [&[][..], &[OTHER_KEY]] {
            let refusal = refusal_of(&app, with_keys(keys)).await;
            assert_eq!(refusal, [ConfigError::UnreadFactors { count: 1 }]);
        }
        assert_eq!(refusal_of(&app, with_keys(&["no key"])).await, [ConfigError::InvalidFernetKey]);
        assert_eq!(app.database.count("users WHERE totp_secret_encrypted IS NOT NULL").await, 1);
    }

    async fn a_factor_that_was_removed_does_not_come_back(app: App) {
        ada_has_a_factor_of_crudauth_py(&app).await;
        let app = guarded(&app, with_keys(&[KEY])).await;
        let (browser, challenge) = challenged(&app, "ada").await;
        assert_eq!(verify(&browser, &challenge, &code(&app, IN_PLAIN, 1)).await.status, 200);
        app.clock.advance(Duration::from_secs(60));
        let body = json!({ "code": code(&app, IN_PLAIN, 0) });
        assert_eq!(browser.post("/mfa/totp/disable", body).await.status, 200);
        let app = guarded(&app, with_keys(&[KEY])).await;
        assert_eq!(app.browser().login("ada", PASSWORD).await.json()["username"], "ada");
    }

    async fn starts_at_once_take_a_factor_over_once(app: App) {
        ada_has_a_factor_of_crudauth_py(&app).await;
        let app = Arc::new(app);
        let starts = (0..8).map(|_| {
            let app = Arc::clone(&app);
            tokio::spawn(async move { guarded(&app, with_keys(&[KEY])).await })
        });
        for start in starts.collect::<Vec<_>>() {
            start.await.unwrap();
        }
        assert_eq!(app.database.count("users_authenticators").await, 1);
        assert_eq!(app.database.count("users_recovery_codes").await, 1);
    }
}
