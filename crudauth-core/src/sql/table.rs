//! Descriptions of the tables that the library keeps beside the user's.
//!
//! A [`TableSpec`] is a constant beside the statements of its table, in the `sql.rs` of a slice.
//! Migrations, purge and account deletion fold over such constants, so neither they nor the engine
//! know a table by name.

/// A table of the library, named after the user's table: `users` and `sessions` make
/// `users_sessions`.
///
/// Two columns are indexed: the account that owns the row, mostly `user_id`, and `expires_at`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableSpec {
    pub(crate) suffix: &'static str,
    /// Column of the primary key, a digest.
    pub(crate) key: &'static str,
    pub(crate) columns: &'static [ColumnSpec],
    /// Column in whose order the rows of an account are read; the index of the owner has it too.
    pub(crate) order: Option<&'static str>,
    pub(crate) outlives: Outlives,
    /// Whether the owner of a row signs in by it, without a password.
    pub(crate) signs_in: bool,
}

/// The changes of an account that keep its rows in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outlives {
    /// None: the rows are credentials of one state.
    Nothing,
    /// A change of password, after which later checks reject rows by their state.
    PasswordChange,
    /// Every change: the rows go with the account.
    EveryChange,
    /// Every change but a reset of the password, by which an owner takes the account back.
    #[cfg_attr(not(feature = "oauth"), expect(dead_code, reason = "connections are such rows"))]
    EveryChangeButReset,
    /// Every change and the account itself: the rows are history. A purge deletes them.
    Deletion,
    /// Every change but enabling the account: the rows tell why it is disabled. A purge does not
    /// delete them when they expire, since more is to be done then.
    Disabling,
}

impl TableSpec {
    pub(crate) const fn new(
        suffix: &'static str,
        key: &'static str,
        columns: &'static [ColumnSpec],
    ) -> Self {
        Self { suffix, key, columns, order: None, outlives: Outlives::Nothing, signs_in: false }
    }

    /// The same table, whose rows these changes keep.
    pub(crate) const fn outliving(self, outlives: Outlives) -> Self {
        Self { outlives, ..self }
    }

    /// The same table, whose rows are ways in, each with the stamp of its account.
    pub(crate) const fn signing_in(self) -> Self {
        Self { signs_in: true, ..self }
    }

    /// The same table, whose rows are read in the order of that column, account by account.
    pub(crate) const fn ordered_by(self, column: &'static str) -> Self {
        Self { order: Some(column), ..self }
    }

    /// Whether its rows are credentials, which a new state of the account invalidates.
    pub(crate) fn has_credentials(&self) -> bool {
        matches!(self.outlives, Outlives::Nothing | Outlives::PasswordChange)
    }

    /// Whether its rows stay when the owner takes the account back by a reset.
    pub(crate) fn outlives_reset(&self) -> bool {
        matches!(self.outlives, Outlives::EveryChange | Outlives::Deletion | Outlives::Disabling)
    }

    /// Whether its rows belong to an account. Unless they are history, they are deleted with it.
    #[must_use]
    pub fn has_owner(&self) -> bool {
        self.owner().is_some()
    }

    /// The columns of each index.
    pub(crate) fn indexes(&self) -> impl Iterator<Item = Vec<&'static str>> {
        let indexed = self.columns.iter().filter(|column| column.is_indexed());
        indexed.map(|column| {
            let order = self.order.filter(|_| column.kind == ColumnKind::Owner);
            [column.name].into_iter().chain(order).collect()
        })
    }

    /// Name of the column with the account that owns a row.
    pub(crate) fn owner(&self) -> Option<&'static str> {
        let mut columns = self.columns.iter();
        columns.find(|column| column.kind == ColumnKind::Owner).map(|column| column.name)
    }

    /// Whether its rows expire, and are deleted by a purge.
    #[must_use]
    pub fn has_expiry(&self) -> bool {
        self.columns.iter().any(|column| column.kind == ColumnKind::Expiry)
    }

    /// Name of the table beside `user_table`.
    pub(crate) fn name(&self, user_table: &str) -> String {
        format!("{user_table}_{}", self.suffix)
    }
}

/// A column of a [`TableSpec`], beside its key. It takes no NULL by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColumnSpec {
    pub(crate) name: &'static str,
    pub(crate) kind: ColumnKind,
    pub(crate) is_nullable: bool,
}

/// The values of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ColumnKind {
    /// Key of the account that owns the row.
    Owner,
    /// Instant from which the row counts as deleted.
    Expiry,
    /// Text of at most so many characters.
    Text(u16),
    /// ASCII text of any length.
    LongText,
    /// At most so many bytes.
    Bytes(u16),
    /// Instant, as milliseconds since 1970.
    Instant,
    /// `i32`.
    Integer,
    /// `i64`.
    BigInteger,
    /// `bool`.
    Flag,
}

impl ColumnSpec {
    /// `user_id`.
    pub(crate) const fn owner() -> Self {
        Self::new("user_id", ColumnKind::Owner)
    }

    /// The owner under another name.
    #[cfg(feature = "oauth")]
    pub(crate) const fn owner_in(name: &'static str) -> Self {
        Self::new(name, ColumnKind::Owner)
    }

    /// `expires_at`.
    pub(crate) const fn expiry() -> Self {
        Self::new("expires_at", ColumnKind::Expiry)
    }

    pub(crate) const fn text(name: &'static str, max_chars: u16) -> Self {
        Self::new(name, ColumnKind::Text(max_chars))
    }

    pub(crate) const fn long_text(name: &'static str) -> Self {
        Self::new(name, ColumnKind::LongText)
    }

    pub(crate) const fn digest(name: &'static str) -> Self {
        Self::bytes(name, 32)
    }

    pub(crate) const fn bytes(name: &'static str, max: u16) -> Self {
        Self::new(name, ColumnKind::Bytes(max))
    }

    pub(crate) const fn instant(name: &'static str) -> Self {
        Self::new(name, ColumnKind::Instant)
    }

    pub(crate) const fn integer(name: &'static str) -> Self {
        Self::new(name, ColumnKind::Integer)
    }

    pub(crate) const fn big_integer(name: &'static str) -> Self {
        Self::new(name, ColumnKind::BigInteger)
    }

    pub(crate) const fn flag(name: &'static str) -> Self {
        Self::new(name, ColumnKind::Flag)
    }

    /// The same column, taking NULL.
    pub(crate) const fn nullable(self) -> Self {
        Self { is_nullable: true, ..self }
    }

    /// Whether the library searches by it.
    const fn is_indexed(&self) -> bool {
        matches!(self.kind, ColumnKind::Owner | ColumnKind::Expiry)
    }

    const fn new(name: &'static str, kind: ColumnKind) -> Self {
        Self { name, kind, is_nullable: false }
    }
}
