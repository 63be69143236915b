//! Gates: what somebody who is signed in must be, beside that.

use std::future::Future;
use std::marker::PhantomData;

use crudauth_core::model::{Recoverable, Scopes};
use poem::Request;

use crate::http::Refusal;
use crate::mount::{Mount, Mounts, Scoped};
use crate::transport::{AnyTransport, Principal, Proof, Transport};

/// A condition on whoever is signed in; the second parameter of
/// [`CurrentUser`](crate::CurrentUser).
///
/// Gates compose as tuples, `CurrentUser<Auth, (Verified, Staff)>`, checked from left to right: up to
/// four, which may be tuples. An app's own is a type with an `async fn`:
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
///         // Anybody can sign up with any address; who has proved it can read its mail.
///         let is_proved = who.account().is_verified();
///         let is_staff = is_proved && who.user().email.ends_with("@example.com");
///         if is_staff { Ok(()) } else { Err(Refusal::denied()) }
///     }
/// }
/// ```
///
/// One that asks the app's own database takes the pool out of the request, `request.data::<SqlitePool>()`,
/// where `.with(AddData::new(pool))` has put it; a [`StoreError`](crate::StoreError) made of sqlx's is a
/// refusal.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot guard a `CurrentUser<{A}>`",
    label = "not a gate of `{A}`",
    note = "gates are `Verified`, `Superuser`, `Scope<..>` (around a scope), `Via<..>`, tuples of up to four gates, and your own `impl Gate<{A}>`"
)]
pub trait Gate<A: Mount>: Send + Sync + 'static {
    /// Whether credentials of that transport are looked at. Those of another one are not
    /// seen: they neither open the route nor stand in the way.
    ///
    /// Where no gate of a route says anything (the default), the owner's own credentials open it:
    /// those of transports that [act for the owner](Transport::acts_for_owner).
    #[must_use]
    fn admits(transport: Proof) -> Admission {
        let _ = transport;
        Admission::Unsaid
    }

    /// Lets somebody pass, or says why not. `auth` is the mount, whose accounts can be asked.
    ///
    /// # Errors
    /// The refusal that the client gets.
    fn check(
        auth: &A,
        who: &Principal<A::User>,
        request: &Request,
    ) -> impl Future<Output = Result<(), Refusal>> + Send;
}

/// What a gate says about the credentials of a transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Admission {
    /// They are looked at, whether or not they are the owner's own, unless another gate shuts them
    /// out.
    Open,
    /// They are not looked at.
    Shut,
    /// Nothing: it is for other gates to say.
    Unsaid,
}

impl Admission {
    /// What two gates say together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Shut, _) | (_, Self::Shut) => Self::Shut,
            (Self::Open, _) | (_, Self::Open) => Self::Open,
            (Self::Unsaid, Self::Unsaid) => Self::Unsaid,
        }
    }
}

/// Whether a route behind `G` looks at a transport.
pub(crate) fn is_admitted<A: Mount, G: Gate<A>>(transport: &dyn AnyTransport<A::User>) -> bool {
    match G::admits(transport.proof()) {
        Admission::Open => true,
        Admission::Shut => false,
        Admission::Unsaid => transport.acts_for_owner(),
    }
}

/// Whoever is signed in passes.
impl<A: Mount> Gate<A> for () {
    async fn check(_: &A, _: &Principal<A::User>, _: &Request) -> Result<(), Refusal> {
        Ok(())
    }
}

/// Their recovery address is proved. Refuses with 403 `Recovery factor not verified`; does not
/// compile for a shape without such an address.
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

/// They are a superuser, which is a column of the account: `UPDATE users SET is_superuser = TRUE`
/// makes one, and no route does. Refuses with 403 `Insufficient privileges`.
#[derive(Clone, Copy, Debug)]
pub struct Superuser;

impl<A: Mount> Gate<A> for Superuser {
    async fn check(_: &A, who: &Principal<A::User>, _: &Request) -> Result<(), Refusal> {
        if who.account().is_superuser() { Ok(()) } else { Err(Refusal::not_superuser()) }
    }
}

/// They come by the transport `T`, or by one of two or three: `Via<slice::Bearer>`,
/// `Via<slice::Bearer, slice::ApiKeys>`. Others are not looked at, so a session's cookie beside the
/// token asks for no CSRF token here, and alone it is 401 `Not authenticated`. They are tried in the
/// mount's order, not in the one given here. Does not compile for a transport that is not mounted.
/// Two of them in one tuple look at what both name: `(Via<A>, Via<B>)` lets nobody pass.
///
/// It also opens a route to credentials that are not the owner's own, which have to be asked for:
/// `Via<slice::Session, slice::ApiKeys>`.
///
/// Two arguments of one handler that are narrowed differently may name two accounts.
#[derive(Debug)]
pub struct Via<T, Or = T, OrElse = Or>(Named<T>, Named<Or>, Named<OrElse>);

/// A type that is only named.
type Named<T> = PhantomData<fn() -> T>;

impl<A, T, B, C> Gate<A> for Via<T, B, C>
where
    A: Mounts<T> + Mounts<B> + Mounts<C>,
    T: Transport<A::User>,
    B: Transport<A::User>,
    C: Transport<A::User>,
{
    fn admits(transport: Proof) -> Admission {
        match [T::NAME, B::NAME, C::NAME].contains(&transport.as_str()) {
            true => Admission::Open,
            false => Admission::Shut,
        }
    }

    async fn check(_: &A, _: &Principal<A::User>, _: &Request) -> Result<(), Refusal> {
        Ok(())
    }
}

/// Their credential has the scope `S`, which [`scopes!`](crate::scopes) declares. Refuses with 403
/// `Insufficient scope`. A session has no scopes and never passes; a tuple of gates asks for all of
/// several scopes. It opens a route to whatever has scopes, API keys included; the first transport
/// that finds somebody decides, so that where browsers send a cookie beside a token, a
/// [`Via`] should say which is meant. Does not compile for a mount whose credentials have none.
#[derive(Debug)]
pub struct Scope<S>(Named<S>);

impl<A: Scoped, S: ScopeName> Gate<A> for Scope<S> {
    fn admits(_: Proof) -> Admission {
        Admission::Open
    }

    async fn check(_: &A, who: &Principal<A::User>, _: &Request) -> Result<(), Refusal> {
        let has_it = who.scopes().contains(S::NAME);
        if has_it { Ok(()) } else { Err(Refusal::insufficient_scope(S::NAME)) }
    }
}

/// A scope; [`scopes!`](crate::scopes) declares it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a scope",
    label = "no scope was declared so",
    note = "declare it: `crudauth::scopes! {{ pub {Self} = \"reports:read\"; }}`"
)]
pub trait ScopeName: Send + Sync + 'static {
    /// What a client asks for.
    const NAME: &'static str;
}

/// The set of this scope alone; [`scopes!`](crate::scopes) has looked at its name.
#[must_use]
pub fn scope<S: ScopeName>() -> Scopes {
    Scopes::of([S::NAME]).unwrap_or_default()
}

macro_rules! tuples {
    ($(($($gate:ident),+))*) => {$(
        impl<A: Mount, $($gate: Gate<A>),+> Gate<A> for ($($gate,)+) {
            fn admits(transport: Proof) -> Admission {
                Admission::Unsaid$(.and($gate::admits(transport)))+
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
