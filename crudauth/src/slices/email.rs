//! `POST /email/change-request` and `POST /email/change-confirm`: change of the address.

use crudauth_core::model::{AuthUser, RecoverableByEmail};
use crudauth_core::slices::recovery::{CHANGE_REQUEST, ChangeError};
use crudauth_core::slices::sudo::Proof;
use crudauth_core::sql::TableSpec;
use poem::http::Method;
use poem::{Request, Response};
use serde_json::Value;

use super::pace::constant_delay;
use super::recovery::{recovery_of, redirect_path, token, told};
use super::sudo::passkey_proof;
use super::{limits, recovery};
use crate::extract::owner_of;
use crate::http::headers::detail;
use crate::http::{Refusal, body, refusals};
use crate::mount::{Mounted, Path, Slice};

/// `email`: verification, password reset and change of address by mailed links. See [`Recovery`](crate::slice::Recovery).
#[derive(Clone, Copy, Debug)]
pub enum Email {}

impl<U: AuthUser + RecoverableByEmail> Slice<U> for Email {
    fn paths() -> Vec<Path<U>> {
        let mut paths = recovery::paths();
        paths.extend([
            Path::new(Method::POST, "/email/change-request", request_change),
            Path::new(Method::POST, "/email/change-confirm", confirm_change),
        ]);
        paths
    }

    fn tables() -> &'static [&'static TableSpec] {
        &[&crudauth_core::slices::recovery::TABLE]
    }
}

/// Counted by client and by account, against guesses of the password from one or many clients. An account
/// with a second factor proves it as well: its new address could reset the password.
async fn request_change<U: AuthUser + RecoverableByEmail>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let principal = owner_of(&mounted, &request).await?;
    let mut form = body::json(&mut request).await?;
    let new = form.email("new_email");
    let password = form.password("password");
    let (code, passkey) = (form.optional_text("code"), form.take::<Option<Value>>("passkey"));
    let next = redirect_path(&mut form);
    let (Ok(new), Ok(password), Ok(code), Ok(passkey), Ok(next)) =
        (new, password, code, passkey, next)
    else {
        return Err(Refusal::invalid_fields(form.into_errors()));
    };
    let recovery = recovery_of(&mounted)?;
    // Mistakes that send no mail do not count. A wrong password does: this route must not be a way
    // to guess it.
    recovery.check_change(&principal, &new)?;
    let by_client = limits::by_client(&mounted, CHANGE_REQUEST, &request).await?;
    let by_account = limits::by_account(&mounted, CHANGE_REQUEST, &principal).await?;
    by_client
        .tighter(by_account)
        .told(async {
            let mut proof = Proof::default();
            (proof.password, proof.code) = (Some(password), code);
            proof.passkey = passkey_proof(&mounted, &request, &principal, passkey).await?;
            recovery.start_change(&principal, &proof, new, next).await?;
            constant_delay().await;
            detail("If the address is available, a confirmation email has been sent.")
        })
        .await
}

async fn confirm_change<U: AuthUser>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let token = token(&mounted, &mut request).await?;
    let confirmed = recovery_of(&mounted)?.confirm_change(&token).await?;
    told("Email changed successfully.", confirmed)
}

impl From<ChangeError> for Refusal {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::WrongPassword => Self::wrong_password(),
            ChangeError::SecondFactor(error) => error.into(),
            ChangeError::NotOwner => Self::not_authenticated(),
            ChangeError::SameAddress => Self::same_email(),
            ChangeError::SignUpClosed => Self::sign_up_closed(),
            ChangeError::Busy(busy) => busy.into(),
            ChangeError::Store(cause) => cause.into(),
        }
    }
}

refusals! {
    wrong_password = BAD_REQUEST, "wrong-password", "Incorrect password";
    same_email = BAD_REQUEST, "same-email", "New email matches current email";
}
