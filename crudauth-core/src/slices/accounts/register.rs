//! Signing up.
//!
//! What a sign-up may set is an allow-list: identifiers, password, and the columns that the struct
//! opted in. With messages to send, an address that is taken is answered like a new one, and its
//! owner is told instead; a taken username is told, since people must be able to choose another.

use std::collections::HashMap;
use std::sync::Arc;

use super::SignUp;
use tracing::info;

use crate::model::{
    AccountId, AuthUser, Contact, Form, Identifier, IdentifierColumn, Mistake, PasswordHash,
};
use crate::password::{Busy, HashingPool, PasswordPolicy, check, judge};
use crate::ports::{AccountStore, Clock, Created, Entropy, NewAccount, NewValues, StoreError};
use crate::slices::recovery::Recovery;

/// What became of a sign-up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a taken address is no error, and adds nobody"]
#[non_exhaustive]
pub enum Registered<Id> {
    /// There is a new account under this key.
    Added(Id),
    /// Another account has the address. With messages to send its owner gets a notice, and a visitor
    /// must not learn this.
    AddressTaken,
    /// Another account has the value of a unique column of the app's own.
    Conflict,
}

/// Why nobody signed up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// Something is wrong with these fields.
    #[error("the sign-up has mistakes")]
    Invalid(Vec<Mistake>),
    /// Another account has that identifier.
    #[error("the {0} is taken")]
    Taken(&'static str),
    /// Too many passwords are waiting to be hashed.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The store failed.
    #[error("the account store failed")]
    Store(#[from] StoreError),
}

/// A sign-up whose password is hashed.
#[derive(Debug)]
pub struct Prepared<U: AuthUser> {
    sign_up: SignUp<U>,
    hash: PasswordHash,
}

/// Adds accounts.
pub struct Registration<U: AuthUser> {
    pub(crate) accounts: Arc<dyn AccountStore<U>>,
    pub(crate) hashing: HashingPool,
    pub(crate) policy: PasswordPolicy,
    pub(crate) recovery: Option<Recovery<U>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    /// The most characters that the live table's columns take, by the name in a request.
    limits: Vec<(&'static str, usize)>,
}

impl<U: AuthUser> Registration<U> {
    /// Wires the slice. With `recovery`, a new account is asked to confirm its address.
    #[must_use]
    pub fn new(
        accounts: Arc<dyn AccountStore<U>>,
        hashing: HashingPool,
        policy: PasswordPolicy,
        recovery: Option<Recovery<U>>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self { accounts, hashing, policy, recovery, clock, entropy, limits: Vec::new() }
    }

    /// Refuses texts that the live table has no room for; `widths` are its columns' most characters.
    #[must_use]
    pub fn within(mut self, widths: &HashMap<String, usize>) -> Self {
        let identifiers = U::SHAPE.identifiers.iter().map(|one| (one.name, one.column));
        let columns = identifiers.chain(U::SHAPE.asked.iter().copied());
        let limit = |(name, column)| Some((name, *widths.get(column)?));
        self.limits = columns.filter_map(limit).collect();
        self
    }

    /// Reads a sign-up, and tells also what the live table has no room for.
    ///
    /// # Errors
    /// Every mistake that the form has.
    pub fn read(&self, mut form: Form) -> Result<SignUp<U>, Vec<Mistake>> {
        // An identifier is measured in the form in which it is kept, by `check`.
        for &(name, _) in U::SHAPE.asked {
            if let Some(max) = self.limit(name) {
                form.limit(name, max);
            }
        }
        SignUp::read(form)
    }

    /// Whether messages are sent, so that a taken address need not be told.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.recovery.is_some()
    }

    /// Judges a sign-up without storing anything and without asking anybody: the breach service
    /// has its turn in [`prepare`](Self::prepare), which whoever wants to sign up must be allowed.
    ///
    /// # Errors
    /// The password's mistakes.
    pub fn check(&self, sign_up: &SignUp<U>) -> Result<(), Vec<Mistake>> {
        let mut mistakes = self.without_room(sign_up);
        let judged = check(&self.policy, &sign_up.password, &sign_up.names(), "password");
        mistakes.extend(judged.err().into_iter().flatten());
        if mistakes.is_empty() { Ok(()) } else { Err(mistakes) }
    }

    /// The identifiers that the live table has no room for, as they are shown or as they are
    /// compared: either may be longer than what was typed.
    fn without_room(&self, sign_up: &SignUp<U>) -> Vec<Mistake> {
        let columns = U::SHAPE.identifiers.iter().zip(&sign_up.identifiers);
        let too_long = |(column, identifier): (&IdentifierColumn, &Option<Identifier>)| {
            let (identifier, limit) = (identifier.as_ref()?, self.limit(column.name)?);
            let chars = |text: &str| text.chars().count();
            let longest = chars(identifier.shown()).max(chars(identifier.key(column)));
            (longest > limit).then(|| Mistake::too_long(column.name, limit))
        };
        columns.filter_map(too_long).collect()
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

    /// Judges a sign-up and hashes its password, before anything is looked up: a taken name costs
    /// what a free one costs.
    ///
    /// # Errors
    /// [`RegisterError`]; nothing is stored then.
    pub async fn prepare(&self, sign_up: SignUp<U>) -> Result<Prepared<U>, RegisterError> {
        judge(&self.policy, &sign_up.password, &sign_up.names(), "password")
            .await
            .map_err(RegisterError::Invalid)?;
        let hash = self.hashing.hash(&sign_up.password).await?;
        Ok(Prepared { sign_up, hash })
    }

    /// Stores a sign-up.
    ///
    /// # Errors
    /// [`RegisterError`]; nothing is stored then.
    pub async fn enrol(&self, prepared: Prepared<U>) -> Result<Registered<U::Id>, RegisterError> {
        let Prepared { sign_up, hash } = prepared;
        let contact = sign_up.contact();
        let mut epoch = [0; 8];
        self.entropy.fill(&mut epoch);
        let epoch = i64::from_be_bytes(epoch) & i64::MAX;
        let account = NewAccount {
            id: <U::Id as AccountId>::make(&*self.entropy),
            identifiers: sign_up.identifiers,
            hash,
            own: NewValues(sign_up.own),
            epoch,
            created_at: self.clock.now(),
        };
        match self.accounts.create(account).await? {
            Created::Added(id) => {
                info!(account = %id, "registered");
                if let (Some(recovery), Some(contact)) = (&self.recovery, contact) {
                    recovery.welcome(id.clone(), contact, epoch);
                }
                Ok(Registered::Added(id))
            }
            Created::Taken { identifiers, is_one_owner } => {
                self.taken(&identifiers, is_one_owner, contact).await
            }
        }
    }

    /// What recovers an account is told to its owner if it is taken; a name that is taken, to
    /// whoever asks. With both taken by one account the former decides. Otherwise the name does:
    /// else whoever has an account could ask under its own name, and learn of any address whether
    /// it is taken.
    async fn taken(
        &self,
        identifiers: &[usize],
        is_one_owner: bool,
        contact: Option<Contact>,
    ) -> Result<Registered<U::Id>, RegisterError> {
        if identifiers.is_empty() {
            info!("sign-up refused: a unique column of the app's own is taken");
            return Ok(Registered::Conflict);
        }
        let is_contact = |at: &usize| U::SHAPE.recovery == Some(*at);
        let is_contact_taken = identifiers.iter().any(is_contact);
        match identifiers.iter().find(|at| !is_contact(at)) {
            Some(&at) if !(is_contact_taken && is_one_owner) => {
                let name = U::SHAPE.identifiers[at].name;
                info!(identifier = name, "sign-up refused: taken");
                Err(RegisterError::Taken(name))
            }
            _ => {
                info!("sign-up refused: address taken");
                if let (Some(recovery), Some(contact), true) =
                    (&self.recovery, contact, is_contact_taken)
                {
                    recovery.tell_owner(contact).await;
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
