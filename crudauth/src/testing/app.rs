//! An app under test: its endpoint, its mount and its messages.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crudauth_core::model::{ClientAddress, Contact, Scopes};
use crudauth_core::notify::{
    Delivery, EmailMessage, MessageKind, RecordingChannel, RecordingSender,
};
use crudauth_core::password::Password;
use crudauth_core::slices::accounts::{Registered, SignUp};
use crudauth_core::slices::api_keys::NewApiKey;
use crudauth_core::slices::sign_in::{SignIn, SignInRequest};
use poem::endpoint::BoxEndpoint;
use poem::{Endpoint, EndpointExt, IntoEndpoint, Response};
use serde_json::Value;

use super::Client;
use crate::accounts::Accounts;
use crate::bots::BotProtection;
use crate::mount::{Mount, Mounts};
use crate::slice;
use crate::transport::Principal;

/// First client address, of the range for tests (198.18.0.0/15, RFC 2544).
const FIRST_ADDRESS: u32 = Ipv4Addr::new(198, 18, 0, 1).to_bits();
/// Number of client addresses, after which they repeat.
const ADDRESSES: u32 = 0x1_0000;

/// An app under test. Clones share the app.
#[derive(Clone)]
pub struct App<A> {
    auth: A,
    endpoint: Arc<BoxEndpoint<'static, Response>>,
    mails: Option<RecordingSender>,
    deliveries: Option<RecordingChannel>,
    clients: Arc<AtomicU32>,
}

impl<A: Mount> App<A> {
    /// Wraps an app as it is served, including the mount.
    pub fn new<E>(auth: &A, app: impl IntoEndpoint<Endpoint = E>) -> Self
    where
        E: Endpoint + 'static,
    {
        let endpoint = Arc::new(app.into_endpoint().map_to_response().boxed());
        let clients = Arc::default();
        Self { auth: auth.clone(), endpoint, mails: None, deliveries: None, clients }
    }

    /// Returns the mount.
    #[must_use]
    pub const fn auth(&self) -> &A {
        &self.auth
    }

    /// Sets the recording sender that the mount is configured with.
    #[must_use]
    pub fn mails(mut self, sender: &RecordingSender) -> Self {
        self.mails = Some(sender.clone());
        self
    }

    /// Sets the recording channel that the mount is configured with.
    #[must_use]
    pub fn deliveries(mut self, channel: &RecordingChannel) -> Self {
        self.deliveries = Some(channel.clone());
        self
    }

    /// Creates a browser without a session, at its own address.
    #[must_use]
    pub fn client(&self) -> Client {
        let http = &self.auth.mounted().parts().http;
        let number = self.clients.fetch_add(1, Ordering::Relaxed) % ADDRESSES;
        let address = IpAddr::V4(Ipv4Addr::from_bits(FIRST_ADDRESS + number));
        Client::new(Arc::clone(&self.endpoint), http.cookies.clone(), http.trusted_hops, address)
    }

    /// Waits until all messages are sent, and returns the newest email of that kind to that
    /// address.
    ///
    /// # Panics
    /// If there is no such email, or [`mails`](Self::mails) was not called.
    pub async fn last_mail(&self, kind: MessageKind, to: &str) -> EmailMessage {
        let mails = self.drained_mails().await;
        let mail = mails.last(kind, to);
        mail.unwrap_or_else(|| panic!("no {kind:?} to {to}: {:?}", mails.messages()))
    }

    /// Returns the link of the newest email of that kind to that address.
    ///
    /// # Panics
    /// If there is no such email, or it has no link.
    pub async fn last_link(&self, kind: MessageKind, to: &str) -> String {
        let link = self.last_mail(kind, to).await.link;
        link.unwrap_or_else(|| panic!("{kind:?} has no link"))
    }

    /// Returns the token of the newest message of that kind to that address or number.
    ///
    /// # Panics
    /// If there is no such message, or it has no token.
    pub async fn last_token(&self, kind: MessageKind, to: &str) -> String {
        match self.last_delivery(kind, to).await {
            Some(Delivery { token: Some(token), .. }) => token.expose().to_owned(),
            Some(_) => panic!("{kind:?} has no token"),
            None => token_of(&self.last_link(kind, to).await),
        }
    }

    /// Waits until all messages are sent, and returns the newest one of that kind to that address
    /// or number in [`deliveries`](Self::deliveries).
    pub async fn last_delivery(&self, kind: MessageKind, to: &str) -> Option<Delivery> {
        self.auth.mounted().drained().await;
        self.deliveries.as_ref()?.last(kind, to)
    }

    async fn drained_mails(&self) -> &RecordingSender {
        self.auth.mounted().drained().await;
        let Some(mails) = &self.mails else {
            panic!("no recording sender: call `.mails(&sender)` first");
        };
        mails
    }

    fn accounts(&self) -> &Accounts<A::User> {
        self.auth.mounted().accounts()
    }

    /// Signs up an account from the fields of a sign-up form, and returns a browser without a
    /// session. Does not count towards rate limits.
    ///
    /// # Panics
    /// If the sign-up fails.
    pub async fn registered(&self, form: Value) -> Client {
        self.add_account(&form).await;
        self.client()
    }

    /// Adds an account; returns its sign-in identifier and its recovery contact.
    async fn add_account(&self, form: &Value) -> (String, Option<Contact>) {
        let sign_up = SignUp::<A::User>::from_json(form)
            .unwrap_or_else(|errors| panic!("invalid sign-up: {errors:?}"));
        let identifier = sign_up.login_name().unwrap_or_default().to_owned();
        let contact = sign_up.contact();
        match self.accounts().register(sign_up).await {
            Ok(Registered::Added(_)) => (identifier, contact),
            failed => panic!("sign-up failed: {failed:?}"),
        }
    }
}

