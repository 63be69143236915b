//! `POST /username/change`: owners change the username of their account.

use std::sync::Arc;

use crudauth_core::hooks::BeforeUsernameChange;
use crudauth_core::model::{AuthUser, HasUsername};
use crudauth_core::slices::username::{CHANGE, UsernameError, Usernames};
use crudauth_core::sql::Backend;
use poem::http::Method;
use poem::{Request, Response};

use super::service::NoSettings;
use super::{Service, Wiring, limits, sudo};
use crate::accounts::Accounts;
use crate::builder::Builder;
use crate::extract::owner_of;
use crate::http::headers::detail;
use crate::http::{Refusal, body, capital, refusals};
use crate::mount::{Mount, Mounted, Mounts, Path, Slice};

/// `username`: owners change the username of their account.
///
#[doc = include_str!("../../docs/username.md")]
#[derive(Clone, Copy, Debug)]
pub struct Username;

super::stores!(Username: usernames);

impl<U: AuthUser + HasUsername> Slice<U> for Username {
    fn paths() -> Vec<Path<U>> {
        vec![Path::new(Method::POST, "/username/change", change)]
    }
}

impl Service for Username {
    type Config = NoSettings;
    type Flows<U: AuthUser> = Usernames<U>;

    fn wire<U: AuthUser>(wiring: &Wiring<U>, _: NoSettings) -> Usernames<U> {
        let Wiring { kit, database, callers, sudo, widths, .. } = wiring;
        let proof = (callers.clone(), Arc::clone(sudo));
        Usernames::new(kit.clone(), Arc::clone(&database.usernames), proof, widths)
    }
}

impl<U: AuthUser> Accounts<U> {
    /// Changes usernames for their owners.
    #[must_use]
    pub fn usernames(&self) -> &Usernames<U> {
        &self.services.username
    }
}

impl<A: Mount, DB: Backend, S> Builder<A, DB, S> {
    /// Adds a hook that may refuse a username, with a reason that the client gets as a 403 with the
    /// code `refused-by-app`. Hooks are asked in the order of the calls.
    pub fn before_username_change(mut self, hook: impl BeforeUsernameChange<A::User>) -> Self
    where
        A: Mounts<Username>,
    {
        self.settings.hooks.add_before_username_change(hook);
        self
    }
}

async fn change<U: AuthUser + HasUsername>(
    mounted: Mounted<U>,
    mut request: Request,
) -> Result<Response, Refusal> {
    let principal = owner_of(&mounted, &request).await?;
    let usernames = mounted.accounts().usernames();
    let mut form = body::json(&mut request).await?;
    let name = usernames.read(&mut form);
    let proof = sudo::read_proof(&mut form);
    let (Ok(name), Ok(proof)) = (name, proof) else {
        return Err(Refusal::invalid_fields(form.into_errors()));
    };
    // Mistakes in the name do not count. A wrong password does.
    usernames.check(&principal, &name)?;
    let used = limits::by_account(&mounted, CHANGE, &principal).await?;
    used.told(async {
        usernames.change(&principal, &name, &proof).await?;
        detail("Username changed.")
    })
    .await
}

impl From<UsernameError> for Refusal {
    fn from(error: UsernameError) -> Self {
        match error {
            UsernameError::Proof(error) => error.into(),
            UsernameError::NotOwner | UsernameError::Ended => Self::not_authenticated(),
            UsernameError::SameName => Self::same_username(),
            UsernameError::Invalid(errors) => Self::invalid_fields(errors),
            UsernameError::Taken(field) => {
                Self::taken("taken", format!("{} already taken", capital(field)))
            }
            UsernameError::RefusedByApp(reason) => Self::refused_by_app(reason),
            UsernameError::Store(cause) => cause.into(),
        }
    }
}

refusals! {
    same_username = BAD_REQUEST, "same-username", "New username matches current username";
}
