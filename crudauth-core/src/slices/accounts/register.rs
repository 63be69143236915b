//! Sign-up.
//!
//! A sign-up sets the identifiers, the password, and the columns with `#[auth(register)]`, and nothing
//! else. If the mount sends messages, a taken address is answered like a free one, and its owner gets
//! a notice. A taken username is an error whoever has the address, because the visitor has
//! to choose another.

use std::borrow::Cow;
use std::collections::HashMap;

use super::SignUp;
use crate::account_store::{Created, NewAccount, OwnColumns};
use crate::event::EventKind;
use crate::guard::Subject;
use crate::hooks::HookError;
use crate::kit::Kit;
use crate::model::{
    AccountState, AuthUser, Contact, EmailAddress, FieldError, FieldErrorKind, Form, Identifier,
    IdentifierColumn, OneTimeToken, PasswordHash,
};
use crate::notify::{EXISTING_ACCOUNT_NOTICE, MessageKind};
use crate::password::{Busy, policy_errors};
use crate::random::random;
use crate::sign_up_policy::from_not_admitted;
use crate::slices::recovery::Recovery;
use crate::store_error::StoreError;

/// Result of a sign-up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a taken address is not an error, and adds no account"]
pub enum Registered<Id> {
    /// The account was added, with this key.
    Added(Id),
    /// Another account has the address. If the mount sends messages, its owner gets a notice, and the
    /// response must not reveal this.
    AddressTaken,
}

