//! `PATCH /me`: owners change columns of the app in their account.

use std::sync::Arc;

use crudauth_core::model::{AuthUser, Editable};
use crudauth_core::slices::profile::{EDIT, EditError, Profiles};
use poem::http::Method;
use poem::{Request, Response};

use super::service::NoSettings;
use super::{Service, Wiring, accounts, limits};
use crate::accounts::Accounts;
use crate::extract::owner_of;
use crate::http::{Refusal, body, capital};
use crate::mount::{Mounted, Path, Slice};

/// `profile`: owners change the columns of their account that the struct marks as editable.
///
#[doc = include_str!("../../docs/profile.md")]
#[derive(Clone, Copy, Debug)]
pub struct Profile;

impl<U: AuthUser + Editable> Slice<U> for Profile {
    fn paths() -> Vec<Path<U>> {
        vec![Path::new(Method::PATCH, "/me", edit)]
    }
}

impl Service for Profile {
    type Config = NoSettings;
    type Flows<U: AuthUser> = Profiles<U>;

    fn wire<U: AuthUser>(wiring: &Wiring<U>, _: NoSettings) -> Profiles<U> {
        let store = Arc::clone(&wiring.database.profile);
        Profiles::new(wiring.kit.clone(), store, &wiring.widths)
    }
}

impl<U: AuthUser> Accounts<U> {
    /// Changes the app's columns of accounts for their owners.
    #[must_use]
    pub fn profiles(&self) -> &Profiles<U> {
        &self.services.profile
    }
}

async fn edit<U: AuthUser>(mounted: Mounted<U>, mut request: Request) -> Result<Response, Refusal> {
    let principal = owner_of(&mounted, &request).await?;
    let form = body::json(&mut request).await?;
    let profiles = mounted.accounts().profiles();
    let edit = profiles.read(form).map_err(Refusal::invalid_fields)?;
    let used = limits::by_account(&mounted, EDIT, &principal).await?;
    used.told(async {
        profiles.edit(&principal, edit).await?;
        accounts::shown(&principal)
    })
    .await
}

impl From<EditError> for Refusal {
    fn from(error: EditError) -> Self {
        match error {
            EditError::NotOwner | EditError::Ended => Self::not_authenticated(),
            EditError::Invalid(errors) => Self::invalid_fields(errors),
            EditError::Taken(field) => {
                Self::taken("taken", format!("{} already taken", capital(field)))
            }
            EditError::Store(cause) => cause.into(),
        }
    }
}
