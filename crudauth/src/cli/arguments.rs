//! The arguments of the process.

use std::ffi::OsString;

use lexopt::{Arg, Parser, ValueExt};

pub(super) const USAGE: &str = "\
Commands:
  migrate                            create what the database lacks
  migrate --plan                     show it, and what is in the way, and change nothing
  create-superuser FIELD=VALUE...    add an account; the password is asked for, or read from stdin
  promote NAME                       make an account with a proved address a superuser
  promote NAME --unverified          also one that anyone could have signed up for
  invite ADDRESS FIELD=VALUE...      mail an invitation, with these columns preset
  unlock NAME                        lift the lockout of an account
  disable NAME                       disable an account and revoke its credentials
  enable NAME                        enable it again
  purge                              delete expired rows

NAME is an identifier of the account, such as its address.";

/// A command.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command {
    Help,
    Plan,
    Migrate,
    Act(Action),
}

/// A command that needs the mount.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Action {
    CreateSuperuser(Vec<(String, String)>),
    Promote { name: String, allows_unverified: bool },
    Invite(String, Vec<(String, String)>),
    Unlock(String),
    Disable(String),
    Enable(String),
    Purge,
}

impl Command {
    /// Reads the arguments; the first is the program.
    pub(super) fn read(
        arguments: impl IntoIterator<Item = OsString, IntoIter: 'static>,
    ) -> Result<Self, lexopt::Error> {
        let mut parser = Parser::from_iter(arguments);
        let command = match parser.next()? {
            None => return Err("name a command".into()),
            Some(Arg::Long("help") | Arg::Short('h')) => return Ok(Self::Help),
            Some(Arg::Value(command)) => command.string()?,
            Some(other) => return Err(other.unexpected()),
        };
        let read = match &*command {
            "help" => Self::Help,
            "migrate" => match parser.next()? {
                None => return Ok(Self::Migrate),
                Some(Arg::Long("plan")) => Self::Plan,
                Some(other) => return Err(other.unexpected()),
            },
            "create-superuser" => Self::Act(Action::CreateSuperuser(fields(&mut parser)?)),
            "promote" => Self::Act(promotion(&mut parser)?),
            "invite" => Self::Act(Action::Invite(name(&mut parser)?, fields(&mut parser)?)),
            "unlock" => Self::Act(Action::Unlock(name(&mut parser)?)),
            "disable" => Self::Act(Action::Disable(name(&mut parser)?)),
            "enable" => Self::Act(Action::Enable(name(&mut parser)?)),
            "purge" => Self::Act(Action::Purge),
            unknown => return Err(format!("unknown command `{unknown}`").into()),
        };
        match parser.next()? {
            None => Ok(read),
            Some(other) => Err(other.unexpected()),
        }
    }
}

fn name(parser: &mut Parser) -> Result<String, lexopt::Error> {
    parser.value()?.string()
}

fn promotion(parser: &mut Parser) -> Result<Action, lexopt::Error> {
    let mut name = None;
    let mut allows_unverified = false;
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("unverified") => allows_unverified = true,
            Arg::Value(value) if name.is_none() => name = Some(value.string()?),
            other => return Err(other.unexpected()),
        }
    }
    let name = name.ok_or("name the account to promote")?;
    Ok(Action::Promote { name, allows_unverified })
}

fn fields(parser: &mut Parser) -> Result<Vec<(String, String)>, lexopt::Error> {
    let mut fields = Vec::new();
    while let Some(argument) = parser.next()? {
        let Arg::Value(field) = argument else { return Err(argument.unexpected()) };
        let field = field.string()?;
        let (name, value) = field.split_once('=').ok_or("write fields as NAME=VALUE")?;
        if name == "password" {
            return Err(
                "other users of this machine see arguments: the password is asked for".into()
            );
        }
        fields.push((name.to_owned(), value.to_owned()));
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str]) -> Result<Command, String> {
        let all = ["app"].iter().chain(arguments).map(OsString::from).collect::<Vec<_>>();
        Command::read(all).map_err(|error| error.to_string())
    }

    #[test]
    fn each_command_is_read() {
        assert_eq!(read(&["migrate"]), Ok(Command::Migrate));
        assert_eq!(read(&["migrate", "--plan"]), Ok(Command::Plan));
        assert_eq!(read(&["unlock", "ada"]), Ok(Command::Act(Action::Unlock("ada".to_owned()))));
        let fields = vec![("email".to_owned(), "a=b@example.com".to_owned())];
        let created = read(&["create-superuser", "email=a=b@example.com"]);
        assert_eq!(created, Ok(Command::Act(Action::CreateSuperuser(fields))));
        for arguments in [["promote", "ada", "--unverified"], ["promote", "--unverified", "ada"]] {
            let promote = Action::Promote { name: "ada".to_owned(), allows_unverified: true };
            assert_eq!(read(&arguments), Ok(Command::Act(promote)));
        }
        let fields = vec![("plan".to_owned(), "gold".to_owned())];
        let invited = read(&["invite", "a@example.com", "plan=gold"]);
        assert_eq!(invited, Ok(Command::Act(Action::Invite("a@example.com".to_owned(), fields))));
        assert_eq!(read(&["--help"]), Ok(Command::Help));
    }

    #[test]
    fn mistakes_are_named() {
        for (arguments, mistake) in [
            (&[][..], "name a command"),
            (&["fly"], "unknown command `fly`"),
            (&["unlock"], "missing argument"),
            (&["promote", "--unverified"], "name the account"),
            (&["promote", "ada", "bob"], "unexpected argument"),
            (&["invite"], "missing argument"),
            (&["purge", "all"], "unexpected argument"),
            (&["migrate", "--force"], "invalid option"),
            (&["create-superuser", "ada"], "NAME=VALUE"),
            (&["create-superuser", "password=secret"], "other users of this machine"),
        ] {
            let error = read(arguments).unwrap_err();
            assert!(error.contains(mistake) && !error.contains("secret"), "{arguments:?}: {error}");
        }
    }
}