/// Why a sign-up failed.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// These fields are invalid.
    #[error("the sign-up has invalid fields")]
    Invalid(Vec<FieldError>),
    /// Another account has that identifier, or that value of a unique column of the app's own.
    #[error("the {0} is taken")]
    Taken(&'static str),
    /// The invitation is unknown, used, revoked or expired, or is for another address.
    #[error("invalid or expired invitation")]
    InvitationEnded,
    /// The [`SignUpPolicy`](crate::SignUpPolicy) refuses.
    #[error("sign-up is not open to everyone")]
    SignUpClosed,
    /// A hook of the app refuses, for a reason that the client gets.
    #[error("refused by the app: {0}")]
    RefusedByApp(Cow<'static, str>),
    /// Too many passwords are waiting to be hashed.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The store failed.
    #[error("the account store failed")]
    Store(#[from] StoreError),
}

impl From<HookError> for RegisterError {
    fn from(error: HookError) -> Self {
        match error {
            HookError::Refused(reason) => Self::RefusedByApp(reason),
            HookError::Store(error) => Self::Store(error),
        }
    }
}

from_not_admitted!(RegisterError);

/// A sign-up whose password is hashed.
#[derive(Debug)]
pub struct Prepared<U: AuthUser> {
    sign_up: SignUp<U>,
    hash: PasswordHash,
}

/// Adds accounts.
pub struct Registration<U: AuthUser> {
    kit: Kit<U>,
    verification: Option<Recovery<U>>,
    /// The longest text of each column of the live table, by the name in a request.
    limits: Vec<(&'static str, usize)>,
}

impl<U: AuthUser> Registration<U> {
    /// Creates the slice. With `verification`, a new account is asked to verify its contact.
    #[doc(hidden)]
    #[must_use]
    pub fn new(kit: Kit<U>, verification: Option<Recovery<U>>) -> Self {
        Self { kit, verification, limits: Vec::new() }
    }

    /// Sets the largest number of characters of each column of the live table. Longer texts are
    /// refused.
    #[must_use]
    pub fn within(mut self, widths: &HashMap<String, usize>) -> Self {
        let identifiers = U::SHAPE.identifiers.iter().map(|one| (one.name, one.column));
        let columns = identifiers.chain(U::SHAPE.asked.iter().copied());
        let limit = |(name, column)| Some((name, *widths.get(column)?));
        self.limits = columns.filter_map(limit).collect();
        self
    }

    /// Reads a sign-up, with the limits of the live table.
    ///
    /// # Errors
    /// Every invalid field of the form.
    pub fn read(&self, mut form: Form) -> Result<SignUp<U>, Vec<FieldError>> {
        // `check` measures identifiers, in the form in which they are stored.
        for &(name, _) in U::SHAPE.asked {
            if let Some(max) = self.limit(name) {
                form.limit(name, max);
            }
        }
        SignUp::read(form)
    }

    /// Reads the sign-up of a person who has the link of an invitation. The values of the invitation
    /// replace those of the form, whose address must be the invited one.
    ///
    /// # Errors
    /// [`RegisterError::Invalid`] and [`RegisterError::InvitationEnded`].
    pub async fn read_invited(
        &self,
        mut form: Form,
        token: &str,
    ) -> Result<SignUp<U>, RegisterError> {
        let address = U::SHAPE.recovery_column().and_then(|column| form.peek(column.name));
        let address = address.and_then(|address| EmailAddress::parse(&address).ok());
        let open = match &address {
            Some(address) => self.kit.accounts.invitation(address, self.kit.now()).await?,
            None => None,
        };
        let token = OneTimeToken::parse(token).map(|token| token.digest());
        let open = open.filter(|open| Some(open.token) == token);
        for (name, value) in open.iter().flat_map(|open| &open.preset) {
            form.replace(name, value);
        }
        let sign_up = self.read(form).map_err(RegisterError::Invalid)?;
        let open = open.ok_or(RegisterError::InvitationEnded)?;
        Ok(SignUp { invitation: Some(open.token), ..sign_up })
    }

    /// Whether the mount sends messages, so that the response can hide a taken address.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.kit.notifier.is_some()
    }

    /// Checks a sign-up without any store or service. The breach service is asked by
    /// [`prepare`](Self::prepare), after the rate limit.
    ///
    /// # Errors
    /// Identifiers that are too long, and violations of the password policy.
    pub fn check(&self, sign_up: &SignUp<U>) -> Result<(), Vec<FieldError>> {
        let mut errors = self.too_long(sign_up);
        if let Err(found) = self.kit.policy.check(&sign_up.password, &sign_up.names()) {
            errors.extend(policy_errors("password", found));
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// The identifiers that are too long for the live table, as displayed or as compared: either form
    /// may be longer than the typed text.
    fn too_long(&self, sign_up: &SignUp<U>) -> Vec<FieldError> {
        let columns = U::SHAPE.identifiers.iter().zip(&sign_up.identifiers);
        let error = |(column, identifier): (&IdentifierColumn, &Option<Identifier>)| {
            let (identifier, limit) = (identifier.as_ref()?, self.limit(column.name)?);
            let chars = |text: &str| text.chars().count();
            let longest = chars(identifier.shown()).max(chars(identifier.key(column)));
            (longest > limit).then(|| FieldError::too_long(column.name, limit))
        };
        columns.filter_map(error).collect()
    }

    fn limit(&self, name: &str) -> Option<usize> {
        self.limits.iter().find(|(one, _)| *one == name).map(|(_, limit)| *limit)
    }

    /// Adds an account.
    ///
    /// # Errors
    /// [`RegisterError`]; nothing is stored then.
    pub async fn register(&self, sign_up: SignUp<U>) -> Result<Registered<U::Id>, RegisterError> {
        let prepared = self.prepare(sign_up).await?;
        self.enrol(prepared).await
    }

    /// Checks the password against the breach service, asks the policy and the hooks of the app, and
    /// hashes the password, before any look-up: a taken name takes as long as a free one.
    ///
    /// # Errors
    /// [`RegisterError`]; nothing is stored then.
    pub async fn prepare(&self, sign_up: SignUp<U>) -> Result<Prepared<U>, RegisterError> {
        let judged = self.kit.policy.judge(&sign_up.password, &sign_up.names()).await;
        judged.map_err(|found| RegisterError::Invalid(policy_errors("password", found)))?;
        if sign_up.is_by_the_app || sign_up.is_invited() {
            self.kit.admit_wanted(&sign_up.identifiers).await?;
        } else {
            self.kit.admit_sign_up(&sign_up.identifiers).await?;
        }
        let hash = self.kit.hashing.hash(&sign_up.password).await?;
        Ok(Prepared { sign_up, hash })
    }

    /// Stores a sign-up.
    ///
    /// # Errors
    /// [`RegisterError`]; nothing is stored then.
    pub async fn enrol(&self, prepared: Prepared<U>) -> Result<Registered<U::Id>, RegisterError> {
        let Prepared { sign_up, hash } = prepared;
        let contact = sign_up.contact();
        let is_invited = sign_up.is_invited();
        let security_stamp = i64::from_be_bytes(random()) & i64::MAX;
        let account = NewAccount {
            id: U::generate_id(),
            identifiers: sign_up.identifiers,
            hash,
            own: OwnColumns(sign_up.own),
            invitation: sign_up.invitation,
            security_stamp,
            created_at: self.kit.now(),
        };
        let event = self.kit.event(EventKind::Registered);
        let created = self.kit.accounts.create(account);
        let (event, created) = self.kit.recording(event, created).await?;
        match created {
            Created::Added(id) => {
                self.kit.emit_registered(event, &id, is_invited);
                if let (Some(recovery), Some(contact), false) =
                    (&self.verification, contact, is_invited)
                {
                    let state = AccountState { version: 0, security_stamp };
                    recovery.verify_new_account(id.clone(), contact, state);
                }
                Ok(Registered::Added(id))
            }
            Created::Taken { identifiers } => self.taken(&identifiers, contact).await,
            Created::InvitationEnded => Err(RegisterError::InvitationEnded),
            Created::Conflict { field } => {
                self.kit.emit(self.kit.event(EventKind::SignUpConflict));
                Err(RegisterError::Taken(field))
            }
            Created::Refused { field } => {
                let error = FieldError::new(
                    field.unwrap_or_default(),
                    FieldErrorKind::Value,
                    "Input is not accepted",
                );
                Err(RegisterError::Invalid(vec![error]))
            }
        }
    }

    /// Rejects a taken name, and reports a taken contact to its owner only.
    ///
    /// With a taken name the contact makes no difference: otherwise the response would reveal
    /// whether an address is taken, or belongs to that name.
    async fn taken(
        &self,
        identifiers: &[usize],
        contact: Option<Contact>,
    ) -> Result<Registered<U::Id>, RegisterError> {
        let is_contact = |at: &usize| U::SHAPE.recovery == Some(*at);
        match identifiers.iter().find(|at| !is_contact(at)) {
            Some(&at) => {
                let name = U::SHAPE.identifiers[at].name;
                self.kit.emit(self.kit.event(EventKind::SignUpIdentifierTaken));
                Err(RegisterError::Taken(name))
            }
            None => {
                self.kit.emit(self.kit.event(EventKind::SignUpContactTaken));
                if let (Some(notifier), Some(contact)) = (&self.kit.notifier, contact) {
                    // Counted before the answer: a sign-up with a free address has just written to
                    // the database as well.
                    let target = Subject::Target(contact.as_str());
                    if self.kit.limits.allows(EXISTING_ACCOUNT_NOTICE, target).await {
                        notifier.notify(MessageKind::ExistingAccount, contact);
                    }
                }
                Ok(Registered::AddressTaken)
            }
        }
    }
}

impl<U: AuthUser> std::fmt::Debug for Registration<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Registration(..)")
    }
}
