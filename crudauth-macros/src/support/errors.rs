//! Compile errors: each points at a token of the user's, names the mistake, and then the fix.

use std::fmt::Display;

use darling::Error;
use darling::error::Accumulator;
use syn::spanned::Spanned;

/// An error at this token, of the form "mistake: fix".
pub(crate) fn mistake(at: &impl Spanned, message: impl Display) -> Error {
    Error::custom(message).with_span(at)
}

/// Takes the result of darling. Its errors get the form of ours.
pub(crate) fn take<T>(read: darling::Result<T>, errors: &mut Accumulator) -> Option<T> {
    read.map_err(|error| errors.extend(error.flatten().into_iter().map(with_fix))).ok()
}

/// darling names the mistake, and suggests a fix only where few arguments exist or one is similar.
fn with_fix(error: Error) -> Error {
    let span = error.span();
    let text = syn::Error::from(error).to_string();
    let text = if let Some(name) = text.strip_prefix("Duplicate field ") {
        format!("duplicate {name}: remove one")
    } else if let Some(unknown) = text.strip_prefix("Unknown field: ") {
        let (name, hint) =
            unknown.split_once(". ").unwrap_or((unknown, "see the docs of the macro"));
        let hint = hint.replace("Did", "did").replace("Available values:", "use one of");
        format!("unknown argument {name}: {hint}")
    } else if text.ends_with("format `literal`") {
        "unexpected literal: write `name` or `name = value`".to_owned()
    } else if text.starts_with("Name-value arguments are not supported") {
        "unexpected value: write the arguments in parentheses".to_owned()
    } else {
        text
    };
    mistake(&span, text)
}

/// The messages, in the order in which they were added.
#[cfg(test)]
pub(crate) fn messages(errors: Accumulator) -> Vec<String> {
    let errors = errors.into_inner().into_iter().flat_map(Error::flatten);
    errors.map(|error| syn::Error::from(error).to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed(error: Error) -> String {
        let mut errors = Error::accumulator();
        let taken: Option<()> = take(Err(mistake(&error.span(), error)), &mut errors);
        assert_eq!(taken, None);
        messages(errors).remove(0)
    }

    #[test]
    fn every_error_of_darling_gets_a_fix() {
        let known = ["register", "skip"];
        for (error, message) in [
            (Error::duplicate_field("skip"), "duplicate `skip`: remove one"),
            (Error::unknown_field("x"), "unknown argument `x`: see the docs of the macro"),
            (
                Error::unknown_field_with_alts("regster", &known),
                "unknown argument `regster`: did you mean `register`?",
            ),
            (
                Error::unknown_field_with_alts("x", &known),
                "unknown argument `x`: use one of `register`, `skip`",
            ),
            (
                Error::unsupported_format("literal"),
                "unexpected literal: write `name` or `name = value`",
            ),
        ] {
            assert_eq!(fixed(error), message);
        }
    }
}
