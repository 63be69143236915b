//! Captures the log of the current thread.
//!
//! One global subscriber serves all tests of a process. A subscriber per thread would not do: tracing
//! caches per process whether a call site has a listener, so a call site that a thread without a
//! subscriber reaches first stays silent for every other thread.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, Once, PoisonError};

use tracing::field::{Field, Visit};
use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::Context;
use tracing_subscriber::prelude::*;

thread_local! {
    /// Where the events of this thread go; `None` if no [`Log`] captures them.
    static CAPTURED: RefCell<Option<Lines>> = const { RefCell::new(None) };
}

/// Captures every event on this thread, at every level, until it is dropped. A test on a
/// single-threaded runtime captures its spawned tasks too.
pub struct Log {
    lines: Lines,
    previous: Option<Lines>,
    /// Must be dropped on the thread that it captures.
    _not_send: PhantomData<*const ()>,
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub fn listen() -> Self {
        install_subscriber();
        // A call site that another thread reached during the installation may be cached as silent.
        tracing::callsite::rebuild_interest_cache();
        let lines = Lines::default();
        let previous = CAPTURED.replace(Some(lines.clone()));
        Self { lines, previous, _not_send: PhantomData }
    }

    /// Returns everything captured so far.
    pub fn text(&self) -> String {
        let lines = self.lines.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&lines).into_owned()
    }

    /// Returns the number of lines that contain `text`.
    pub fn count(&self, text: &str) -> usize {
        self.text().lines().filter(|line| line.contains(text)).count()
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        CAPTURED.set(self.previous.take());
    }
}

fn install_subscriber() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(ToThisThread);
        // Dynamic: asked for each event, so that no call site is cached as silent.
        let is_captured = dynamic_filter_fn(|_, _| CAPTURED.with_borrow(Option::is_some));
        let is_statement =
            dynamic_filter_fn(|event, _| event.target() == "sqlx::query" && !watched().is_empty());
        let layers = tracing_subscriber::registry().with(lines.with_filter(is_captured));
        layers.with(ToStatements.with_filter(is_statement)).init();
    });
}

/// Collects the SQL statements that the process executes and that name a table, on any thread.
#[derive(Clone)]
pub struct Statements {
    table: &'static str,
    found: Arc<Mutex<BTreeSet<String>>>,
}

static WATCHED: Mutex<Vec<Statements>> = Mutex::new(Vec::new());

fn watched() -> std::sync::MutexGuard<'static, Vec<Statements>> {
    WATCHED.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Statements {
    /// `table` must be the table of one test, so that those of others are left out.
    pub fn on(table: &'static str) -> Self {
        install_subscriber();
        let statements = Self { table, found: Arc::default() };
        watched().push(statements.clone());
        tracing::callsite::rebuild_interest_cache();
        statements
    }

    /// Returns each statement once.
    pub fn list(&self) -> BTreeSet<String> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

struct ToStatements;

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for ToStatements {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut statement = Statement::default();
        event.record(&mut statement);
        for one in watched().iter().filter(|one| statement.0.contains(one.table)) {
            let mut found = one.found.lock().unwrap_or_else(PoisonError::into_inner);
            found.insert(statement.0.clone());
        }
    }
}

/// Reads the statement of an event of sqlx.
#[derive(Default)]
struct Statement(String);

impl Visit for Statement {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "db.statement" {
            value.trim().clone_into(&mut self.0);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

/// Writes an event to the [`Log`] of the thread that emits it.
struct ToThisThread;

impl<'a> MakeWriter<'a> for ToThisThread {
    type Writer = Lines;

    fn make_writer(&'a self) -> Lines {
        CAPTURED.with_borrow(|lines| lines.clone().unwrap_or_default())
    }
}

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
