//! Every statement that runs while serving, each written once.
//!
//! The words in braces are explained in `text.rs`. Parameters are written `$n`, each used once and
//! in order, since MySQL knows them by position only. An assignment reads the row as it was before
//! only on PostgreSQL and SQLite; MySQL works from left to right, so no assignment here reads a
//! column that one before it has set.

use std::marker::PhantomData;

use super::Backend;
use super::text::Text;
use crate::model::AuthUser;

/// How many identifiers a shape may have.
pub(crate) const MAX_IDENTIFIERS: usize = 4;

/// The statements for the table of `U` on `DB`.
pub(crate) struct Sql<DB, U>(PhantomData<(DB, U)>);

/// Constants of their own, so that the texts can borrow from them for ever.
struct Bytes<DB, U>(PhantomData<(DB, U)>);

const BY_IDENTIFIER: &str = "SELECT {account} FROM {table} WHERE {identifier} = $1";

impl<DB: Backend, U: AuthUser> Bytes<DB, U> {
    const BY_IDENTIFIER: [Text; MAX_IDENTIFIERS] = [
        Text::render::<U>(DB::DIALECT, BY_IDENTIFIER, 0),
        Text::render::<U>(DB::DIALECT, BY_IDENTIFIER, 1),
        Text::render::<U>(DB::DIALECT, BY_IDENTIFIER, 2),
        Text::render::<U>(DB::DIALECT, BY_IDENTIFIER, 3),
    ];
}

impl<DB: Backend, U: AuthUser> Sql<DB, U> {
    /// One for each identifier of the shape.
    pub(crate) const BY_IDENTIFIER: [&'static str; MAX_IDENTIFIERS] = [
        Bytes::<DB, U>::BY_IDENTIFIER[0].as_str(),
        Bytes::<DB, U>::BY_IDENTIFIER[1].as_str(),
        Bytes::<DB, U>::BY_IDENTIFIER[2].as_str(),
        Bytes::<DB, U>::BY_IDENTIFIER[3].as_str(),
    ];
}

