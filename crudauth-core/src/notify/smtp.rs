//! Sending emails by SMTP, always with TLS.

use std::time::Duration;

use lettre::address::Envelope;
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};

use super::{BoxError, EmailMessage, EmailSender};

/// Settings of an SMTP sender.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SmtpConfig {
    /// Name of the server, which its certificate must contain.
    pub host: String,
    /// Port (default 465 with implicit TLS, 587 with STARTTLS).
    pub port: Option<u16>,
    /// How TLS begins (default implicit).
    pub tls: SmtpTls,
    /// User name, if the server requires authentication.
    pub user: Option<String>,
    /// Password of the user.
    pub password: Option<SecretString>,
    /// Address of the sender, such as `Example <noreply@example.com>`.
    pub from: String,
    /// Time limit of each step (default 10 seconds).
    pub time_limit: Duration,
}

/// How TLS begins. Plain SMTP is not supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SmtpTls {
    /// From the first byte (RFC 8314).
    Implicit,
    /// After the STARTTLS command, which is mandatory (RFC 3207).
    StartTls,
}

/// Why a sender could not be created.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SmtpError {
    /// The address of the sender is invalid.
    #[error("smtp: `from` is not a valid address")]
    From,
    /// The name of the server is invalid, or TLS could not be set up.
    #[error("smtp: invalid host, or TLS not available")]
    Server(#[from] lettre::transport::smtp::Error),
}

impl SmtpConfig {
    /// Creates settings for a server and the address of the sender.
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

    /// Sets user name and password.
    #[must_use]
    pub fn credentials(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self.password = Some(SecretString::from(password.into()));
        self
    }

    /// Uses STARTTLS instead of implicit TLS.
    #[must_use]
    pub fn start_tls(mut self) -> Self {
        self.tls = SmtpTls::StartTls;
        self
    }

    /// Sets the port.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }
}

/// Sends emails by SMTP. Clones share their connections.
#[derive(Clone, Debug)]
pub struct SmtpSender {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl SmtpSender {
    /// Creates a sender. It connects for the first email.
    ///
    /// # Errors
    /// [`SmtpError`] if an address is invalid, or TLS is not available.
    ///
    /// # Panics
    /// Outside a tokio runtime, which drives the connection pool.
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

/// Builds the email. The recipient is built from its parsed parts and not parsed again, also not from
/// the header, so it cannot be read as two addresses.
fn mail(from: &Mailbox, message: &EmailMessage) -> Result<Message, BoxError> {
    let local = message.to.local_part();
    let is_dot_atom = local.split('.').all(|atom| !atom.is_empty());
    // Other dots must be quoted (RFC 5321, section 4.1.2). A parsed address contains no quotes.
    let local = if is_dot_atom { local.to_owned() } else { format!("\"{local}\"") };
    let to = Address::new(local, message.to.domain())?;
    let envelope = Envelope::new(Some(from.email.clone()), vec![to.clone()])?;
    Ok(Message::builder()
        .envelope(envelope)
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
#[allow(clippy::unwrap_used, reason = "a failed setup fails the test")]
mod tests {
    use super::*;
    use crate::model::EmailAddress;
    use crate::notify::MessageKind;
    use crate::notify::texts::{Secrets, compose};

    #[test]
    fn an_email_has_one_recipient_and_both_texts() {
        let to = EmailAddress::parse("ada@example.com").unwrap();
        let hour = Duration::from_secs(3600);
        let link = "https://app.example.com/reset-password?token=t".to_owned();
        let secrets = Secrets { link, code: None, expires_in: hour };
        let message = compose(MessageKind::ResetPassword, to, Some(secrets));
        let from = "Example <noreply@example.com>".parse().unwrap();
        let mail = mail(&from, &message).unwrap();
        let recipients: Vec<_> = mail.envelope().to().iter().map(ToString::to_string).collect();
        assert_eq!(recipients, ["ada@example.com"]);
        let wire = String::from_utf8(mail.formatted()).unwrap();
        assert!(wire.contains("text/plain") && wire.contains("text/html"));
    }

    #[test]
    fn an_address_of_other_software_is_one_recipient() {
        let from = "Example <noreply@example.com>".parse().unwrap();
        for (stored, recipient) in [
            ("a..b@docomo.example", "\"a..b\"@docomo.example"),
            (".a.@docomo.example", "\".a.\"@docomo.example"),
            ("admin@localhost", "admin@localhost"),
            ("ada@exam_ple.com", "ada@exam_ple.com"),
            (
                &format!("{}.@localhost", "x".repeat(61)),
                &format!("\"{}.\"@localhost", "x".repeat(61)),
            ),
        ] {
            let to = EmailAddress::parse_stored(stored).unwrap();
            let message = compose(MessageKind::PasswordChanged, to, None);
            let mail = mail(&from, &message).unwrap();
            let recipients: Vec<_> = mail.envelope().to().iter().map(ToString::to_string).collect();
            assert_eq!(recipients, [recipient]);
            let wire = String::from_utf8(mail.formatted()).unwrap();
            assert!(wire.contains(&format!("\r\nTo: {recipient}\r\n")), "{wire}");
        }
    }

    proptest::proptest! {
        #[test]
        fn every_address_of_other_software_can_be_mailed(
            text in "[a-z.+!#]{0,8}@[a-zA-Z0-9._-]{0,12}",
        ) {
            if let Ok(to) = EmailAddress::parse_stored(&text) {
                let from = "Example <noreply@example.com>".parse().unwrap();
                let message = compose(MessageKind::PasswordChanged, to, None);
                proptest::prop_assert!(mail(&from, &message).is_ok());
            }
        }
    }

    #[tokio::test]
    async fn a_sender_connects_lazily_and_redacts_its_password() {
        let config = SmtpConfig::new("smtp.example.com", "noreply@example.com")
            .credentials("user", "hunter2-secret");
        assert!(!format!("{config:?}").contains("hunter2"));
        assert!(SmtpSender::new(config).is_ok());
        assert!(SmtpSender::new(SmtpConfig::new("smtp.example.com", "nobody")).is_err());
    }
}
