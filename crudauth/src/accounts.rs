//! The flows as plain async calls: for admin tools, command lines, GraphQL and tests. The routes
//! are thin callers of the same.

use std::sync::Arc;

use crudauth_core::model::{Account, AuthUser, Contact, Token};
use crudauth_core::model::{ClientAddress, Scopes};
use crudauth_core::password::Password;
use crudauth_core::ports::{
    AccountStore, ApiKeyStore, Clock, ContactChange, CounterStore, GrantStore, SessionStore,
    StoreError,
};
use crudauth_core::slices::accounts::{PasswordError, Passwords};
use crudauth_core::slices::accounts::{RegisterError, Registered, Registration, SignUp};
use crudauth_core::slices::api_keys::ApiKeys;
use crudauth_core::slices::bearer::{RefreshError, Refreshed, Tokens};
use crudauth_core::slices::recovery::Recovery;
use crudauth_core::slices::sessions::{Sessions, Visit, Visitor};
use crudauth_core::slices::sign_in::Granted;
use crudauth_core::slices::sign_in::{self, Attempt, SignIn, SignInError, SignedIn};

/// How many expired rows of a table one statement deletes.
const PURGED_AT_ONCE: u32 = 500;

/// The accounts behind a mount; `auth.accounts()` gives them.
pub struct Accounts<U: AuthUser> {
    pub(crate) store: Arc<dyn AccountStore<U>>,
    pub(crate) session_store: Arc<dyn SessionStore<U>>,
    pub(crate) counters: Arc<dyn CounterStore>,
    pub(crate) registration: Registration<U>,
    pub(crate) sign_in: SignIn<U>,
    pub(crate) sessions: Arc<Sessions<U>>,
    pub(crate) passwords: Passwords<U>,
    pub(crate) recovery: Option<Recovery<U>>,
    pub(crate) tokens: Arc<Tokens<U>>,
    pub(crate) api_keys: ApiKeys<U>,
    pub(crate) grant_store: Arc<dyn GrantStore<U>>,
    pub(crate) api_key_store: Arc<dyn ApiKeyStore<U>>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl<U: AuthUser> Accounts<U> {
    /// Adds an account. With the `email` slice its owner is asked to confirm the address, and a
    /// taken address is not an error: its owner gets a notice.
    ///
    /// # Errors
    /// [`RegisterError`]; nothing is stored then.
    pub async fn register(&self, sign_up: SignUp<U>) -> Result<Registered<U::Id>, RegisterError> {
        self.registration.register(sign_up).await
    }

    /// Signs somebody in by identifier and password, under the lockout.
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn sign_in(&self, attempt: Attempt) -> Result<SignedIn<U>, SignInError> {
        self.sign_in.sign_in(attempt).await
    }

    /// Gives tokens to somebody by identifier and password, under the same lockout. `asked` are the
    /// scopes that they want: [`Tokens::asked`] reads a list of them.
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn grant(
        &self,
        attempt: Attempt,
        asked: Option<Scopes>,
    ) -> Result<Granted<U>, SignInError> {
        self.sign_in.grant(&self.tokens, attempt, asked).await
    }

    /// Uses a refresh token up for new tokens. Using one twice ends what they stand on.
    ///
    /// # Errors
    /// [`RefreshError`].
    pub async fn refresh(
        &self,
        token: &str,
        client: Option<ClientAddress>,
        user_agent: Option<&str>,
    ) -> Result<Refreshed<U>, RefreshError> {
        self.tokens.refresh(token, client, user_agent).await
    }

    /// Recognises, lists and ends bearer tokens.
    #[must_use]
    pub fn tokens(&self) -> &Tokens<U> {
        &self.tokens
    }

    /// Makes, recognises, lists and revokes API keys.
    #[must_use]
    pub fn api_keys(&self) -> &ApiKeys<U> {
        &self.api_keys
    }

    /// Who is signed in with this session token, if anybody.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn authenticate(&self, token: &Token) -> Result<Option<Visit<U>>, StoreError> {
        self.sessions.authenticate(token).await
    }

    /// Lists and ends sessions.
    #[must_use]
    pub fn sessions(&self) -> &Sessions<U> {
        &self.sessions
    }

