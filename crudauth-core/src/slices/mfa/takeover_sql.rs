//! Second factors of crudauth-py in the app's database.

use async_trait::async_trait;

use super::sql::{FORGET_PENDING, INSERT};
use super::store::{Enrolment, FactorStore};
use super::takeover::{CrudauthPyFactor, CrudauthPyFactors};
use crate::model::{Account, AuthUser};
use crate::sql::engine::retrying;
use crate::sql::rows::Columns;
use crate::sql::{AuthRow, Backend, SqlStore, Stores};
use crate::store_error::StoreError;

// A number as text: the column has another type on each database.
const FACTORS: &str = "SELECT {read id}, totp_secret_encrypted, CAST(totp_last_step AS CHAR(20)), \
    mfa_recovery_codes FROM {table} WHERE totp_confirmed_at IS NOT NULL";

const EMPTY: &str = "UPDATE {table} SET totp_secret_encrypted = NULL, totp_confirmed_at = NULL, \
    totp_last_step = NULL, mfa_recovery_codes = NULL \
    WHERE {id} = {:account id} AND totp_confirmed_at IS NOT NULL";

#[async_trait]
impl<DB: Backend + Stores<U::Id>, U: AuthRow<DB>> CrudauthPyFactors<U> for SqlStore<DB, U> {
    async fn crudauth_py_factors(&self) -> Result<Vec<CrudauthPyFactor<U::Id>>, StoreError> {
        let rows = self.rows(self.query(FACTORS)).await?;
        Ok(rows.iter().map(factor::<DB, U>).collect::<Result<_, _>>()?)
    }

    async fn take_over(
        &self,
        account: &Account<U>,
        enrolment: &Enrolment,
    ) -> Result<bool, StoreError> {
        let found = self.find(account).await?;
        let has_factor = found.is_some_and(|found| found.confirmed_at.is_some());
        let Enrolment { secret, step, recovery_codes, now } = enrolment;
        retrying(|| async {
            let mut tx = self.begin().await?;
            if tx.execute(self.of(EMPTY, account)).await? == 0 {
                return tx.roll_back(false).await;
            }
            if !has_factor {
                tx.execute(self.of(FORGET_PENDING, account)).await?;
                let insert = self
                    .of(INSERT, account)
                    .bind_bytes("secret", secret.as_bytes())
                    .bind_instant("now", *now)
                    .bind("confirmed_at", Some(now.timestamp_millis()))
                    .bind("step", Some(*step));
                tx.execute(insert).await?;
                self.store_codes(&mut tx, account, recovery_codes, *now).await?;
            }
            tx.commit().await?;
            Ok(true)
        })
        .await
    }
}

fn factor<DB: Backend + Stores<U::Id>, U: AuthUser>(
    row: &DB::Row,
) -> Result<CrudauthPyFactor<U::Id>, sqlx::Error> {
    let mut columns = Columns::<DB>::new(row, 0);
    let account = columns.next()?;
    let secret = columns.next()?;
    let last_step: Option<String> = columns.next()?;
    Ok(CrudauthPyFactor {
        account,
        secret,
        last_step: last_step.and_then(|step| step.trim().parse().ok()),
        recovery_codes: columns.next()?,
    })
}
