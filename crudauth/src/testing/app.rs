//! An app under test: its endpoint, its mount, and the mails that it sent.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crudauth_core::model::{ClientAddress, Contact, Scopes};
use crudauth_core::notify::{
    Delivery, EmailMessage, MessageKind, RecordingChannel, RecordingSender,
};
use crudauth_core::password::Password;
use crudauth_core::slices::accounts::{Registered, SignUp};
use crudauth_core::slices::api_keys::WantedKey;
use crudauth_core::slices::sessions::Visitor;
use crudauth_core::slices::sign_in::Attempt;
use poem::endpoint::BoxEndpoint;
use poem::{Endpoint, EndpointExt, IntoEndpoint, Response};
use serde_json::Value;

use super::Client;
use crate::accounts::Accounts;
use crate::mount::{Mount, Mounts};
use crate::slice;

/// The first address of the range for tests (RFC 2544): 198.18.0.0/15.
const FIRST_ADDRESS: u32 = Ipv4Addr::new(198, 18, 0, 1).to_bits();
/// How many of them are given out before the first one comes again.
const ADDRESSES: u32 = 0x1_0000;

/// An app under test. Clones are the same app.
pub struct App<A> {
    auth: A,
    endpoint: Arc<BoxEndpoint<'static, Response>>,
    mails: Option<RecordingSender>,
    deliveries: Option<RecordingChannel>,
    clients: Arc<AtomicU32>,
}

impl<A: Mount> App<A> {
    /// An app as it is served, mount and all.
    pub fn new<E>(auth: &A, app: impl IntoEndpoint<Endpoint = E>) -> Self
    where
        E: Endpoint + 'static,
    {
        let endpoint = Arc::new(app.into_endpoint().map_to_response().boxed());
        Self {
            auth: auth.clone(),
            endpoint,
            mails: None,
            deliveries: None,
            clients: Arc::default(),
        }
    }

    /// The mount.
    #[must_use]
    pub const fn auth(&self) -> &A {
        &self.auth
    }

    /// Where its mails are kept: the sender that its mount was given.
    #[must_use]
    pub fn mails(mut self, sender: &RecordingSender) -> Self {
        self.mails = Some(sender.clone());
        self
    }

    /// Where its messages over another channel are kept: the channel that its mount was given.
    #[must_use]
    pub fn deliveries(mut self, channel: &RecordingChannel) -> Self {
        self.deliveries = Some(channel.clone());
        self
    }

    /// A new browser, in which nobody is signed in, at an address of its own.
    #[must_use]
    pub fn client(&self) -> Client {
        let http = &self.auth.mounted().parts().http;
        let nth = self.clients.fetch_add(1, Ordering::Relaxed) % ADDRESSES;
        let address = IpAddr::V4(Ipv4Addr::from_bits(FIRST_ADDRESS + nth));
        Client::new(Arc::clone(&self.endpoint), http.cookies.clone(), http.trusted_hops, address)
    }

    /// Waits until everything is sent, and gives the newest mail of that kind to that address.
    ///
    /// # Panics
    /// If there is none, or [`mails`](Self::mails) was not said.
    pub async fn last_mail(&self, kind: MessageKind, to: &str) -> EmailMessage {
        let mails = self.sent().await;
        match mails.last(kind, to) {
            Some(mail) => mail,
            None => panic!("no {kind:?} to {to}: {:?}", mails.messages()),
        }
    }

    /// The link in it.
    ///
    /// # Panics
    /// If there is no such mail, or it is one without a link.
    pub async fn last_link(&self, kind: MessageKind, to: &str) -> String {
        match self.last_mail(kind, to).await.link {
            Some(link) => link,
            None => panic!("a {kind:?} has no link"),
        }
    }

    /// The token of the newest message of that kind to that address or number, as the front end
    /// sends it back.
    ///
    /// # Panics
    /// If there is no such message, or it is one without a token.
    pub async fn last_token(&self, kind: MessageKind, to: &str) -> String {
        match self.last_delivery(kind, to).await {
            Some(Delivery { token: Some(token), .. }) => token.expose().to_owned(),
            Some(_) => panic!("a {kind:?} has no token"),
            None => token_of(&self.last_link(kind, to).await),
        }
    }

    /// Waits until everything is sent, and gives the newest message of that kind to that address or
    /// number that went over [`deliveries`](Self::deliveries).
    pub async fn last_delivery(&self, kind: MessageKind, to: &str) -> Option<Delivery> {
        self.auth.mounted().drained().await;
        self.deliveries.as_ref()?.last(kind, to)
    }

    async fn sent(&self) -> &RecordingSender {
        self.auth.mounted().drained().await;
        match &self.mails {
            Some(mails) => mails,
            None => panic!("say `.mails(&sender)` first, with the sender that the mount has"),
        }
    }

    fn accounts(&self) -> &Accounts<A::User> {
        self.auth.mounted().accounts()
    }

    /// Signs somebody up by what a visitor would fill in, and gives their browser, in which nobody is
    /// signed in yet. No allowance is counted.
    ///
    /// # Panics
    /// If the sign-up is refused.
    pub async fn registered(&self, form: Value) -> Client {
        self.enrolled(&form).await;
        self.client()
    }

    /// Adds an account; gives what its owner signs in by, and where messages reach them.
    async fn enrolled(&self, form: &Value) -> (String, Option<Contact>) {
        let sign_up = match SignUp::<A::User>::from_json(form) {
            Ok(sign_up) => sign_up,
            Err(mistakes) => panic!("the sign-up has mistakes: {mistakes:?}"),
        };
        let named = (sign_up.login_name().unwrap_or_default().to_owned(), sign_up.contact());
        match self.accounts().register(sign_up).await {
            Ok(Registered::Added(_)) => named,
            Ok(taken) => panic!("nobody was added: {taken:?}"),
            Err(error) => panic!("nobody was added: {error:?}"),
        }
    }
}

