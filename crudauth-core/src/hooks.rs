//! Hooks of the app that may refuse a sign-up, a sign-in or a change of username.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::model::{Account, AuthUser, ClientInfo, Identifier, IdentifierKind, Proofs, Username};
use crate::store_error::StoreError;

/// Why a hook stops a sign-up, a sign-in or a change of username.
#[derive(Debug, thiserror::Error)]
pub enum HookError {
    /// The app refuses. The client gets the reason.
    #[error("refused by the app: {0}")]
    Refused(Cow<'static, str>),
    /// The hook could not decide, for example because its store is away.
    #[error("a hook failed")]
    Store(#[from] StoreError),
}

impl HookError {
    /// Refuses, with a sentence that is shown to the client.
    #[must_use]
    pub fn refused(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Refused(reason.into())
    }

    pub(crate) const fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(_))
    }
}

/// A sign-up whose fields are valid. Whether its identifiers are free is not known yet.
#[derive(Clone, Debug)]
pub struct SignUpFacts<'a, U: AuthUser> {
    identifiers: &'a [Option<Identifier>],
    client: ClientInfo,
    user: std::marker::PhantomData<fn() -> U>,
}

impl<U: AuthUser> SignUpFacts<'_, U> {
    /// The first identifier of that kind, as displayed.
    #[must_use]
    pub fn shown(&self, kind: IdentifierKind) -> Option<&str> {
        self.identifiers.get(U::SHAPE.position(kind)?)?.as_ref().map(Identifier::shown)
    }

    /// The compared form of the first identifier of that kind: the same for every spelling of a name.
    #[must_use]
    pub fn key(&self, kind: IdentifierKind) -> Option<&str> {
        let at = U::SHAPE.position(kind)?;
        Some(self.identifiers.get(at)?.as_ref()?.key(&U::SHAPE.identifiers[at]))
    }

    /// The client; unknown for a plain call outside of a request.
    #[must_use]
    pub const fn client(&self) -> &ClientInfo {
        &self.client
    }
}

/// A sign-in whose factors so far are proved.
#[derive(Clone, Debug)]
pub struct SignInFacts<'a, U: AuthUser> {
    account: &'a Account<U>,
    client: &'a ClientInfo,
    proofs: Proofs,
}

impl<U: AuthUser> SignInFacts<'_, U> {
    /// The account. It is active.
    #[must_use]
    pub const fn account(&self) -> &Account<U> {
        self.account
    }

    /// The client.
    #[must_use]
    pub const fn client(&self) -> &ClientInfo {
        self.client
    }

    /// What was proved, and when. Nothing, if a provider or the app vouches for the person.
    #[must_use]
    pub const fn proofs(&self) -> Proofs {
        self.proofs
    }
}

/// A change of username after its proof. Whether the name is free is not known yet.
#[derive(Clone, Debug)]
pub struct UsernameFacts<'a, U: AuthUser> {
    account: &'a Account<U>,
    name: &'a Username,
    client: ClientInfo,
}

impl<U: AuthUser> UsernameFacts<'_, U> {
    /// The account, with its present name.
    #[must_use]
    pub const fn account(&self) -> &Account<U> {
        self.account
    }

    /// The new name.
    #[must_use]
    pub const fn name(&self) -> &Username {
        self.name
    }

    /// The client; unknown for a plain call outside of a request.
    #[must_use]
    pub const fn client(&self) -> &ClientInfo {
        &self.client
    }
}

/// Decides whether a sign-up may go on.
///
/// It is asked before the identifiers are looked up, so its answer reveals no account, and also before
/// a sign-up with a provider or by mail. An error stores nothing. A change of address and `PATCH /me` ask
/// no hook.
pub trait BeforeSignUp<U: AuthUser>: Send + Sync + 'static {
    /// Returns an error to stop the sign-up.
    ///
    /// # Errors
    /// [`HookError`].
    fn before_sign_up(
        &self,
        sign_up: SignUpFacts<'_, U>,
    ) -> impl Future<Output = Result<(), HookError>> + Send;
}

/// Decides whether a sign-in may go on.
///
/// It is asked after a right password, passkey, mailed link or code, or answer of a provider, so its
/// answer reveals nothing to strangers, and before a challenge, a session or a token is created. The
/// client that sends a
/// second factor is judged again, before the code is, so a sign-in may ask more than once. A refresh of
/// tokens is no sign-in.
pub trait BeforeSignIn<U: AuthUser>: Send + Sync + 'static {
    /// Returns an error to stop the sign-in.
    ///
    /// # Errors
    /// [`HookError`].
    fn before_sign_in(
        &self,
        sign_in: SignInFacts<'_, U>,
    ) -> impl Future<Output = Result<(), HookError>> + Send;
}

