//! Sign-up and recovery over the stores of a world, with the messages that they send.

use std::sync::Arc;

use super::{PASSWORD, Person, World};
use crate::form::Form;
use crate::guard::{LockoutConfig, RateLimits};
use crate::model::EmailAddress;
use crate::notify::{
    Background, Delivery, DirectOutbox, MessageKind, Notifier, RecordingChannel, SharedChannel,
};
use crate::slices::accounts::{RegisterError, Registered, Registration, SignUp};
use crate::slices::recovery::{Recovery, RecoveryConfig};
use crate::slices::sessions::{SessionConfig, Sessions};
use crate::slices::sudo::{Sudo, SudoConfig};

/// The slices of a mount that sends messages, under the default rate limits.
pub(crate) struct Messages {
    pub(crate) recovery: Recovery<Person>,
    pub(crate) registration: Registration<Person>,
    sent: RecordingChannel,
    background: Background,
}

impl World {
    pub(crate) fn messages(&self) -> Messages {
        self.messages_with(|config| config)
    }

    pub(crate) fn messages_with(
        &self,
        set: impl FnOnce(RecoveryConfig) -> RecoveryConfig,
    ) -> Messages {
        let sent = RecordingChannel::default();
        let background = Background::default();
        let mut kit = self.kit(LockoutConfig::default(), RateLimits::default());
        let outbox = DirectOutbox::new(vec![SharedChannel::new(sent.clone())]);
        let notifier = Notifier::new(Arc::new(outbox), background.clone(), kit.limits.clone());
        kit.notifier = Some(notifier.clone());
        let tokens = Arc::clone(&self.one_time_tokens);
        let config = set(RecoveryConfig::new(sent.clone()));
        let store = Arc::clone(&self.sessions);
        let sessions = Arc::new(Sessions::new(kit.clone(), store, SessionConfig::default()));
        let sudo = Sudo::new(kit.clone(), sessions, (None, None), SudoConfig::default(), false);
        let proof = (notifier, Arc::new(sudo));
        let recovery = Recovery::new(kit.clone(), proof, tokens, config);
        let registration = Registration::new(kit, Some(recovery.clone()));
        Messages { recovery, registration, sent, background }
    }
}

impl Messages {
    /// Signs up with this address and [`PASSWORD`].
    pub(crate) async fn sign_up(&self, email: &str) -> Result<Registered<i64>, RegisterError> {
        let form = serde_json::json!({ "email": email, "password": PASSWORD }).to_string();
        let form = Form::from_json(form.as_bytes()).unwrap();
        self.registration.register(SignUp::read(form).unwrap()).await
    }

    /// Every message so far, once all jobs have ended.
    pub(crate) async fn sent(&self) -> Vec<Delivery> {
        self.background.drained().await;
        self.sent.deliveries()
    }

    /// The number of messages of this kind to this address.
    pub(crate) async fn count(&self, kind: MessageKind, to: &str) -> usize {
        let sent = self.sent().await;
        sent.iter().filter(|one| one.kind == kind && one.to.as_str() == to).count()
    }

    /// The token in the newest message of this kind.
    pub(crate) async fn token(&self, kind: MessageKind) -> Option<String> {
        let sent = self.sent().await;
        let newest = sent.iter().rev().find(|one| one.kind == kind)?;
        Some(newest.token.as_ref()?.expose().to_owned())
    }
}

pub(crate) fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}
