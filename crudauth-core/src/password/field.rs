//! A password out of a form.

use super::{MAX_BYTES, Password};
use crate::model::{Form, Mistake};

/// The password in the field `name`; `None` after noting what is wrong with it.
pub fn read_password(form: &mut Form, name: &'static str) -> Option<Password> {
    let typed = form.text(name)?;
    let password = Password::parse(&typed);
    if password.is_err() {
        form.note(Mistake::too_long(name, MAX_BYTES));
    }
    password.ok()
}
