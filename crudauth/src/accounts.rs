//! The flows as plain async calls: for admin tools, command lines, GraphQL and tests. The routes are
//! thin callers of the same functions.

use std::sync::Arc;

use crudauth_core::guard::challenges::ChallengeStore;
use crudauth_core::guard::store::CounterStore;
use crudauth_core::model::{
    Account, AuthUser, BrowserToken, ClientInfo, Contact, Scopes, SessionToken,
};
use crudauth_core::password::Password;
use crudauth_core::slices::DatabaseStores;
use crudauth_core::slices::account::DELETIONS;
use crudauth_core::slices::accounts::{
    Administration, PasswordError, Passwords, RegisterError, Registered, Registration, SignUp,
};
use crudauth_core::slices::admin::SUSPENSIONS;
use crudauth_core::slices::bearer::{BearerTokens, RefreshError, Refreshed};
use crudauth_core::slices::recovery::Recovery;
use crudauth_core::slices::recovery::store::ContactChange;
use crudauth_core::slices::sessions::Sessions;
use crudauth_core::slices::sessions::store::SessionStore;
use crudauth_core::slices::sign_in::{
    Binding, CodeRequest, FinishError, Finished, SignIn, SignInError, SignInFlow, SignInRequest,
    SignedIn, TokensIssued, Waiting, find,
};
use crudauth_core::sql::TableSpec;
use crudauth_core::{Kit, StoreError};

use crate::slices::Services;
use crate::transport::Principal;

/// How many expired rows of a table one statement deletes.
const PURGE_BATCH: u32 = 500;

/// The accounts behind a mount; `auth.accounts()` returns them.
pub struct Accounts<U: AuthUser> {
    pub(crate) kit: Kit<U>,
    pub(crate) stores: Stores<U>,
    pub(crate) registration: Registration<U>,
    pub(crate) sign_in: SignInFlow<U>,
    pub(crate) sessions: Arc<Sessions<U>>,
    pub(crate) passwords: Passwords<U>,
    pub(crate) administration: Administration<U>,
    pub(crate) recovery: Option<Recovery<U>>,
    pub(crate) tokens: Arc<BearerTokens<U>>,
    pub(crate) services: Services<U>,
    /// The tables of the mounted slices.
    pub(crate) tables: Vec<&'static TableSpec>,
}

/// The stores of a mount, each behind its port.
pub(crate) struct Stores<U: AuthUser> {
    pub(crate) database: DatabaseStores<U>,
    pub(crate) sessions: Arc<dyn SessionStore<U>>,
    pub(crate) counters: Arc<dyn CounterStore>,
    pub(crate) challenges: Arc<dyn ChallengeStore>,
}

impl<U: AuthUser> Accounts<U> {
    /// Adds an account. With the `email` slice its owner is asked to verify the address, and a taken
    /// address is not an error: its owner gets a notice.
    ///
    /// # Errors
    /// [`RegisterError`]; nothing is stored then.
    pub async fn register(&self, sign_up: SignUp<U>) -> Result<Registered<U::Id>, RegisterError> {
        self.registration.register(sign_up).await
    }

    /// Signs in by identifier and password, under the lockout.
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn sign_in(
        &self,
        request: SignInRequest,
    ) -> Result<SignIn<SignedIn<U>>, SignInError> {
        self.sign_in.sign_in(request).await
    }

    /// Opens a session for an account that was proved by other means than its password. An account
    /// with a second factor gets a challenge, bound to the browser that `binding` describes.
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn enter(
        &self,
        account: Account<U>,
        client: ClientInfo,
        binding: &Binding,
    ) -> Result<SignIn<SignedIn<U>>, SignInError> {
        self.sign_in.enter(account, client, binding).await
    }

    /// Returns the sign-in that waits for a code under this token, in the browser with these values of
    /// the cookie: [`Challenge`](crate::Challenge) has the token and the value.
    ///
    /// # Errors
    /// If a store fails.
    pub async fn waiting_sign_in(
        &self,
        token: &str,
        browsers: &[BrowserToken],
    ) -> Result<Option<Waiting<U>>, StoreError> {
        self.sign_in.waiting(token, browsers).await
    }

    /// Finishes a sign-in by a code of the second factor.
    ///
    /// # Errors
    /// [`FinishError`].
    pub async fn finish_sign_in(
        &self,
        waiting: Waiting<U>,
        request: CodeRequest,
    ) -> Result<Finished<U>, FinishError> {
        #[cfg(feature = "oauth")]
        let challenge = waiting.digest();
        let finished = self.sign_in.finish(waiting, request).await?;
        #[cfg(feature = "oauth")]
        self.keep_held_tokens(&challenge, &finished).await;
        Ok(finished)
    }

    /// Issues bearer tokens by identifier and password, under the same lockout. `requested` are the
    /// scopes that the client asks for: [`BearerTokens::requested_scopes`] reads a list of them.
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn issue_tokens(
        &self,
        request: SignInRequest,
        requested: Option<Scopes>,
    ) -> Result<SignIn<TokensIssued<U>>, SignInError> {
        self.sign_in.issue_tokens(request, requested).await
    }

    /// Consumes a refresh token and issues new tokens. A second use revokes the token family.
    ///
    /// # Errors
    /// [`RefreshError`].
    pub async fn refresh(
        &self,
        token: &str,
        client: &ClientInfo,
    ) -> Result<Refreshed<U>, RefreshError> {
        self.tokens.refresh(token, client).await
    }

