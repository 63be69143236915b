//! Subscribers of events.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};

use crudauth::{Event, EventKind, EventSubscriber, for_client};
use crudauth_tests::{Kind, Log};

use super::*;

/// What a subscriber does with an event.
#[derive(Clone)]
pub(super) enum Subscriber {
    /// Keeps it.
    Keeps(Kept),
    /// Panics with a secret.
    Panics,
    /// Blocks its thread until the other end is dropped.
    Blocks(Arc<Mutex<Receiver<()>>>),
}

pub(super) type Kept = Arc<Mutex<Vec<Event>>>;

impl EventSubscriber for Subscriber {
    async fn on_event(&self, event: Event) {
        match self {
            Self::Keeps(kept) => kept.lock().unwrap().push(event),
            Self::Panics => panic!("a-secret-of-the-app"),
            Self::Blocks(gate) => drop(gate.lock().unwrap().recv()),
        }
    }
}

fn with(subscribers: &[Subscriber]) -> Setup {
    Setup { subscribers: subscribers.to_vec(), ..Setup::default() }
}

pub(super) fn only(kept: &Kept, kind: EventKind) -> Event {
    let kept = kept.lock().unwrap();
    let mut found = kept.iter().filter(|event| event.kind() == kind);
    let first = found.next().unwrap_or_else(|| panic!("no {kind} in {kept:?}"));
    assert!(found.next().is_none(), "{kind} twice in {kept:?}");
    first.clone()
}

on_every_database! {
    async fn a_subscriber_gets_the_account_the_client_and_the_credential(app: App) {
        let kept = Kept::default();
        let (auth, app) = full(&app, with(&[Subscriber::Keeps(Arc::clone(&kept))])).await;
        assert_eq!(app.register("ada").await.status, 202);
        let browser = app.browser();
        let agent = [("user-agent", "Lynx/2.9")];
        let answer = browser.login_with("ada", PASSWORD, &[], &agent).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(browser.change_password(PASSWORD, "another-strong-one").await.status, 200);
        auth.drained().await;

        let id = browser.id().await.to_string();
        assert_eq!(only(&kept, EventKind::Registered).account_key(), Some(&*id));
        let signed_in = only(&kept, EventKind::SignedIn);
        assert_eq!(signed_in.account_key(), Some(&*id));
        assert_eq!(signed_in.client_address().unwrap().to_string(), browser.ip);
        assert_eq!(signed_in.user_agent(), Some("Lynx/2.9"));
        assert_eq!(signed_in.at(), app.clock.now());
        let sessions = browser.get("/sessions").await.json();
        assert_eq!(signed_in.credential_id(), sessions[0]["id"].as_str());
        let changed = only(&kept, EventKind::PasswordChanged);
        assert_eq!(changed.client_address().unwrap().to_string(), browser.ip);
        let written = serde_json::to_value(&changed).unwrap();
        assert_eq!(written["version"], Event::VERSION);
        assert_eq!(written["kind"], "password-changed");
        assert_eq!(written["client"], browser.ip);
    }

    async fn an_event_without_effect_is_not_told(app: App) {
        let kept = Kept::default();
        let (auth, app) = full(&app, with(&[Subscriber::Keeps(Arc::clone(&kept))])).await;
        let ada = app.member("ada").await;
        let id = ada.id().await;
        assert!(!auth.accounts().disable(&(id + 1)).await.unwrap());
        assert_eq!(ada.change_password("a-wrong-one", "another-strong-one").await.status, 401);
        auth.drained().await;
        let kinds: Vec<_> = kept.lock().unwrap().iter().map(Event::kind).collect();
        assert!(!kinds.contains(&EventKind::AccountDisabled), "{kinds:?}");
        assert!(!kinds.contains(&EventKind::PasswordChanged), "{kinds:?}");
        assert!(kinds.contains(&EventKind::PasswordChangeRejected), "{kinds:?}");
    }

    async fn a_subscriber_that_panics_or_blocks_touches_no_request(app: App) {
        let kept = Kept::default();
        let (release, gate) = channel();
        let blocks = Subscriber::Blocks(Arc::new(Mutex::new(gate)));
        let subscribers = [Subscriber::Panics, blocks, Subscriber::Keeps(Arc::clone(&kept))];
        let (auth, app) = full(&app, with(&subscribers)).await;
        let ada = app.member("ada").await;
        assert!(ada.is_signed_in().await);
        assert_eq!(ada.post("/logout", json!({})).await.status, 200);
        drop(release);
        auth.drained().await;
        only(&kept, EventKind::SignedOut);
    }

    async fn a_plain_call_has_the_client_that_it_is_run_for(app: App) {
        let kept = Kept::default();
        let (auth, app) = full(&app, with(&[Subscriber::Keeps(Arc::clone(&kept))])).await;
        let id = app.member("ada").await.id().await;
        let client = crudauth::ClientInfo::new("192.0.2.7".parse().ok(), None);
        for_client(client, auth.accounts().disable(&id)).await.unwrap();
        auth.accounts().enable(&id).await.unwrap();
        auth.drained().await;
        let disabled = only(&kept, EventKind::AccountDisabled);
        assert_eq!(disabled.client_address().unwrap().to_string(), "192.0.2.7");
        assert_eq!(only(&kept, EventKind::AccountEnabled).client_address(), None);
    }
}

#[tokio::test]
async fn a_panic_of_a_subscriber_is_logged_without_its_message() {
    let app = App::on(Kind::Sqlite).await;
    let (auth, app) = full(&app, with(&[Subscriber::Panics])).await;
    let log = Log::listen();
    assert_eq!(app.register("ada").await.status, 202);
    auth.drained().await;
    assert_eq!(log.count("event subscriber panicked"), 1, "{}", log.text());
    assert!(!log.text().contains("a-secret-of-the-app"), "{}", log.text());
}

#[test]
fn every_kind_is_on_the_page() {
    let page = include_str!("../../crudauth/docs/events.md");
    for kind in EventKind::ALL {
        let rows = page.lines().filter(|line| line.starts_with(&format!("| `{kind}` |"))).count();
        assert_eq!(rows, 1, "{kind}");
    }
    let rows = page.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(rows, EventKind::ALL.len(), "the page has kinds that do not exist");
}