impl<A: Mounts<slice::Session>> App<A> {
    /// Signs up an account from the fields of a sign-up form, and returns a browser with a session.
    /// Does not count towards rate limits.
    ///
    /// # Panics
    /// If the sign-up fails.
    pub async fn signed_up(&self, form: Value) -> Client {
        let (name, _) = self.add_account(&form).await;
        self.signed_in(&name, password_of(&form)).await
    }

    /// Same as [`signed_up`](Self::signed_up), and verifies the recovery contact with the token
    /// sent.
    ///
    /// # Panics
    /// If the sign-up fails, or no message with a token was sent.
    pub async fn verified(&self, form: Value) -> Client {
        let (name, contact) = self.add_account(&form).await;
        let (kind, to) = match contact {
            Some(Contact::Email(address)) => (MessageKind::VerifyEmail, address.to_string()),
            Some(contact) => (MessageKind::VerifyRecovery, contact.to_string()),
            None => panic!("the account has no recovery contact"),
        };
        let token = self.last_token(kind, &to).await;
        let Some(recovery) = self.accounts().recovery() else {
            panic!("the mount has neither `email` nor `recovery`");
        };
        if let Err(error) = recovery.confirm_verification(&token).await {
            panic!("verification failed: {error:?}");
        }
        self.signed_in(&name, password_of(&form)).await
    }

    /// Creates a browser with a session of an existing account.
    ///
    /// # Panics
    /// If the sign-in fails.
    pub async fn signed_in(&self, identifier: &str, password: &str) -> Client {
        let client = self.client();
        let attempt = attempt(&client, identifier, password);
        match self.accounts().sign_in(attempt).await {
            Ok(SignIn::Done(signed_in)) => {
                client.set_session(&signed_in.session, &signed_in.device);
                client
            }
            other => panic!("sign-in of {identifier} failed: {other:?}"),
        }
    }
}

impl<A: Mounts<slice::Bearer>> App<A> {
    /// Creates a client that sends an access token of the account with these scopes. The refresh
    /// token is dropped; to test it, post a form to `/token`.
    ///
    /// # Panics
    /// If the sign-in fails, or a scope is not granted. Configure `BearerConfig::grantable_scopes`
    /// and the mount's scope policy.
    pub async fn granted(
        &self,
        identifier: &str,
        password: &str,
        scopes: impl Into<Scopes>,
    ) -> Client {
        let client = self.client();
        let attempt = attempt(&client, identifier, password);
        let scopes = scopes.into();
        match self.accounts().issue_tokens(attempt, Some(scopes.clone())).await {
            Ok(SignIn::Done(granted)) if granted.issued.scopes.contains_all(&scopes) => {
                client.bearer(granted.issued.access.expose())
            }
            Ok(SignIn::Done(granted)) => {
                panic!("only `{}` of `{scopes}` granted to {identifier}", granted.issued.scopes)
            }
            other => panic!("no tokens for {identifier}: {other:?}"),
        }
    }
}

impl<A: Mounts<slice::BotProtection>> App<A> {
    /// Solves a puzzle of the proof of work, and returns the answer for one request: the member
    /// `altcha` of its body, or the header `X-Bot-Check`. Lower
    /// [`max_number`](crate::bots::ProofOfWork::max_number) for fast tests.
    ///
    /// # Panics
    /// If the mount has a check of its own; configure one for the tests instead.
    #[must_use]
    pub fn bot_answer(&self) -> String {
        let puzzle = self.accounts().bot_protection().and_then(BotProtection::puzzle);
        match puzzle.and_then(|puzzle| puzzle.solve()) {
            Some(answer) => answer,
            None => panic!("the mount has a bot check of its own"),
        }
    }
}

impl<A: Mounts<slice::ApiKeys>> App<A> {
    /// Creates a client that sends a new API key of the account with these scopes.
    ///
    /// # Panics
    /// If the account is missing or has the maximum number of keys, or a scope is not granted.
    /// Configure `ApiKeyConfig::grantable_scopes` and the mount's scope policy.
    pub async fn keyed(&self, identifier: &str, scopes: impl Into<Scopes>) -> Client {
        let wanted = NewApiKey::named("test").scopes(scopes);
        let account = match self.accounts().find_by_identifier(identifier).await {
            Ok(Some(account)) => account,
            Ok(None) => panic!("no account {identifier}"),
            Err(error) => panic!("look-up of {identifier} failed: {error:?}"),
        };
        match self.accounts().api_keys().create(&Principal::application(&account), &wanted).await {
            Ok(created) if created.key.scopes == wanted.scopes => {
                self.client().bearer(created.secret.expose())
            }
            Ok(created) => {
                panic!(
                    "only `{}` of `{}` granted to {identifier}",
                    created.key.scopes, wanted.scopes
                )
            }
            Err(error) => panic!("no API key for {identifier}: {error:?}"),
        }
    }
}

/// Creates a sign-in from the address of the client.
fn attempt(client: &Client, identifier: &str, password: &str) -> SignInRequest {
    let password = Password::parse(password).unwrap_or_else(|error| panic!("{error}"));
    let mut attempt = SignInRequest::new(identifier, password);
    attempt.client.address = Some(ClientAddress::from(client.address()));
    attempt
}

fn password_of(form: &Value) -> &str {
    form["password"].as_str().unwrap_or_default()
}

fn token_of(link: &str) -> String {
    let Some((_, token)) = link.rsplit_once("token=") else {
        panic!("the link has no token: {link}");
    };
    token.to_owned()
}

impl<A> std::fmt::Debug for App<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("App(..)")
    }
}
