//! The command line of the people who run the app: migrations, the first superuser, support.
//!
//! `arguments.rs` reads the command, `fields.rs` the values of columns; this file carries it out.

mod arguments;
mod fields;
mod password;

use std::fmt::Display;
use std::marker::PhantomData;
use std::process::ExitCode;

use arguments::{Action, Command, USAGE};
use crudauth_core::form::FieldError;
use crudauth_core::model::{Account, AuthUser, EmailAddress};
use crudauth_core::notify::BoxError;
use crudauth_core::slices::accounts::{RegisterError, Registered, SignUp};
use crudauth_core::slices::invitations::InviteError;
use crudauth_core::slices::sudo::Proof;
use crudauth_core::sql::{AuthRow, Backend};
use serde_json::Value;
use sqlx::Pool;

use crate::accounts::Accounts;
use crate::mount::{Mount, Mounted};
use crate::transport::Principal;

/// A command line over the accounts of a mount; [`cli!`](crate::cli!) creates it.
///
#[doc = include_str!("../../docs/cli.md")]
#[derive(Debug)]
pub struct Cli<A> {
    mount: PhantomData<fn() -> A>,
}

/// Creates the command line of a mount: `crudauth::cli!(Auth).run(&pool, build).await`. See
/// [`Cli`](crate::cli::Cli).
#[macro_export]
macro_rules! cli {
    ($mount:ty $(,)?) => {
        $crate::cli::Cli::<$mount>::new()
    };
}

impl<A: Mount> Cli<A> {
    #[doc(hidden)]
    #[must_use]
    #[allow(clippy::new_without_default, reason = "an app names it by `cli!`")]
    pub fn new() -> Self {
        Self { mount: PhantomData }
    }

    /// Carries out the command that the arguments of the process name. `build` builds the mount, for
    /// the commands that need it. Results go to stdout and errors to stderr.
    ///
    /// The exit code is 0 after a success, 1 after a failure, 2 for wrong arguments, and 3 if a plan
    /// has blockers.
    pub async fn run<DB, F, E>(self, pool: &Pool<DB>, build: F) -> ExitCode
    where
        DB: Backend,
        A::User: AuthRow<DB>,
        F: Future<Output = Result<A, E>>,
        E: Into<BoxError>,
    {
        match Command::read(std::env::args_os()) {
            Err(mistake) => {
                eprintln!("{mistake}\n\n{USAGE}");
                ExitCode::from(2)
            }
            Ok(command) => match carry_out(command, pool, build).await {
                Ok(code) => code,
                Err(error) => {
                    eprintln!("{}", causes(&*error));
                    ExitCode::FAILURE
                }
            },
        }
    }
}

async fn carry_out<A, DB, F, E>(
    command: Command,
    pool: &Pool<DB>,
    build: F,
) -> Result<ExitCode, BoxError>
where
    A: Mount,
    DB: Backend,
    A::User: AuthRow<DB>,
    F: Future<Output = Result<A, E>>,
    E: Into<BoxError>,
{
    let action = match command {
        Command::Help => {
            println!("{USAGE}");
            return Ok(ExitCode::SUCCESS);
        }
        Command::Plan => return plan::<A, DB>(pool).await,
        Command::Migrate => {
            let steps = A::tables().run(pool).await?;
            println!("{steps} steps");
            return Ok(ExitCode::SUCCESS);
        }
        Command::Act(action) => action,
    };
    let auth = build.await.map_err(Into::into)?;
    let done = act(action, auth.mounted()).await;
    // Sends what is queued, also after a failure.
    auth.mounted().drained().await;
    println!("{}", done?);
    Ok(ExitCode::SUCCESS)
}

async fn plan<A: Mount, DB: Backend>(pool: &Pool<DB>) -> Result<ExitCode, BoxError>
where
    A::User: AuthRow<DB>,
{
    let plan = A::tables().plan(pool).await?;
    println!("{plan}");
    Ok(if plan.blockers().is_empty() { ExitCode::SUCCESS } else { ExitCode::from(3) })
}