    /// Checks, lists and revokes bearer tokens.
    #[must_use]
    pub fn tokens(&self) -> &BearerTokens<U> {
        &self.tokens
    }

    /// Returns the principal of a session token, if the session is valid.
    ///
    /// # Errors
    /// If a store fails.
    pub async fn authenticate(
        &self,
        token: &SessionToken,
    ) -> Result<Option<Principal<U>>, StoreError> {
        self.sessions.authenticate(token).await
    }

    /// Lists and revokes sessions.
    #[must_use]
    pub fn sessions(&self) -> &Sessions<U> {
        &self.sessions
    }

    /// Returns the account with this key.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn find(&self, id: &U::Id) -> Result<Option<Account<U>>, StoreError> {
        self.kit.accounts.by_id(id).await
    }

    /// Returns the account that a text names, by the identifiers of the struct in their order.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn find_by_identifier(&self, typed: &str) -> Result<Option<Account<U>>, StoreError> {
        let found = find(&*self.kit.accounts, typed).await?;
        Ok(found.map(|(account, _)| account))
    }

    /// Changes the password of the principal's account. Every other session, every token and
    /// every API key is revoked. Returns the changed account.
    ///
    /// The [application](Principal::application) has no session that stays.
    ///
    /// # Errors
    /// [`PasswordError`]; nothing changes then.
    pub async fn change_password(
        &self,
        principal: &Principal<U>,
        current: &Password,
        new: &Password,
    ) -> Result<Account<U>, PasswordError> {
        self.passwords.change(principal, current, new).await
    }

    /// Sets the first password of the principal's account. Every other session, every token and every
    /// API key is revoked. Returns the changed account. Only a session proves that the owner signed in
    /// recently.
    ///
    /// # Errors
    /// [`PasswordError`]; nothing changes then.
    pub async fn set_password(
        &self,
        principal: &Principal<U>,
        new: &Password,
    ) -> Result<Account<U>, PasswordError> {
        self.passwords.set(principal, new).await
    }

    /// Disables an account: its sessions, tokens and API keys are revoked for good. Returns `true`
    /// if there is such an account.
    ///
    /// The owner gets no message, since the app knows the reason. [`admin`](Self::admin) sends one.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn disable(&self, id: &U::Id) -> Result<bool, StoreError> {
        self.administration.disable(id).await
    }

    /// Enables an account again. Returns `true` if there is such an account.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn enable(&self, id: &U::Id) -> Result<bool, StoreError> {
        self.administration.enable(id).await
    }

    /// Lifts the lockout of an account under each of its names, for example when its owner calls the
    /// support. Locks of client networks stay. A confirmed password reset does the same.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn lift_lockout(&self, account: &Account<U>) -> Result<(), StoreError> {
        self.kit.lockout.lift(account).await
    }

    /// Deletes an account with its sessions, tokens and API keys. Returns `true` if there was one.
    ///
    /// Hooks of the app do not run, the last superuser is deleted as well, no row stays, and the owner gets
    /// no message. With the slice `account`, [`self_service`](Self::self_service) deletes an account as its
    /// owner does, with a message.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn delete(&self, id: &U::Id) -> Result<bool, StoreError> {
        self.administration.delete(id).await
    }

    /// Gives an account another address or number, after the app has made sure by other means whose
    /// it is. It is not verified then, and links to the old one are void.
    ///
    /// Sessions stay. If the account was in other hands, [`disable`](Self::disable) and
    /// [`enable`](Self::enable) it as well, which revokes sessions, tokens and keys, let the owner
    /// reset the password at once, and remove passkeys.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn set_contact(
        &self,
        id: &U::Id,
        contact: &Contact,
    ) -> Result<ContactChange, StoreError> {
        self.administration.set_contact(id, contact).await
    }

    /// Verifies contacts, resets passwords, changes addresses. `None` if the mount names neither
    /// `email` nor `recovery`.
    #[must_use]
    pub fn recovery(&self) -> Option<&Recovery<U>> {
        self.recovery.as_ref()
    }

    /// One step of a purge, bounded so that no statement occupies the database for long. Returns how
    /// many rows it deleted, and whether there may be more.
    pub(crate) async fn purge_step(&self) -> Result<(u64, bool), StoreError> {
        let now = self.kit.clock.now();
        let stores = &self.stores;
        let mut purged = stores.database.owned_rows.purge(now, PURGE_BATCH).await?;
        purged.push(stores.sessions.purge(now, PURGE_BATCH).await?);
        purged.push(stores.counters.purge(now, PURGE_BATCH).await?);
        purged.push(stores.challenges.purge(now, PURGE_BATCH).await?);
        let has = |table| self.tables.contains(&table);
        // A failure of one does not keep the other from its work.
        let ended =
            if has(&SUSPENSIONS) { self.services.admin.end_suspensions().await } else { Ok(0) };
        let owed = if has(&DELETIONS) { self.services.account.finish_due().await? } else { 0 };
        let ended = ended?;
        let has_more = purged.iter().any(|rows| *rows >= u64::from(PURGE_BATCH))
            || [owed, ended].iter().any(|accounts| *accounts >= 100);
        purged.extend([owed, ended]);
        Ok((purged.iter().sum(), has_more))
    }
}

impl<U: AuthUser> std::fmt::Debug for Accounts<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Accounts").field("table", &U::SHAPE.table).finish_non_exhaustive()
    }
}
