//! Default texts of the emails, as plain text and HTML.

use std::time::Duration;

use super::{EmailMessage, MessageKind};
use crate::model::EmailAddress;

/// The secrets in an email. The link consists of the app's configured address and a token.
pub(super) struct Secrets {
    pub(super) link: String,
    pub(super) code: Option<String>,
    pub(super) expires_in: Duration,
}

/// Composes the email of that kind; a notice has no secrets.
pub(super) fn compose(
    kind: MessageKind,
    to: EmailAddress,
    secrets: Option<Secrets>,
) -> EmailMessage {
    let (subject, before, after) = kind.words();
    let mut paragraphs = vec![before.to_owned()];
    if let Some(Secrets { link, code, expires_in }) = &secrets {
        paragraphs.push(link.clone());
        let lifetime = in_words(*expires_in);
        if let Some(code) = code {
            let asks = "Or enter this code in the browser in which you asked for it:";
            let once = format!("Either works once, for {lifetime}.");
            paragraphs.extend([asks.to_owned(), code.clone(), once]);
        } else {
            paragraphs.push(format!("The link works for {lifetime}."));
        }
    }
    paragraphs.push(after.to_owned());
    let link = secrets.as_ref().map(|secrets| secrets.link.as_str());
    let html: Vec<_> = paragraphs.iter().map(|paragraph| in_html(paragraph, link)).collect();
    EmailMessage {
        to,
        subject: subject.to_owned(),
        text: paragraphs.join("\n\n"),
        html: html.join("\n"),
        kind,
        expires_in: secrets.as_ref().map(|secrets| secrets.expires_in).unwrap_or_default(),
        link: link.map(str::to_owned),
        code: secrets.and_then(|secrets| secrets.code),
    }
}

fn in_html(paragraph: &str, link: Option<&str>) -> String {
    let safe = escape(paragraph);
    if link == Some(paragraph) {
        format!("<p><a href=\"{safe}\">{safe}</a></p>")
    } else {
        format!("<p>{safe}</p>")
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

/// The text as HTML shows it, also in an attribute between double quotes.
#[must_use]
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