/// Acts on accounts, and returns what was done.
async fn act<U: AuthUser>(action: Action, mounted: &Mounted<U>) -> Result<String, BoxError> {
    let accounts = mounted.accounts();
    match action {
        Action::CreateSuperuser(fields) => create_superuser(fields, accounts).await,
        Action::Promote { name, allows_unverified } => {
            let account = named(&name, accounts).await?;
            println!("{}", described(&account));
            if !account.is_verified() && !allows_unverified {
                return Err(
                    "not promoted: a stranger can sign up with an address or a name of yours. \
                     Verify the address, or add `--unverified` to an account that you know"
                        .into(),
                );
            }
            promote(&account, accounts).await?;
            Ok(format!("account {} is a superuser", account.user.id()))
        }
        Action::Invite(address, fields) => invite(&address, fields, accounts).await,
        Action::Unlock(name) => {
            let account = named(&name, accounts).await?;
            accounts.lift_lockout(&account).await?;
            Ok(format!("account {} may sign in again", account.user.id()))
        }
        Action::Disable(name) => {
            let account = named(&name, accounts).await?;
            accounts.disable(account.user.id()).await?;
            Ok(format!("account {} is disabled", account.user.id()))
        }
        Action::Enable(name) => {
            let account = named(&name, accounts).await?;
            accounts.enable(account.user.id()).await?;
            Ok(format!("account {} is enabled", account.user.id()))
        }
        Action::Purge => Ok(format!("{} rows deleted", mounted.purge().await?)),
    }
}

async fn create_superuser<U: AuthUser>(
    fields: Vec<(String, String)>,
    accounts: &Accounts<U>,
) -> Result<String, BoxError> {
    for (name, value) in &fields {
        if !fields::names::<U>().any(|known| known == name) {
            let known: Vec<_> = fields::names::<U>().collect();
            return Err(
                format!("unknown field `{name}`: the fields are {}", known.join(", ")).into()
            );
        }
        let is_identifier = U::SHAPE.identifiers.iter().any(|column| column.name == name);
        if !is_identifier {
            continue;
        }
        if let Some(account) = accounts.find_by_identifier(value).await? {
            return Err(format!("{name}: taken by {}", described(&account)).into());
        }
    }
    let mut body = fields::values::<U>(fields);
    body.insert("password".to_owned(), Value::String(password::read()?));
    let sign_up = SignUp::from_json(&Value::Object(body)).map_err(invalid)?;
    match accounts.register(sign_up.by_the_app()).await {
        Ok(Registered::Added(id)) => {
            let account = accounts.find(&id).await?.ok_or("the account is gone")?;
            promote(&account, accounts).await?;
            Ok(format!("account {id} is a superuser"))
        }
        Ok(Registered::AddressTaken) => Err("the address is taken by another account".into()),
        Err(RegisterError::Invalid(errors)) => Err(invalid(errors)),
        Err(error) => Err(error.into()),
    }
}

async fn invite<U: AuthUser>(
    address: &str,
    fields: Vec<(String, String)>,
    accounts: &Accounts<U>,
) -> Result<String, BoxError> {
    let invitations =
        accounts.invitations().ok_or("the mount does not name the slice `invitations`")?;
    let address = EmailAddress::parse(address)?;
    match invitations.invite(None, address, fields::values::<U>(fields)).await {
        Ok(()) => Ok("if the address has no account, an invitation is sent".to_owned()),
        Err(InviteError::Invalid(errors)) => Err(invalid(errors)),
        Err(error) => Err(error.into()),
    }
}

async fn promote<U: AuthUser>(
    account: &Account<U>,
    accounts: &Accounts<U>,
) -> Result<(), BoxError> {
    let administrators = accounts.admin();
    let by = Principal::application(account);
    let by = administrators.authorize(&by, &Proof::default()).await?;
    administrators.promote(&by, account.user.id()).await?;
    Ok(())
}

/// The key, the names, and whether the owner has proved the address: anyone can sign up with another
/// person's.
fn described<U: AuthUser>(account: &Account<U>) -> String {
    let names: Vec<_> = account.user.identifiers().into_iter().flatten().collect();
    let proof = if account.is_verified() { "proved" } else { "not proved: it may be a stranger's" };
    format!("account {}, {} (address {proof})", account.user.id(), names.join(", "))
}

async fn named<U: AuthUser>(name: &str, accounts: &Accounts<U>) -> Result<Account<U>, BoxError> {
    let found = accounts.find_by_identifier(name).await?;
    found.ok_or_else(|| format!("no account has the name `{name}`").into())
}

fn invalid(errors: Vec<FieldError>) -> BoxError {
    let lines: Vec<_> =
        errors.iter().map(|error| format!("{}: {}", error.field, error.message)).collect();
    lines.join("\n").into()
}

/// An error with its causes, in one line.
fn causes(error: &(dyn std::error::Error + 'static)) -> impl Display {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