macro_rules! statements {
    ($($name:ident = $template:literal;)*) => {
        impl<DB: Backend, U: AuthUser> Bytes<DB, U> {
            $(const $name: Text = Text::render::<U>(DB::DIALECT, $template, 0);)*
        }
        impl<DB: Backend, U: AuthUser> Sql<DB, U> {
            $(pub(crate) const $name: &'static str = Bytes::<DB, U>::$name.as_str();)*
        }
    };
}

// --- accounts ---------------------------------------------------------------

statements! {
    FOREIGN_HASH = "SELECT 1 FROM {table} WHERE {hash} NOT LIKE '_argon2%' \
        AND {hash} NOT LIKE '!%' AND {hash} <> '' LIMIT 1";

    HASH_LIKE = "SELECT 1 FROM {table} WHERE {hash} LIKE $1 ESCAPE '|' LIMIT 1";

    BY_ID = "SELECT {account} FROM {table} WHERE {id} = $1";

    CREATE = "INSERT INTO {table} ({new columns}) VALUES ({new values}){returning id}";

    RENEW_HASH = "UPDATE {table} SET {hash} = $1 WHERE {id} = $2 AND {hash} = $3";

    CHANGE_PASSWORD = "UPDATE {table} SET {hash} = $1, {version} = {version} + 1, {updated} = $2 \
        WHERE {id} = $3 AND {version} = $4 AND {epoch} = $5 AND {active}";

    DISABLE = "UPDATE {table} SET {active} = FALSE, {version} = {version} + 1, {updated} = $1 \
        WHERE {id} = $2";

    OUTDATE_DISABLED = "UPDATE {table} SET {version} = {version} + 1, {updated} = $1 \
        WHERE {id} = $2 AND {active} = FALSE";

    ENABLE = "UPDATE {table} SET {active} = TRUE, {updated} = $1 WHERE {id} = $2";

    DELETE = "DELETE FROM {table} WHERE {id} = $1";

    CONFIRM_ADDRESS = "UPDATE {table} SET {verified} = TRUE, {updated} = $1 \
        WHERE {id} = $2 AND {recovery} = $3 AND {epoch} = $4 AND {active}";

    RESET_PASSWORD = "UPDATE {table} SET {hash} = $1, {version} = {version} + 1, \
        {verified} = TRUE, {updated} = $2 \
        WHERE {id} = $3 AND {recovery} = $4 AND {version} = $5 AND {epoch} = $6 AND {active}";

    MOVE_ADDRESS = "UPDATE {table} SET {recovery} = $1, {verified} = TRUE, {updated} = $2 \
        WHERE {id} = $3 AND {recovery} = $4 AND {version} = $5 AND {epoch} = $6 AND {active}";

    SET_CONTACT = "UPDATE {table} SET {recovery} = $1, {verified} = FALSE, {updated} = $2 \
        WHERE {id} = $3";

    SHOW_ADDRESS = "UPDATE {table} SET {shown recovery} = $1 WHERE {id} = $2";
}

// --- one-time tokens --------------------------------------------------------

statements! {
    ISSUE = "INSERT INTO {one_time_tokens} (digest, user_id, purpose, bound_to, new_address, redirect_to, \
        token_version, auth_epoch, created_at, expires_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

    TOKEN = "SELECT {account}, {one_time_tokens}.bound_to, {one_time_tokens}.new_address, {one_time_tokens}.redirect_to, \
        {one_time_tokens}.token_version, {one_time_tokens}.used_at \
        FROM {one_time_tokens} JOIN {table} ON {table}.{id} = {one_time_tokens}.user_id \
        WHERE {one_time_tokens}.digest = $1 AND {one_time_tokens}.purpose = $2 AND {one_time_tokens}.expires_at > $3 \
        AND {one_time_tokens}.auth_epoch = {table}.{epoch} AND {table}.{active} \
        AND {one_time_tokens}.bound_to = {table}.{recovery}";

    USE_TOKEN = "UPDATE {one_time_tokens} SET used_at = $1 \
        WHERE digest = $2 AND purpose = $3 AND used_at IS NULL AND expires_at > $4";

    VOID_TOKENS = "DELETE FROM {one_time_tokens} WHERE user_id = $1 AND purpose <> $2";

    FORGET_TOKENS = "DELETE FROM {one_time_tokens} WHERE user_id = $1";

    PURGE_TOKENS = "DELETE FROM {one_time_tokens} WHERE {expired one_time_tokens}";
}

// --- sessions ---------------------------------------------------------------

statements! {
    SESSION = "SELECT {account}, {sessions}.handle, {sessions}.csrf_digest, \
        {sessions}.is_remembered, {sessions}.created_at, {sessions}.last_activity_at, \
        {sessions}.ends_at FROM {sessions} JOIN {table} ON {table}.{id} = {sessions}.user_id \
        WHERE {sessions}.digest = $1 AND {sessions}.expires_at > $2 \
        AND {sessions}.token_version = {table}.{version} \
        AND {sessions}.auth_epoch = {table}.{epoch}";

    OPEN_SESSION = "INSERT INTO {sessions} (digest, handle, user_id, csrf_digest, token_version, \
        auth_epoch, ip, user_agent, is_remembered, created_at, last_activity_at, expires_at, ends_at) \
        SELECT $1, $2, {id}, $3, {version}, {epoch}, $4, $5, $6, $7, $8, $9, $10 FROM {table} \
        WHERE {id} = $11 AND {version} = $12 AND {epoch} = $13 AND {active} \
        AND NOT EXISTS (SELECT 1 FROM {lockouts} WHERE digest IN ($14, $15, $16) \
        AND (locked_until > $17 OR (failures >= $18 AND window_ends_at > $19)))";

    CAP_SESSIONS = "DELETE FROM {sessions} WHERE digest = $1 OR (user_id = $2 AND digest <> $3 \
        AND token_version <= $4 AND digest NOT IN \
        (SELECT digest FROM (SELECT digest FROM {sessions} WHERE user_id = $5 AND digest <> $6 \
        AND expires_at > $7 AND token_version = $8 AND auth_epoch = $9 \
        ORDER BY last_activity_at DESC, created_at DESC LIMIT $10) AS kept))";

    SLIDE = "UPDATE {sessions} SET last_activity_at = $1, expires_at = $2 \
        WHERE digest = $3 AND last_activity_at < $4";

    REPLACE_CSRF = "UPDATE {sessions} SET csrf_digest = $1 WHERE digest = $2 AND csrf_digest = $3";

    REBIND_SESSION = "UPDATE {sessions} SET token_version = $1 WHERE digest = $2 AND user_id = $3";

    LIST_SESSIONS = "SELECT handle, ip, user_agent, created_at, last_activity_at FROM {sessions} \
        WHERE user_id = $1 AND expires_at > $2 AND token_version = $3 AND auth_epoch = $4 \
        ORDER BY last_activity_at DESC, created_at DESC";

    END_SESSION = "DELETE FROM {sessions} WHERE digest = $1";

    REVOKE_SESSION = "DELETE FROM {sessions} WHERE user_id = $1 AND handle = $2 \
        AND expires_at > $3 AND token_version = $4 AND auth_epoch = $5";

    REVOKE_SESSIONS = "DELETE FROM {sessions} WHERE user_id = $1 AND digest <> $2 \
        AND expires_at > $3 AND token_version = $4 AND auth_epoch = $5";

    END_SESSIONS = "DELETE FROM {sessions} WHERE user_id = $1 AND digest <> $2";

    PURGE_SESSIONS = "DELETE FROM {sessions} WHERE {expired sessions}";
}

// --- grants of bearer tokens ------------------------------------------------

statements! {
    GRANT = "SELECT {account}, {token_families}.token_digest, {token_families}.previous_digest, \
        {token_families}.rotated_at, {token_families}.successor, {token_families}.scopes, {token_families}.created_at, \
        {token_families}.expires_at, {token_families}.ends_at \
        FROM {token_families} JOIN {table} ON {table}.{id} = {token_families}.user_id \
        WHERE {token_families}.family = $1 AND {token_families}.expires_at > $2 \
        AND {token_families}.token_version = {table}.{version} \
        AND {token_families}.auth_epoch = {table}.{epoch}";

    OPEN_GRANT = "INSERT INTO {token_families} (family, user_id, token_digest, scopes, token_version, \
        auth_epoch, ip, user_agent, created_at, last_used_at, expires_at, ends_at) \
        SELECT $1, {id}, $2, $3, {version}, {epoch}, $4, $5, $6, $7, $8, $9 FROM {table} \
        WHERE {id} = $10 AND {version} = $11 AND {epoch} = $12 AND {active} \
        AND NOT EXISTS (SELECT 1 FROM {lockouts} WHERE digest IN ($13, $14, $15) \
        AND (locked_until > $16 OR (failures >= $17 AND window_ends_at > $18)))";

    CAP_GRANTS = "DELETE FROM {token_families} WHERE user_id = $1 AND family <> $2 \
        AND token_version <= $3 AND family NOT IN \
        (SELECT family FROM (SELECT family FROM {token_families} WHERE user_id = $4 AND family <> $5 \
        AND expires_at > $6 AND token_version = $7 AND auth_epoch = $8 \
        ORDER BY last_used_at DESC, created_at DESC LIMIT $9) AS kept)";

    ROTATE_GRANT = "UPDATE {token_families} SET previous_digest = $1, successor = $2, rotated_at = $3, \
        token_digest = $4, ip = $5, user_agent = $6, last_used_at = $7, expires_at = $8 \
        WHERE family = $9 AND token_digest = $10 AND expires_at > $11 \
        AND EXISTS (SELECT 1 FROM {table} WHERE {table}.{id} = {token_families}.user_id \
        AND {table}.{version} = {token_families}.token_version \
        AND {table}.{epoch} = {token_families}.auth_epoch AND {table}.{active})";

    LIST_GRANTS = "SELECT family, scopes, ip, user_agent, created_at, last_used_at, expires_at \
        FROM {token_families} \
        WHERE user_id = $1 AND expires_at > $2 AND token_version = $3 AND auth_epoch = $4 \
        ORDER BY last_used_at DESC, created_at DESC";

    NARROW_GRANT = "UPDATE {token_families} SET scopes = $1 WHERE family = $2";

    END_GRANT = "DELETE FROM {token_families} WHERE family = $1";

    REVOKE_GRANT = "DELETE FROM {token_families} WHERE user_id = $1 AND family = $2 \
        AND expires_at > $3 AND token_version = $4 AND auth_epoch = $5";

    REVOKE_GRANTS = "DELETE FROM {token_families} WHERE user_id = $1 \
        AND expires_at > $2 AND token_version = $3 AND auth_epoch = $4";

    END_GRANTS = "DELETE FROM {token_families} WHERE user_id = $1";

    PURGE_GRANTS = "DELETE FROM {token_families} WHERE {expired token_families}";
}

// --- API keys ---------------------------------------------------------------

statements! {
    API_KEY = "SELECT {account}, {api_keys}.handle, {api_keys}.name, {api_keys}.hint, \
        {api_keys}.scopes, {api_keys}.created_at, {api_keys}.last_used_at, {api_keys}.expires_at \
        FROM {api_keys} JOIN {table} ON {table}.{id} = {api_keys}.user_id \
        WHERE {api_keys}.digest = $1 \
        AND ({api_keys}.expires_at IS NULL OR {api_keys}.expires_at > $2) \
        AND {api_keys}.token_version = {table}.{version} \
        AND {api_keys}.auth_epoch = {table}.{epoch}";

    // Changes nothing, and makes whoever adds keys to one account do so one after the other, so
    // that what is counted next holds.
    HOLD_ACCOUNT = "UPDATE {table} SET {epoch} = {epoch} \
        WHERE {id} = $1 AND {version} = $2 AND {epoch} = $3 AND {active}";

    // Change nothing, and keep whoever ends what somebody asks by waiting until it is done.
    HOLD_SESSION = "UPDATE {sessions} SET user_id = user_id WHERE user_id = $1 AND digest = $2 \
        AND token_version = $3 AND auth_epoch = $4 AND expires_at > $5";

    HOLD_GRANT = "UPDATE {token_families} SET user_id = user_id WHERE user_id = $1 AND family = $2 \
        AND token_version = $3 AND auth_epoch = $4 AND expires_at > $5";

    FORGET_API_KEYS = "DELETE FROM {api_keys} \
        WHERE user_id = $1 AND (expires_at <= $2 OR created_at <= $3)";

    COUNT_API_KEYS = "SELECT COUNT(*) FROM {api_keys} WHERE user_id = $1 \
        AND (expires_at IS NULL OR expires_at > $2) AND token_version = $3 AND auth_epoch = $4";

    ADD_API_KEY = "INSERT INTO {api_keys} (digest, handle, user_id, name, hint, scopes, \
        token_version, auth_epoch, created_at, expires_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

    TOUCH_API_KEY = "UPDATE {api_keys} SET digest = $1, last_used_at = $2 \
        WHERE digest = $3 AND (last_used_at IS NULL OR last_used_at <= $4)";

    LIST_API_KEYS = "SELECT handle, name, hint, scopes, created_at, last_used_at, expires_at \
        FROM {api_keys} WHERE user_id = $1 AND (expires_at IS NULL OR expires_at > $2) \
        AND token_version = $3 AND auth_epoch = $4 ORDER BY created_at DESC, handle";

    END_API_KEY = "DELETE FROM {api_keys} WHERE digest = $1";

    REVOKE_API_KEY = "DELETE FROM {api_keys} WHERE user_id = $1 AND handle = $2 \
        AND (expires_at IS NULL OR expires_at > $3) AND token_version = $4 AND auth_epoch = $5";

    REVOKE_API_KEYS = "DELETE FROM {api_keys} WHERE user_id = $1 \
        AND (expires_at IS NULL OR expires_at > $2) AND token_version = $3 AND auth_epoch = $4";

    END_API_KEYS = "DELETE FROM {api_keys} WHERE user_id = $1";

    PURGE_API_KEYS = "DELETE FROM {api_keys} WHERE {expired api_keys}";
}

// --- counters ---------------------------------------------------------------

// An allowance keeps the instants of its last uses, newest first, as text of 13 digits each
// (milliseconds since 1970), so that "the fifth last use is less than an hour ago" is one substring
// and one comparison, and the whole rule one statement: exact, atomic and the same on every
// database.
statements! {
    COUNT = "INSERT INTO {rate_limits} (digest, hits, is_used_up, expires_at) \
        VALUES ($1, $2, FALSE, $3) {on taken digest} \
        is_used_up = CASE WHEN SUBSTR({rate_limits}.hits, $4, 13) > $5 THEN TRUE ELSE FALSE END, \
        expires_at = CASE WHEN SUBSTR({rate_limits}.hits, $6, 13) > $7 \
            THEN {rate_limits}.expires_at ELSE $8 END, \
        hits = CASE WHEN SUBSTR({rate_limits}.hits, $9, 13) > $10 THEN {rate_limits}.hits \
            ELSE SUBSTR(CONCAT($11, {rate_limits}.hits), 1, $12) END{returning count}";

    COUNTED = "SELECT hits, is_used_up FROM {rate_limits} WHERE digest = $1";

    LOCKS = "SELECT digest, failures, window_ends_at, locked_until FROM {lockouts} \
        WHERE digest IN ($1, $2, $3)";

    LOCK_STATE = "SELECT digest, failures, window_ends_at, locked_until FROM {lockouts} \
        WHERE digest = $1";

    MISS = "INSERT INTO {lockouts} \
        (digest, failures, window_ends_at, level, level_until, locked_until, expires_at) \
        VALUES ($1, 1, $2, 0, 0, 0, $3) {on taken digest} \
        failures = CASE WHEN {lockouts}.window_ends_at > $4 THEN {lockouts}.failures + 1 ELSE 1 END, \
        expires_at = CASE WHEN {lockouts}.expires_at > $5 THEN {lockouts}.expires_at ELSE $6 END, \
        window_ends_at = CASE WHEN {lockouts}.window_ends_at > $7 \
            THEN {lockouts}.window_ends_at ELSE $8 END";

    LOCK = "UPDATE {lockouts} SET \
        locked_until = $1 + CASE WHEN level_until <= $2 THEN $3 \
            WHEN level >= $4 THEN $5 ELSE $6 * (1 << level) END, \
        level = CASE WHEN level_until <= $7 THEN 1 ELSE level + 1 END, \
        failures = 0, window_ends_at = 0 \
        WHERE digest = $8 AND failures >= $9 AND window_ends_at > $10 AND locked_until <= $11";

    REMEMBER_LOCK = "UPDATE {lockouts} SET level_until = locked_until + $1, \
        expires_at = locked_until + $2 WHERE digest = $3";

    TAKE_PAIR = "DELETE FROM {lockouts} WHERE digest = $1 AND failures = $2 AND window_ends_at = $3";

    GIVE_BACK = "UPDATE {lockouts} SET failures = CASE WHEN failures > $1 THEN failures - $2 ELSE 0 END \
        WHERE digest = $3 AND window_ends_at > $4 AND window_ends_at <= $5";

    FORGIVE = "DELETE FROM {lockouts} WHERE digest = $1";

    PURGE_LOCKOUTS = "DELETE FROM {lockouts} WHERE {expired lockouts}";

    PURGE_ALLOWANCES = "DELETE FROM {rate_limits} WHERE {expired rate_limits}";
}
