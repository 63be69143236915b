//! A password from the terminal, without an echo, or a line of stdin.

use std::io::{self, BufRead, IsTerminal};

use crudauth_core::notify::BoxError;

pub(super) fn read() -> Result<String, BoxError> {
    if !io::stdin().is_terminal() {
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line)?;
        return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
    }
    let password = rpassword::prompt_password("Password: ")?;
    if rpassword::prompt_password("Again: ")? != password {
        return Err("the passwords differ".into());
    }
    Ok(password)
}
