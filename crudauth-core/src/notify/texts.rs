//! Default texts of the emails, as plain text and HTML.

use std::time::Duration;

use super::{EmailMessage, MessageKind};
use crate::model::EmailAddress;

/// Composes the email of that kind. The link consists of the app's configured address and a token.
pub(super) fn compose(
    kind: MessageKind,
    to: EmailAddress,
    link: Option<String>,
    expires_in: Duration,
) -> EmailMessage {
    let (subject, before, after) = words(kind);
    let lifetime = link.as_ref().map(|_| format!("The link works for {}.", in_words(expires_in)));
    let paragraphs = [Some(before.to_owned()), link.clone(), lifetime, Some(after.to_owned())];
    let text = paragraphs.iter().flatten().cloned().collect::<Vec<_>>().join("\n\n");
    let html = paragraphs.iter().flatten().map(|paragraph| match &link {
        Some(link) if paragraph == link => {
            let safe = escape(link);
            format!("<p><a href=\"{safe}\">{safe}</a></p>")
        }
        _ => format!("<p>{}</p>", escape(paragraph)),
    });
    EmailMessage {
        to,
        subject: subject.to_owned(),
        html: html.collect::<Vec<_>>().join("\n"),
        text,
        kind,
        link,
        expires_in,
    }
}

/// Returns the subject, and the texts before and after the link.
const fn words(kind: MessageKind) -> (&'static str, &'static str, &'static str) {
    match kind {
        MessageKind::VerifyEmail => (
            "Confirm your email address",
            "To confirm that this is your address, open this link:",
            "If you did not ask for this, you need not do anything.",
        ),
        MessageKind::VerifyRecovery => (
            "Confirm how we reach you",
            "To confirm that this reaches you, open this link:",
            "If you did not ask for this, you need not do anything.",
        ),
        MessageKind::ResetPassword => (
            "Reset your password",
            "To choose a new password, open this link:",
            "If you did not ask for this, you need not do anything: your password stays as it is.",
        ),
        MessageKind::ChangeEmail => (
            "Confirm your new email address",
            "To move your account to this address, open this link:",
            "If you did not ask for this, you need not do anything.",
        ),
        MessageKind::ExistingAccount => (
            "You already have an account",
            "Someone tried to sign up with this address, which already has an account.",
            "If it was you, sign in, or reset your password if you have forgotten it. If not, you \
             need not do anything.",
        ),
        MessageKind::EmailChangeRequested => (
            "Your email address is about to change",
            "Someone who is signed in to your account asked to move it to another address.",
            "If it was not you, change your password now: that stops the move.",
        ),
        MessageKind::EmailChanged => (
            "Your email address was changed",
            "Your account has moved to another address; this one no longer belongs to it.",
            "If it was not you, get in touch with us at once.",
        ),
        MessageKind::PasswordChanged => (
            "Your password was changed",
            "The password of your account was changed, and your other devices were signed out.",
            "If it was not you, reset your password at once.",
        ),
        MessageKind::ApiKeyMade => (
            "An API key was created for your account",
            "Someone who is signed in to your account created an API key, with which a program can \
             act for you.",
            "If it was not you, reset your password at once: that ends every key.",
        ),
    }
}

fn in_words(time: Duration) -> String {
    match time.as_secs() {
        3600 => "one hour".to_owned(),
        secs if secs >= 7200 => format!("{} hours", secs / 3600),
        secs => format!("{} minutes", secs / 60),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
