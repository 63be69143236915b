//! Gates: conditions on an authenticated request.
//!
//! Checked by the extractors, after authentication.

mod any;
mod fresh;
mod role;

use std::future::Future;
use std::marker::PhantomData;

pub use any::{Any, Gates};
use crudauth_core::model::{Recoverable, Scopes};
pub use fresh::{Elevated, Factor, Fresh, factor};
use poem::Request;
pub use role::Role;

use crate::http::Refusal;
use crate::mount::{Mount, Mounts, Scoped};
use crate::transport::{AnyTransport, AuthMethod, Principal, Transport};

/// A condition on the authenticated party; the second parameter of
/// [`CurrentUser`](crate::CurrentUser).
///
/// A tuple of up to four gates requires all of them, `CurrentUser<Auth, (Verified, Staff)>`,
/// checked from left to right. Tuples nest, and [`Any`] requires one of several. A gate of the app is a type with an `async fn`:
///
/// ```
/// # use crudauth::{AuthUser, Gate, Principal, Refusal};
/// # use poem::Request;
/// # #[derive(Clone, Debug, AuthUser)]
/// # struct User { id: i64, email: String }
/// # #[crudauth::routes(user = User, session)]
/// # struct Auth;
/// struct Staff;
///
/// impl Gate<Auth> for Staff {
///     async fn check(_: &Auth, who: &Principal<User>, _: &Request) -> Result<(), Refusal> {
///         // Without verification, anyone can sign up with any address.
///         let is_verified = who.account().is_verified();
///         let is_staff = is_verified && who.user().email.ends_with("@example.com");
///         if is_staff { Ok(()) } else { Err(Refusal::denied()) }
///     }
/// }
/// ```
///
/// A gate that queries the app's database takes the pool from the request,
/// `request.data::<SqlitePool>()`, after `.with(AddData::new(pool))`. A sqlx error converts into a
/// [`StoreError`](crate::StoreError), and that into a refusal.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a gate of `{A}`",
    label = "not a gate",
    note = "use `Verified`, `Superuser`, `Elevated`, `Fresh<..>`, `Scope<..>` (with a scope), `Role<..>`, `Via<..>`, `Any<(..)>` or a tuple of up to four gates, or implement `Gate<{A}>` for your own type"
)]
pub trait Gate<A: Mount>: Send + Sync + 'static {
    /// Returns whether credentials of that transport count. Others are ignored: they neither open
    /// the route nor cause a refusal.
    ///
    /// If no gate of a route decides (the default), credentials of transports that [act for the
    /// owner](Transport::acts_for_owner) count.
    #[must_use]
    fn admits(transport: AuthMethod) -> Admission {
        let _ = transport;
        Admission::Default
    }

    /// Checks the condition. `auth` is the mount, with access to the accounts.
    ///
    /// # Errors
    /// The refusal for the request.
    fn check(
        auth: &A,
        who: &Principal<A::User>,
        request: &Request,
    ) -> impl Future<Output = Result<(), Refusal>> + Send;
}

/// Decision of a gate about the credentials of a transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Admission {
    /// They count, even if they do not act for the owner, unless another gate excludes them.
    Accept,
    /// They are ignored.
    Ignore,
    /// The gate does not decide.
    Default,
}

impl Admission {
    /// Combines the decisions of two gates.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Ignore, _) | (_, Self::Ignore) => Self::Ignore,
            (Self::Accept, _) | (_, Self::Accept) => Self::Accept,
            (Self::Default, Self::Default) => Self::Default,
        }
    }

    /// Whether credentials of a transport count, which may act for the owner.
    const fn is_granted(self, acts_for_owner: bool) -> bool {
        match self {
            Self::Accept => true,
            Self::Ignore => false,
            Self::Default => acts_for_owner,
        }
    }
}

/// Returns `true` if credentials of a transport count on a route with the gate `G`.
pub(crate) fn is_admitted<A: Mount, G: Gate<A>>(transport: &dyn AnyTransport<A::User>) -> bool {
    G::admits(transport.method()).is_granted(transport.acts_for_owner())
}

/// Accepts every authenticated request.
impl<A: Mount> Gate<A> for () {
    async fn check(_: &A, _: &Principal<A::User>, _: &Request) -> Result<(), Refusal> {
        Ok(())
    }
}

/// Requires a verified recovery contact. Refuses with 403 `Recovery factor not verified`. Does not
/// compile for a user struct without a recovery contact.
#[derive(Clone, Copy, Debug)]
pub struct Verified;

impl<A: Mount> Gate<A> for Verified
where
    A::User: Recoverable,
{
    async fn check(_: &A, who: &Principal<A::User>, _: &Request) -> Result<(), Refusal> {
        if who.account().is_verified() { Ok(()) } else { Err(Refusal::not_verified()) }
    }
}

