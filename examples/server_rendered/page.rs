//! The pages: forms for the routes of the library. `maud` escapes every text.

use crudauth::FlashMessage;
use maud::{DOCTYPE, Markup, html};

use crate::User;

type Message<'m> = Option<&'m FlashMessage>;

/// A page with a title, and the outcome of the last form.
fn page(title: &str, flash: Message<'_>, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                link rel="stylesheet" href="/style.css";
            }
            body {
                main {
                    h1 { (title) }
                    @if let Some(flash) = flash.filter(|flash| !flash.detail.is_empty()) {
                        p role=(if flash.is_ok() { "status" } else { "alert" }) { (flash.detail) }
                    }
                    (content)
                }
            }
        }
    }
}

/// A labelled field, with its error.
fn field(flash: Message<'_>, name: &str, label: &str, kind: &str, completion: &str) -> Markup {
    let error = flash.and_then(|flash| flash.error_of(name));
    let described_by = error.map(|_| format!("{name}-error"));
    html! {
        label for=(name) { (label) }
        input id=(name) name=(name) type=(kind) autocomplete=(completion)
            value=[flash.and_then(|flash| flash.value_of(name))]
            aria-invalid=[error.map(|_| "true")] aria-describedby=[described_by.as_deref()];
        @if let (Some(error), Some(id)) = (error, &described_by) { p.bad id=(id) { (error) } }
    }
}

fn hidden(name: &str, value: Option<&str>) -> Markup {
    html! { @if let Some(value) = value { input type="hidden" name=(name) value=(value); } }
}

/// A form for a route of the library, with the CSRF token of a signed-in person.
fn form(route: &str, csrf: Option<&str>, next: Option<&str>, content: &Markup) -> Markup {
    html! {
        form method="post" action=(route) {
            (hidden("csrf_token", csrf))
            (hidden("next", next))
            (content)
        }
    }
}

fn button(text: &str) -> Markup {
    html! { button type="submit" { (text) } }
}

pub(crate) fn home(user: Option<&User>, csrf: Option<&str>, flash: Message<'_>) -> Markup {
    page(
        "Notes",
        flash,
        &html! {
            @if let Some(user) = user {
                p { "Hello " (user.full_name.as_ref().unwrap_or(&user.username)) "." }
                p { a href="/notes" { "Your notes" } " · " a href="/account" { "Your account" } }
                (form("/logout", csrf, Some("/"), &button("Sign out")))
            } @else {
                p { a href="/sign-up" { "Sign up" } " · " a href="/sign-in" { "Sign in" } }
            }
        },
    )
}

pub(crate) fn sign_up(flash: Message<'_>) -> Markup {
    page(
        "Sign up",
        flash,
        &form(
            "/register",
            None,
            None,
            &html! {
                (field(flash, "email", "Email", "email", "email"))
                (field(flash, "username", "Username", "text", "username"))
                (field(flash, "full_name", "Full name (optional)", "text", "name"))
                (field(flash, "password", "Password", "password", "new-password"))
                (button("Sign up"))
            },
        ),
    )
}

pub(crate) fn sign_in(next: Option<&str>, flash: Message<'_>) -> Markup {
    page(
        "Sign in",
        flash,
        &html! {
            (form("/login", None, next, &html! {
                (field(flash, "username", "Username or email", "text", "username"))
                (field(flash, "password", "Password", "password", "current-password"))
                label { input type="checkbox" name="remember_me" value="true"; " Stay signed in" }
                (button("Sign in"))
            }))
            h2 { "Without a password" }
            @if let Some(challenge) = flash.and_then(|flash| flash.challenge.as_deref()) {
                (form("/email-login/confirm", None, next, &html! {
                    (hidden("challenge", Some(challenge)))
                    (field(flash, "code", "Code of the mail", "text", "one-time-code"))
                    (button("Use the code"))
                }))
            }
            (form("/email-login/request", None, None, &html! {
                (field(flash, "email", "Email", "email", "email"))
                (button("Mail a link"))
            }))
            p { a href="/forgot-password" { "Forgot your password?" } }
            p { a href="/sign-up" { "Sign up" } }
        },
    )
}

pub(crate) fn forgot_password(flash: Message<'_>) -> Markup {
    page(
        "Forgot your password?",
        flash,
        &form(
            "/password/reset-request",
            None,
            None,
            &html! {
                (field(flash, "email", "Email", "email", "email"))
                (button("Send a link"))
            },
        ),
    )
}

pub(crate) fn reset_password(token: &str, flash: Message<'_>) -> Markup {
    page(
        "Choose a password",
        flash,
        &form(
            "/password/reset-confirm",
            None,
            Some("/sign-in"),
            &html! {
                (hidden("token", Some(token)))
                (field(flash, "new_password", "New password", "password", "new-password"))
                (button("Save"))
            },
        ),
    )
}

pub(crate) fn confirmation(route: &str, token: &str, flash: Message<'_>) -> Markup {
    page(
        "Confirm your address",
        flash,
        &form(
            route,
            None,
            Some("/"),
            &html! {
                (hidden("token", Some(token)))
                (button("Confirm"))
            },
        ),
    )
}

pub(crate) fn account(
    user: &User,
    is_verified: bool,
    csrf: Option<&str>,
    flash: Message<'_>,
) -> Markup {
    page(
        "Your account",
        flash,
        &html! {
            p { (user.username) ", " (user.email) @if !is_verified { " (not confirmed)" } }
            @if !is_verified {
                (form("/email/verify-request", csrf, None, &html! {
                    (hidden("email", Some(&user.email)))
                    (button("Send the confirmation again"))
                }))
            }
            h2 { "Change your password" }
            (form("/change-password", csrf, None, &html! {
                (field(flash, "current_password", "Current password", "password", "current-password"))
                (field(flash, "new_password", "New password", "password", "new-password"))
                (button("Change"))
            }))
            h2 { "Change your address" }
            (form("/email/change-request", csrf, None, &html! {
                (field(flash, "new_email", "New address", "email", "email"))
                (field(flash, "password", "Password", "password", "current-password"))
                (button("Send a link"))
            }))
            h2 { "Sign out" }
            (form("/logout", csrf, Some("/"), &button("Sign out")))
            (form("/logout-all", csrf, Some("/"), &button("Sign out everywhere")))
            p { a href="/notes" { "Your notes" } }
        },
    )
}

pub(crate) fn notes<'n>(notes: impl Iterator<Item = &'n str>, csrf: Option<&str>) -> Markup {
    page(
        "Your notes",
        None,
        &html! {
            (form("/notes", csrf, None, &html! {
                label for="text" { "Note" }
                textarea id="text" name="text" maxlength="500" required {}
                (button("Save"))
            }))
            ul { @for note in notes { li { (note) } } }
            p { a href="/" { "Home" } }
        },
    )
}