impl<A: Mounts<slice::Session>> App<A> {
    /// Signs somebody up by what a visitor would fill in, and in. No allowance is counted.
    ///
    /// # Panics
    /// If the sign-up is refused.
    pub async fn signed_up(&self, form: Value) -> Client {
        let (name, _) = self.enrolled(&form).await;
        self.signed_in(&name, password_of(&form)).await
    }

    /// The same, and the address or number is proved by the token that was sent.
    ///
    /// # Panics
    /// If the sign-up is refused, or no message with a token was sent.
    pub async fn verified(&self, form: Value) -> Client {
        let (name, contact) = self.enrolled(&form).await;
        let (kind, to) = match contact {
            Some(Contact::Email(address)) => (MessageKind::VerifyEmail, address.to_string()),
            Some(contact) => (MessageKind::VerifyRecovery, contact.to_string()),
            None => panic!("nothing recovers the account, so nothing can be proved"),
        };
        let token = self.last_token(kind, &to).await;
        let Some(recovery) = self.accounts().recovery() else {
            panic!("the mount names neither `email` nor `recovery`");
        };
        if let Err(error) = recovery.confirm_verification(&token).await {
            panic!("the token is refused: {error:?}");
        }
        self.signed_in(&name, password_of(&form)).await
    }

    /// A new browser in which the owner of an account is signed in.
    ///
    /// # Panics
    /// If the sign-in is refused.
    pub async fn signed_in(&self, identifier: &str, password: &str) -> Client {
        let client = self.client();
        let attempt = attempt(&client, identifier, password);
        match self.accounts().sign_in(attempt).await {
            Ok(signed_in) => {
                let session = signed_in.session;
                client.take(session.token.expose(), session.csrf.expose(), &signed_in.device);
                client
            }
            Err(error) => panic!("{identifier} is not signed in: {error:?}"),
        }
    }
}

impl<A: Mounts<slice::Bearer>> App<A> {
    /// A program to which the owner of an account has given an access token with these scopes: a
    /// client that sends it with every request. What refreshes it is not kept; to test that, send
    /// the form to `/token`.
    ///
    /// # Panics
    /// If the sign-in is refused, or one of the scopes is not granted: what is grantable is said by
    /// `BearerConfig::grantable_scopes`, and by the mount's scope policy.
    pub async fn granted(
        &self,
        identifier: &str,
        password: &str,
        scopes: impl Into<Scopes>,
    ) -> Client {
        let client = self.client();
        let attempt = attempt(&client, identifier, password);
        let scopes = scopes.into();
        match self.accounts().grant(attempt, Some(scopes.clone())).await {
            Ok(granted) if granted.issued.scopes.contains_all(&scopes) => {
                client.bearer(granted.issued.access.expose())
            }
            Ok(granted) => {
                let got = granted.issued.scopes;
                panic!("{identifier} is granted `{got}` of `{scopes}`")
            }
            Err(error) => panic!("{identifier} gets no tokens: {error:?}"),
        }
    }
}

impl<A: Mounts<slice::ApiKeys>> App<A> {
    /// A program that has an API key of an account with these scopes, and sends it with every request.
    ///
    /// # Panics
    /// If there is no such account, it has as many keys as it may, or one of the scopes is not
    /// granted: what is grantable is said by `ApiKeyConfig::grantable_scopes`, and by the mount's
    /// scope policy.
    pub async fn keyed(&self, identifier: &str, scopes: impl Into<Scopes>) -> Client {
        let wanted = WantedKey::named("a test's").scopes(scopes);
        let account = match self.accounts().find_by_identifier(identifier).await {
            Ok(Some(account)) => account,
            Ok(None) => panic!("there is no {identifier}"),
            Err(error) => panic!("{identifier} is not found: {error:?}"),
        };
        match self.accounts().api_keys().create(Visitor::as_app(&account), &wanted).await {
            Ok(made) if made.key.scopes == wanted.scopes => {
                self.client().bearer(made.secret.expose())
            }
            Ok(made) => {
                let (got, wanted) = (made.key.scopes, wanted.scopes);
                panic!("a key of {identifier} is granted `{got}` of `{wanted}`")
            }
            Err(error) => panic!("{identifier} gets no key: {error:?}"),
        }
    }
}

/// A sign-in from where the client is.
fn attempt(client: &Client, identifier: &str, password: &str) -> Attempt {
    let password = match Password::parse(password) {
        Ok(password) => password,
        Err(error) => panic!("{error}"),
    };
    let mut attempt = Attempt::new(identifier, &password);
    attempt.opening.client = Some(ClientAddress::from(client.address()));
    attempt
}

fn password_of(form: &Value) -> &str {
    form["password"].as_str().unwrap_or_default()
}

fn token_of(link: &str) -> String {
    match link.rsplit_once("token=") {
        Some((_, token)) => token.to_owned(),
        None => panic!("the link has no token: {link}"),
    }
}

impl<A: Clone> Clone for App<A> {
    fn clone(&self) -> Self {
        Self {
            auth: self.auth.clone(),
            endpoint: Arc::clone(&self.endpoint),
            mails: self.mails.clone(),
            deliveries: self.deliveries.clone(),
            clients: Arc::clone(&self.clients),
        }
    }
}

impl<A> std::fmt::Debug for App<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("App(..)")
    }
}
