//! The email channel: builds the link and the texts, and passes them to a sender.

use super::texts::{Secrets, compose};
use super::{BoxError, Delivery, DeliveryChannel, MessageKind, SharedSender};
use crate::model::Contact;

/// Place of the token in the template of a link.
pub(crate) const TOKEN: &str = "{token}";

/// Delivers messages as emails, with links to the app's front end.
#[derive(Clone, Debug)]
pub struct MailChannel {
    sender: SharedSender,
    frontend_url: String,
    verify: String,
    reset: String,
    change: String,
    delete: String,
    restore: String,
    login: String,
    invitation: String,
}

impl MailChannel {
    /// Creates a channel that sends by `sender`. A link is `frontend_url` and one of the paths for
    /// verification, reset, change of address, deletion, restoring, sign-in and invitation. The token
    /// takes the place of `{token}` in the path, or follows as `?token=`.
    #[must_use]
    pub fn new(sender: SharedSender, frontend_url: &str, paths: [&str; 7]) -> Self {
        let frontend_url = frontend_url.to_owned();
        let [verify, reset, change, delete, restore, login, invitation] = paths.map(str::to_owned);
        Self { sender, frontend_url, verify, reset, change, delete, restore, login, invitation }
    }

    /// Returns the path for links of that kind.
    fn path(&self, kind: MessageKind) -> &str {
        match kind {
            MessageKind::ResetPassword => &self.reset,
            MessageKind::ChangeEmail => &self.change,
            MessageKind::DeleteAccount => &self.delete,
            MessageKind::DeletionRequested => &self.restore,
            MessageKind::EmailLogin => &self.login,
            MessageKind::Invitation => &self.invitation,
            _ => &self.verify,
        }
    }
}

impl DeliveryChannel for MailChannel {
    async fn deliver(&self, delivery: &Delivery) -> Result<(), BoxError> {
        let Contact::Email(to) = &delivery.to else {
            return Err("the recipient is not an email address".into());
        };
        let path = self.path(delivery.kind);
        let secrets = delivery.token.as_ref().map(|token| {
            let (before, after) = path.split_once(TOKEN).unwrap_or((path, ""));
            let query = if path.contains(TOKEN) { "" } else { "?token=" };
            Secrets {
                link: format!("{}{before}{query}{}{after}", self.frontend_url, token.expose()),
                code: delivery.code.as_ref().map(|code| code.expose().to_owned()),
                expires_in: delivery.expires_in,
            }
        });
        let message = compose(delivery.kind, to.clone(), secrets);
        self.sender.send(&message).await
    }
}
