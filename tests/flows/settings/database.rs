//! A database that does not match the user struct, or is away.

use crudauth::email::RecordingSender;
use crudauth::{BuildError, ConfigError, EmailConfig, SchemaError, StoreError, migrations};
use crudauth_tests::{Auth, FRONTEND, SECRET, User, on_every_pool};
use sqlx::SqlitePool;

use super::{email, pool};

on_every_pool! {
    async fn an_incomplete_database_is_rejected_with_the_missing_parts(database, pool) {
        let build = async || {
            let settings = EmailConfig::new(RecordingSender::default(), FRONTEND);
            Auth::builder(pool.clone(), SECRET).email(settings).build().await
        };
        let error = build().await.unwrap_err();
        let BuildError::Invalid { settings, schema } = &error else { panic!("{error}") };
        assert_eq!(*settings, []);
        assert!(matches!(schema[..], [SchemaError::Differs { table: "users", .. }]), "{error}");
        let errors = error.to_string();
        assert!(errors.contains("CREATE TABLE") && errors.contains("migrations!(Auth)"), "{errors}");
        migrations!(User).run(&pool).await.unwrap();
        build().await.unwrap();
        database.execute("ALTER TABLE users DROP COLUMN full_name").await;
        let errors = build().await.unwrap_err().to_string();
        assert!(errors.contains("ADD COLUMN") && errors.contains("full_name"), "{errors}");
        migrations!(User).run(&pool).await.unwrap();
        database.execute("DROP TABLE users_lockouts").await;
        let errors = build().await.unwrap_err().to_string();
        assert!(errors.contains("users_lockouts"), "{errors}");
    }
}

#[tokio::test]
async fn an_unreachable_database_is_not_a_config_error() {
    let away = pool();
    away.close().await;
    let Err(BuildError::Database(error)) = built(away, SECRET).await else { panic!() };
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    let away = pool();
    away.close().await;
    let Err(error) = built(away, "short").await else { panic!() };
    assert!(matches!(error.settings(), [ConfigError::WeakSecret(_)]), "{error:?}");
}

async fn built(pool: SqlitePool, secret: &str) -> Result<Auth, BuildError> {
    Auth::builder(pool, secret).email(email(FRONTEND)).build().await
}
