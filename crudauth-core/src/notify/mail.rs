//! Email as a channel: the link around the token, the words around the link.

use super::texts::compose;
use super::{BoxError, Delivery, DeliveryChannel, MessageKind, SharedSender};
use crate::model::Contact;

/// Turns a message into an email with a link that points at the app's front end.
#[derive(Clone, Debug)]
pub struct MailChannel {
    sender: SharedSender,
    frontend_url: String,
    verify: String,
    reset: String,
    change: String,
}

impl MailChannel {
    /// Mails go out by `sender`; links are the front end's address, one of the three paths, and
    /// the token.
    #[must_use]
    pub fn new(sender: SharedSender, frontend_url: &str, paths: [&str; 3]) -> Self {
        let [verify, reset, change] = paths.map(str::to_owned);
        Self { sender, frontend_url: frontend_url.to_owned(), verify, reset, change }
    }

    /// The page that a link of that kind opens.
    fn path(&self, kind: MessageKind) -> &str {
        match kind {
            MessageKind::ResetPassword => &self.reset,
            MessageKind::ChangeEmail => &self.change,
            _ => &self.verify,
        }
    }
}

impl DeliveryChannel for MailChannel {
    async fn deliver(&self, delivery: &Delivery) -> Result<(), BoxError> {
        let Contact::Email(to) = &delivery.to else {
            return Err("mail goes to addresses only".into());
        };
        let link = delivery.token.as_ref().map(|token| {
            format!("{}{}?token={}", self.frontend_url, self.path(delivery.kind), token.expose())
        });
        let message = compose(delivery.kind, to.clone(), link, delivery.expires_in);
        self.sender.send(&message).await
    }
}
