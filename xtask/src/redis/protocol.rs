//! One Redis command over a connection of its own (RESP 2).

use std::{
    fmt::Write as _,
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, TcpStream},
    time::Duration,
};

use crate::Result;

const TIMEOUT: Duration = Duration::from_secs(5);

/// Sends a command to a server on this machine and returns its reply as text.
///
/// # Errors
/// If the server cannot be reached, replies with an error, or replies with a list.
pub(super) fn call(port: u16, args: &[&str]) -> Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.write_all(request(args)?.as_bytes())?;
    read_reply(BufReader::new(stream))
}

fn request(args: &[&str]) -> Result<String> {
    let mut request = format!("*{}\r\n", args.len());
    for arg in args {
        write!(request, "${}\r\n{arg}\r\n", arg.len())?;
    }
    Ok(request)
}

fn read_reply(mut reader: impl BufRead) -> Result<String> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let line = line.trim_end();
    match line.split_at_checked(1) {
        Some(("+" | ":", text)) => Ok(text.to_owned()),
        Some(("$", length)) => {
            let mut text = vec![0; length.parse()?];
            reader.read_exact(&mut text)?;
            Ok(String::from_utf8(text)?)
        }
        _ => Err(format!("unexpected reply: {line}").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_a_list_of_sized_strings() {
        assert_eq!(request(&["GET", "key"]).unwrap(), "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n");
    }

    #[test]
    fn a_reply_is_a_line_or_a_sized_string() {
        assert_eq!(read_reply(&b"+PONG\r\n"[..]).unwrap(), "PONG");
        assert_eq!(read_reply(&b"$5\r\na\r\nbc\r\n"[..]).unwrap(), "a\r\nbc");
    }

    #[test]
    fn an_error_and_the_end_of_a_connection_are_no_reply() {
        assert!(read_reply(&b"-LOADING\r\n"[..]).is_err());
        assert!(read_reply(&b""[..]).is_err());
    }
}