/// Decides whether an account may get a username.
///
/// An app that reserves names at [sign-up](BeforeSignUp) reserves them here as well. It is asked
/// before the name is looked up.
pub trait BeforeUsernameChange<U: AuthUser>: Send + Sync + 'static {
    /// Returns an error to keep the present name.
    ///
    /// # Errors
    /// [`HookError`].
    fn before_username_change(
        &self,
        change: UsernameFacts<'_, U>,
    ) -> impl Future<Output = Result<(), HookError>> + Send;
}

/// Object-safe [`BeforeSignUp`].
trait AnySignUpHook<U: AuthUser>: Send + Sync {
    fn ask<'a>(&'a self, sign_up: SignUpFacts<'a, U>) -> BoxFuture<'a, Result<(), HookError>>;
}

impl<U: AuthUser, H: BeforeSignUp<U>> AnySignUpHook<U> for H {
    fn ask<'a>(&'a self, sign_up: SignUpFacts<'a, U>) -> BoxFuture<'a, Result<(), HookError>> {
        Box::pin(self.before_sign_up(sign_up))
    }
}

/// Object-safe [`BeforeSignIn`].
trait AnySignInHook<U: AuthUser>: Send + Sync {
    fn ask<'a>(&'a self, sign_in: SignInFacts<'a, U>) -> BoxFuture<'a, Result<(), HookError>>;
}

impl<U: AuthUser, H: BeforeSignIn<U>> AnySignInHook<U> for H {
    fn ask<'a>(&'a self, sign_in: SignInFacts<'a, U>) -> BoxFuture<'a, Result<(), HookError>> {
        Box::pin(self.before_sign_in(sign_in))
    }
}

/// Object-safe [`BeforeUsernameChange`].
trait AnyUsernameHook<U: AuthUser>: Send + Sync {
    fn ask<'a>(&'a self, change: UsernameFacts<'a, U>) -> BoxFuture<'a, Result<(), HookError>>;
}

impl<U: AuthUser, H: BeforeUsernameChange<U>> AnyUsernameHook<U> for H {
    fn ask<'a>(&'a self, change: UsernameFacts<'a, U>) -> BoxFuture<'a, Result<(), HookError>> {
        Box::pin(self.before_username_change(change))
    }
}

/// The hooks of a mount, in the order in which they are asked. The first error counts.
#[derive(Clone)]
pub struct Hooks<U: AuthUser> {
    sign_up: Vec<Arc<dyn AnySignUpHook<U>>>,
    sign_in: Vec<Arc<dyn AnySignInHook<U>>>,
    username: Vec<Arc<dyn AnyUsernameHook<U>>>,
}

impl<U: AuthUser> Hooks<U> {
    /// Adds a hook before sign-ups.
    pub fn add_before_sign_up(&mut self, hook: impl BeforeSignUp<U>) {
        self.sign_up.push(Arc::new(hook));
    }

    /// Adds a hook before sign-ins.
    pub fn add_before_sign_in(&mut self, hook: impl BeforeSignIn<U>) {
        self.sign_in.push(Arc::new(hook));
    }

    /// Adds a hook before changes of username.
    pub fn add_before_username_change(&mut self, hook: impl BeforeUsernameChange<U>) {
        self.username.push(Arc::new(hook));
    }

    pub(crate) async fn before_sign_up(
        &self,
        identifiers: &[Option<Identifier>],
    ) -> Result<(), HookError> {
        for hook in &self.sign_up {
            let client = ClientInfo::current();
            hook.ask(SignUpFacts { identifiers, client, user: std::marker::PhantomData }).await?;
        }
        Ok(())
    }

    pub(crate) async fn before_sign_in(
        &self,
        account: &Account<U>,
        client: &ClientInfo,
        proofs: Proofs,
    ) -> Result<(), HookError> {
        for hook in &self.sign_in {
            hook.ask(SignInFacts { account, client, proofs }).await?;
        }
        Ok(())
    }

    pub(crate) async fn before_username_change(
        &self,
        account: &Account<U>,
        name: &Username,
    ) -> Result<(), HookError> {
        for hook in &self.username {
            let client = ClientInfo::current();
            hook.ask(UsernameFacts { account, name, client }).await?;
        }
        Ok(())
    }
}

impl<U: AuthUser> Default for Hooks<U> {
    fn default() -> Self {
        Self { sign_up: Vec::new(), sign_in: Vec::new(), username: Vec::new() }
    }
}

impl<U: AuthUser> fmt::Debug for Hooks<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [self.sign_up.len(), self.sign_in.len(), self.username.len()];
        f.debug_tuple("Hooks").field(&counts).finish()
    }
}
