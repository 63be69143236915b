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
    let (subject, before, after) = kind.words();
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

fn in_words(time: Duration) -> String {
    match time.as_secs() {
        3600 => "one hour".to_owned(),
        secs if secs >= 48 * 3600 => format!("{} days", secs / (24 * 3600)),
        secs if secs >= 7200 => format!("{} hours", secs / 3600),
        secs => format!("{} minutes", secs / 60),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
