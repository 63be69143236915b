//! Sends by SMTP, always under TLS.

use std::time::Duration;

use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};

use super::{BoxError, EmailMessage, EmailSender};

/// Where to hand mail in, and from whom it is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SmtpConfig {
    /// The server's name; its certificate must be for it.
    pub host: String,
    /// Its port (default 465 with TLS from the first byte, 587 with STARTTLS).
    pub port: Option<u16>,
    /// How TLS begins (default from the first byte).
    pub tls: SmtpTls,
    /// The account to sign in with, if the server wants one.
    pub user: Option<String>,
    /// Its password.
    pub password: Option<SecretString>,
    /// The sender's address, such as `Example <noreply@example.com>`.
    pub from: String,
    /// How long a step may take (default 10 seconds).
    pub time_limit: Duration,
}

/// How TLS begins. There is no way without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SmtpTls {
    /// From the first byte (RFC 8314).
    Implicit,
    /// After a greeting in the clear, and never without (RFC 3207).
    StartTls,
}

/// Why a sender cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SmtpError {
    /// The sender's address is none.
    #[error("smtp: `from` is no address")]
    From,
    /// The server cannot be named so, or TLS cannot be set up.
    #[error("smtp: the server cannot be reached in this way")]
    Server(#[from] lettre::transport::smtp::Error),
}

impl SmtpConfig {
    /// Hands mail in at `host`, from `from`.
    pub fn new(host: impl Into<String>, from: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            port: None,
            tls: SmtpTls::Implicit,
            user: None,
            password: None,
            from: from.into(),
            time_limit: Duration::from_secs(10),
        }
    }

    /// Signs in as `user`.
    #[must_use]
    pub fn credentials(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self.password = Some(SecretString::from(password.into()));
        self
    }

    /// Begins TLS with STARTTLS.
    #[must_use]
    pub fn start_tls(mut self) -> Self {
        self.tls = SmtpTls::StartTls;
        self
    }

    /// Another port than the usual one.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }
}

/// Sends by SMTP. Clones share their connections.
#[derive(Clone, Debug)]
pub struct SmtpSender {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl SmtpSender {
    /// A sender. No connection is made before the first mail.
    ///
    /// # Errors
    /// [`SmtpError`].
    ///
    /// # Panics
    /// Outside a tokio runtime, in which it keeps its connections.
    pub fn new(config: SmtpConfig) -> Result<Self, SmtpError> {
        let from = config.from.parse().map_err(|_| SmtpError::From)?;
        let mut builder = match config.tls {
            SmtpTls::Implicit => AsyncSmtpTransport::<Tokio1Executor>::relay(&config.host)?,
            SmtpTls::StartTls => {
                AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(&config.host)?
            }
        };
        builder = builder.timeout(Some(config.time_limit));
        if let Some(port) = config.port {
            builder = builder.port(port);
        }
        if let (Some(user), Some(password)) = (config.user, config.password) {
            let password = password.expose_secret().to_owned();
            builder = builder.credentials(Credentials::new(user, password));
        }
        Ok(Self { transport: builder.build(), from })
    }
}

/// The mail as it goes over the wire. The address is put together from its parsed parts: nothing
/// reads the text anew, so nobody can read it as two.
fn mail(from: &Mailbox, message: &EmailMessage) -> Result<Message, BoxError> {
    let to = Address::new(message.to.local_part(), message.to.domain())?;
    Ok(Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(message.subject.as_str())
        .multipart(MultiPart::alternative_plain_html(message.text.clone(), message.html.clone()))?)
}

impl EmailSender for SmtpSender {
    async fn send(&self, message: &EmailMessage) -> Result<(), BoxError> {
        self.transport.send(mail(&self.from, message)?).await?;
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
mod tests {
    use super::*;
    use crate::model::EmailAddress;
    use crate::notify::MessageKind;
    use crate::notify::texts::compose;

    #[test]
    fn a_mail_names_its_one_recipient_and_carries_both_texts() {
        let to = EmailAddress::parse("ada@example.com").unwrap();
        let link = Some("https://app.example.com/reset-password?token=t".to_owned());
        let hour = Duration::from_secs(3600);
        let message = compose(MessageKind::ResetPassword, to, link, hour);
        let from = "Example <noreply@example.com>".parse().unwrap();
        let mail = mail(&from, &message).unwrap();
        let recipients: Vec<_> = mail.envelope().to().iter().map(ToString::to_string).collect();
        assert_eq!(recipients, ["ada@example.com"]);
        let wire = String::from_utf8(mail.formatted()).unwrap();
        assert!(wire.contains("text/plain") && wire.contains("text/html"));
    }

    #[tokio::test]
    async fn a_sender_is_made_without_a_connection_and_never_shows_its_password() {
        let config = SmtpConfig::new("smtp.example.com", "noreply@example.com")
            .credentials("user", "hunter2-secret");
        assert!(!format!("{config:?}").contains("hunter2"));
        assert!(SmtpSender::new(config).is_ok());
        assert!(SmtpSender::new(SmtpConfig::new("smtp.example.com", "nobody")).is_err());
    }
}