    /// The account with this key.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn find(&self, id: &U::Id) -> Result<Option<Account<U>>, StoreError> {
        self.store.by_id(id).await
    }

    /// The account that a text names, by the identifiers of the shape in their order.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn find_by_identifier(&self, typed: &str) -> Result<Option<Account<U>>, StoreError> {
        sign_in::find(&*self.store, typed).await
    }

    /// Changes the visitor's password; every other session and every token ends. Answers the account
    /// as it is then. A visitor is a [`Principal`](crate::Principal), a [`Visit`], or the app itself
    /// ([`Visitor::as_app`]), which has no session that lives on.
    ///
    /// # Errors
    /// [`PasswordError`]; nothing changes then.
    pub async fn change_password<'a>(
        &self,
        visitor: impl Into<Visitor<'a, U>>,
        current: &Password,
        new: &Password,
    ) -> Result<Account<U>, PasswordError> {
        self.passwords.change(visitor.into(), current, new).await
    }

    /// Gives the visitor's account its first password; other sessions end. Answers the account as
    /// it is then. Only a session tells that the sign-in was recent.
    ///
    /// # Errors
    /// [`PasswordError`]; nothing changes then.
    pub async fn set_password<'a>(
        &self,
        visitor: impl Into<Visitor<'a, U>>,
        new: &Password,
    ) -> Result<Account<U>, PasswordError> {
        self.passwords.set(visitor.into(), new, self.sessions.config()).await
    }

    /// Disables an account: its sessions, tokens and API keys end for good. Answers whether there is one.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn disable(&self, id: &U::Id) -> Result<bool, StoreError> {
        self.passwords.disable(id).await
    }

    /// Enables an account again. Answers whether there is one.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn enable(&self, id: &U::Id) -> Result<bool, StoreError> {
        self.passwords.enable(id).await
    }

    /// Deletes an account with its sessions, tokens and API keys. Answers whether there was one.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn delete(&self, id: &U::Id) -> Result<bool, StoreError> {
        self.passwords.delete(id).await
    }

    /// Gives an account another address or number, for whoever has made sure that it is theirs by
    /// other means: it is not verified then, and what was sent to the old one is void. The `email`
    /// slice has a route for people who move by themselves.
    ///
    /// Whoever is signed in stays so. Where the account was in other hands, [`disable`](Self::disable)
    /// and [`enable`](Self::enable) it as well: that ends all they have but the password. Whoever knows
    /// that can sign in until a reset by the new address has replaced it, so have the owner do that at
    /// once.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn set_contact(
        &self,
        id: &U::Id,
        contact: &Contact,
    ) -> Result<ContactChange, StoreError> {
        let is_one = U::SHAPE.recovery_column().is_some_and(|column| {
            Contact::parse(column.kind, contact.as_str()).as_ref() == Some(contact)
        });
        match is_one {
            true => self.store.set_contact(id, contact, self.clock.now()).await,
            false => Ok(ContactChange::Nobody),
        }
    }

    /// What messages do: proving, resetting, moving. `None` where the mount names neither `email`
    /// nor `recovery`.
    #[must_use]
    pub fn recovery(&self) -> Option<&Recovery<U>> {
        self.recovery.as_ref()
    }

    /// Ends all that a disabled account has, so that enabling it brings nothing back.
    pub(crate) async fn end_all_of_disabled(&self, account: &Account<U>) -> Result<(), StoreError> {
        let id = account.user.id();
        tracing::info!(account = %id, "a credential refused, and all there is ended: account disabled");
        self.session_store.end_all_of_disabled(id, self.clock.now()).await
    }

    /// One step of a purge: bounded, so that no statement holds the database up. Tells how many
    /// rows it deleted, and whether there may be more.
    pub(crate) async fn purge_step(&self) -> Result<(u64, bool), StoreError> {
        let now = self.clock.now();
        let sessions = self.session_store.purge_sessions(now, PURGED_AT_ONCE).await?;
        let tokens = self.store.purge_tokens(now, PURGED_AT_ONCE).await?;
        let counters = self.counters.purge_counters(now, PURGED_AT_ONCE).await?;
        let grants = self.grant_store.purge_grants(now, PURGED_AT_ONCE).await?;
        let api_keys = self.api_key_store.purge_api_keys(now, PURGED_AT_ONCE).await?;
        let purged = [sessions, tokens, counters, grants, api_keys];
        let has_more = purged.iter().any(|rows| *rows >= u64::from(PURGED_AT_ONCE));
        Ok((purged.iter().sum(), has_more))
    }
}

impl<U: AuthUser> std::fmt::Debug for Accounts<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Accounts").field("table", &U::SHAPE.table).finish_non_exhaustive()
    }
}