/// Requires a superuser. Refuses with 403 `Insufficient privileges`.
///
/// No route makes an account a superuser; run `UPDATE users SET is_superuser = TRUE WHERE …`.
#[derive(Clone, Copy, Debug)]
pub struct Superuser;

impl<A: Mount> Gate<A> for Superuser {
    async fn check(_: &A, who: &Principal<A::User>, _: &Request) -> Result<(), Refusal> {
        if who.account().is_superuser() { Ok(()) } else { Err(Refusal::not_superuser()) }
    }
}

/// Refuses an administrator who acts as the account, with 403 `impersonated`: for what only its owner may
/// do or see. See [`slice::Admin`](crate::slice::Admin).
#[derive(Clone, Copy, Debug)]
pub struct NotImpersonated;

impl<A: Mount> Gate<A> for NotImpersonated {
    async fn check(_: &A, who: &Principal<A::User>, _: &Request) -> Result<(), Refusal> {
        if who.impersonator().is_none() { Ok(()) } else { Err(Refusal::impersonated()) }
    }
}

/// Requires one of up to three transports: `Via<slice::Bearer>`, `Via<slice::Bearer,
/// slice::ApiKeys>`.
///
/// Other credentials are ignored: a session cookie next to a token requires no CSRF token, and
/// alone it gives 401 `Not authenticated`. Transports are tried in the order of the mount. Does not
/// compile for a transport that is not mounted. A tuple accepts the transports that all its `Via`
/// name, so `(Via<A>, Via<B>)` rejects every request.
///
/// It also opens a route to credentials that do not act for the owner, such as API keys:
/// `Via<slice::Session, slice::ApiKeys>`.
///
/// Two arguments of one handler with different `Via` may hold two different accounts.
#[derive(Debug)]
pub struct Via<T, Or = T, OrElse = Or>(Named<T>, Named<Or>, Named<OrElse>);

/// A type parameter without a value.
type Named<T> = PhantomData<fn() -> T>;

impl<A, T, B, C> Gate<A> for Via<T, B, C>
where
    A: Mounts<T> + Mounts<B> + Mounts<C>,
    T: Transport<A::User>,
    B: Transport<A::User>,
    C: Transport<A::User>,
{
    fn admits(transport: AuthMethod) -> Admission {
        if [T::NAME, B::NAME, C::NAME].contains(&transport.as_str()) {
            Admission::Accept
        } else {
            Admission::Ignore
        }
    }

    async fn check(_: &A, _: &Principal<A::User>, _: &Request) -> Result<(), Refusal> {
        Ok(())
    }
}

/// Requires the scope `S`, declared by [`scopes!`](crate::scopes). Refuses with 403 `Insufficient
/// scope`.
///
/// A session has no scopes and never passes. A tuple of gates requires several scopes. The gate
/// opens a route to every credential with scopes, including API keys. The first transport with a
/// valid credential decides; if browsers send a cookie next to a token, add a [`Via`]. Does not
/// compile for a mount without tokens or API keys.
#[derive(Debug)]
pub struct Scope<S>(Named<S>);

impl<A: Scoped, S: ScopeName> Gate<A> for Scope<S> {
    fn admits(_: AuthMethod) -> Admission {
        Admission::Accept
    }

    async fn check(_: &A, who: &Principal<A::User>, _: &Request) -> Result<(), Refusal> {
        if who.scopes().contains(S::NAME) {
            Ok(())
        } else {
            Err(Refusal::insufficient_scope(S::NAME))
        }
    }
}

/// A scope, declared by [`scopes!`](crate::scopes).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a scope",
    label = "not declared as a scope",
    note = "declare it: `crudauth::scopes! {{ pub {Self} = \"reports:read\"; }}`"
)]
pub trait ScopeName: Send + Sync + 'static {
    /// Name of the scope in requests.
    const NAME: &'static str;
}

/// Returns the set with this scope only. [`scopes!`](crate::scopes) has validated its name.
#[must_use]
pub fn scope<S: ScopeName>() -> Scopes {
    Scopes::of([S::NAME]).unwrap_or_default()
}

macro_rules! tuples {
    ($(($($gate:ident),+))*) => {$(
        impl<A: Mount, $($gate: Gate<A>),+> Gate<A> for ($($gate,)+) {
            fn admits(transport: AuthMethod) -> Admission {
                Admission::Default$(.and($gate::admits(transport)))+
            }

            async fn check(
                auth: &A,
                who: &Principal<A::User>,
                request: &Request,
            ) -> Result<(), Refusal> {
                $($gate::check(auth, who, request).await?;)+
                Ok(())
            }
        }
    )*};
}
tuples! { (B) (B, C) (B, C, D) (B, C, D, E) }
