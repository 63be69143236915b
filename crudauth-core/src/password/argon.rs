//! Argon2 in borrowed memory, and its PHC strings.
//!
//! `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<output>`. Called by the pool only.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash as Phc, Salt};
use argon2::{Algorithm, Argon2, Params, Version};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::memory::Memory;
use super::{Password, PasswordHash};
use crate::random::random;

/// Maximum memory of a stored hash, in KiB: the most that libsodium's presets take. A damaged column
/// must not exhaust the machine.
const MAX_MEMORY_KIB: u32 = 1_048_576;
/// Maximum memory of a stored hash times its passes, in KiB: a few seconds of a core.
const MAX_WORK_KIB: u64 = 4 * MAX_MEMORY_KIB as u64;
/// Maximum lanes of a stored hash (PHC string format of argon2). They change no cost.
const MAX_LANES: u32 = 255;

/// Length of the salt, in bytes (RFC 9106, section 4).
const SALT_BYTES: usize = 16;
/// Length of the output, in bytes (RFC 9106, section 4).
const OUTPUT_BYTES: usize = 32;

/// Hashes `password` with a new salt; `None` only if argon2 rejects the parameters.
pub(super) fn hash(password: &Password, params: &Params, memory: &Memory) -> Option<PasswordHash> {
    let salt: [u8; SALT_BYTES] = random();
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    let output = compute(&argon, password.expose().as_bytes(), &salt, memory)?;
    let phc = Phc {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(params).ok()?,
        salt: Some(Salt::new(&salt).ok()?),
        hash: Some(Output::new(&output).ok()?),
    };
    Some(PasswordHash::new(phc.to_string()))
}

fn compute(
    argon: &Argon2<'_>,
    password: &[u8],
    salt: &[u8],
    memory: &Memory,
) -> Option<Zeroizing<Vec<u8>>> {
    let length = argon.params().output_len().unwrap_or(OUTPUT_BYTES);
    let mut output = Zeroizing::new(vec![0; length]);
    let computed = memory.lend(argon.params().block_count(), |blocks| {
        argon.hash_password_into_with_memory(password, salt, &mut output, blocks)
    });
    computed.is_ok().then_some(output)
}

/// A parsed hash.
#[derive(Clone)]
pub(super) struct Stored {
    algorithm: Algorithm,
    version: Version,
    params: Params,
    salt: Salt,
    output: Output,
}

impl Stored {
    /// Parses a PHC string of the argon2 family; `None` for any other text, and for parameters
    /// beyond the bounds above.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let phc = Phc::new(text).ok()?;
        let output = phc.hash?;
        Some(Self {
            algorithm: Algorithm::try_from(phc.algorithm.as_str()).ok()?,
            // A string without a version is of Argon2 1.0, which had no version field.
            version: phc.version.map_or(Ok(Version::V0x10), Version::try_from).ok()?,
            params: bounded(&phc.params, output.len())?,
            salt: phc.salt?,
            output,
        })
    }

    /// Creates a hash that matches no password and costs as much as a new one. Its output is
    /// random, so creating it computes no hash.
    pub(super) fn decoy(params: &Params) -> Option<Self> {
        let salt: [u8; SALT_BYTES] = random();
        let output: [u8; OUTPUT_BYTES] = random();
        Some(Self {
            algorithm: Algorithm::Argon2id,
            version: Version::V0x13,
            params: params.clone(),
            salt: Salt::new(&salt).ok()?,
            output: Output::new(&output).ok()?,
        })
    }

    /// Returns `true` if the hash is of `password`.
    pub(super) fn matches(&self, password: &[u8], memory: &Memory) -> bool {
        let argon = Argon2::new(self.algorithm, self.version, self.params.clone());
        compute(&argon, password, self.salt.as_ref(), memory)
            .is_some_and(|output| output.ct_eq(self.output.as_bytes()).into())
    }

    /// Returns `true` if a new hash would have another algorithm, version, cost or length.
    pub(super) fn is_outdated(&self, current: &Params) -> bool {
        self.algorithm != Algorithm::Argon2id
            || self.version != Version::V0x13
            || cost(&self.params) != cost(current)
            || self.output.len() != OUTPUT_BYTES
    }
}

fn cost(params: &Params) -> (u32, u32, u32) {
    (params.m_cost(), params.t_cost(), params.p_cost())
}

/// Reads the three parameters of argon2, each given once and within the bounds.
fn bounded(params: &ParamsString, output_bytes: usize) -> Option<Params> {
    let m = params.get_decimal("m")?;
    let t = params.get_decimal("t")?;
    let p = params.get_decimal("p")?;
    let is_within = m <= MAX_MEMORY_KIB
        && u64::from(m).saturating_mul(t.into()) <= MAX_WORK_KIB
        && p <= MAX_LANES;
    if !is_within || params.iter().count() != 3 {
        return None;
    }
    Params::new(m, t, p, Some(output_bytes)).ok()
}

/// Returns the algorithm, version and parameters of a hash of the argon2 family, with the `$` before
/// its salt, and whether hashes of that cost are read.
pub(crate) fn head(stored: &str) -> Option<(&str, bool)> {
    let params = stored.strip_prefix("$argon2")?.find("$m=")? + "$argon2$".len();
    let end = params + stored.get(params..)?.find('$')?;
    let phc = Phc::new(stored.get(..end)?).ok()?;
    let is_argon = Algorithm::try_from(phc.algorithm.as_str()).is_ok();
    let is_read = is_argon && bounded(&phc.params, OUTPUT_BYTES).is_some();
    Some((stored.get(..=end)?, is_read))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed setup fails the test")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn small() -> Params {
        Params::new(64, 2, 1, None).unwrap()
    }

    fn fresh(typed: &str) -> PasswordHash {
        let password = Password::parse(typed).unwrap();
        hash(&password, &small(), &Memory::new(64, true)).unwrap()
    }

    fn matches(stored: &str, typed: &str) -> bool {
        let stored = Stored::parse(stored).unwrap();
        stored.matches(typed.as_bytes(), &Memory::new(64, true))
    }

    #[test]
    fn a_hash_is_a_phc_string_with_its_own_salt() {
        let one = fresh("a-strong-one");
        let other = fresh("a-strong-one");
        assert!(one.expose().starts_with("$argon2id$v=19$m=64,t=2,p=1$"));
        assert_eq!(one.expose().len(), "$argon2id$v=19$m=64,t=2,p=1$".len() + 22 + 1 + 43);
        assert_ne!(one.expose(), other.expose());
        assert!(matches(one.expose(), "a-strong-one") && !matches(one.expose(), "a-strong-on"));
    }

    /// From the reference implementation's own `src/test.c`: the password is `password`, the salt
    /// `somesalt`; version 0x10 and argon2i among them.
    #[test]
    fn hashes_of_the_reference_implementation_match() {
        for stored in [
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
            "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8",
            "$argon2i$m=256,t=2,p=1$c29tZXNhbHQ$/U3YPXYsSb3q9XxHvc0MLxur+GP960kN9j7emXX8zwY",
        ] {
            assert!(matches(stored, "password") && !matches(stored, "passwor"), "{stored}");
        }
    }

    #[test]
    fn a_hash_with_other_parameters_is_outdated() {
        let output = "A".repeat(43);
        let salt = "c29tZXNhbHRzb21lc2FsdA";
        let is_outdated = |head: &str| {
            Stored::parse(&format!("{head}${salt}${output}")).unwrap().is_outdated(&small())
        };
        let stored = fresh("a-strong-one");
        assert!(!Stored::parse(stored.expose()).unwrap().is_outdated(&small()));
        assert!(is_outdated("$argon2i$v=19$m=64,t=2,p=1"));
        assert!(is_outdated("$argon2id$v=16$m=64,t=2,p=1"));
        assert!(is_outdated("$argon2id$m=64,t=2,p=1"));
        assert!(is_outdated("$argon2id$v=19$m=65,t=2,p=1"));
        assert!(is_outdated("$argon2id$v=19$m=64,t=3,p=1"));
        assert!(is_outdated("$argon2id$v=19$m=64,t=2,p=2"));
        let short = format!("$argon2id$v=19$m=64,t=2,p=1${salt}${}", "A".repeat(32));
        assert!(Stored::parse(&short).unwrap().is_outdated(&small()));
    }

    #[test]
    fn parameters_beyond_the_bounds_are_malformed() {
        let parse = |params: &str| {
            Stored::parse(&format!("$argon2id$v=19${params}$c29tZXNhbHQ${}", "A".repeat(43)))
        };
        for params in [
            "m=262144,t=16,p=16",
            "m=1048576,t=4,p=1", // libsodium's OPSLIMIT_SENSITIVE
            "m=4096,t=192,p=1",
            "m=2040,t=2,p=255",
        ] {
            assert!(parse(params).is_some(), "{params}");
        }
        for params in [
            "m=1048577,t=1,p=1",
            "m=1048576,t=5,p=1",
            "m=2097152,t=1,p=4", // the first choice of RFC 9106
            "m=4294967295,t=2,p=1",
            "m=4294967296,t=2,p=1",
            "m=4294967295,t=4294967295,p=1",
            "m=256,t=16385,p=1",
            "m=4096,t=2,p=256",
            "m=256,t=0,p=1",
            "m=256,t=2,p=0",
            "m=7,t=2,p=1",
            "m=127,t=2,p=16",
            "m=256,t=2",
            "m=256,t=2,p=1,m=256",
            "m=256,m=256,t=2",
            "m=256,t=2,p=1,keyid=Hj5+dsK0",
            "m=256,t=2,p=1,x=1",
            "m=0256,t=2,p=1",
            "m=-1,t=2,p=1",
        ] {
            assert!(parse(params).is_none(), "{params}");
        }
    }

    #[test]
    fn the_head_of_a_hash_ends_before_its_salt() {
        for (params, is_read) in [
            ("$argon2id$v=19$m=19456,t=2,p=1$", true),
            ("$argon2i$m=256,t=2,p=1$", true),
            ("$argon2id$v=19$m=2097152,t=1,p=4$", false),
            ("$argon2id$v=19$m=256,t=2,p=1,x=1$", false),
            ("$argon2x$v=19$m=256,t=2,p=1$", false),
        ] {
            let stored = format!("{params}c29tZXNhbHQ$bQk8UB");
            assert_eq!(head(&stored), Some((params, is_read)));
        }
        for stored in ["$argon2id$damaged", "$argon2id$v=19$m=1", "$2b$04$", "argon2$$m=1$", ""] {
            assert_eq!(head(stored), None, "{stored}");
        }
    }

    proptest! {
        #[test]
        fn the_parser_accepts_any_text(text in "\\PC{0,80}") {
            let _ = Stored::parse(&text);
            let _ = head(&format!("$argon2{text}"));
        }

        #[test]
        fn the_parser_accepts_any_damaged_hash(
            at in 0_usize..97, cut in 0_usize..97, by in "[$=,a-zA-Z0-9+/!é]{0,3}",
        ) {
            let whole = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$\
                         nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
            let end = (at + cut).min(whole.len());
            let start = at.min(end);
            let _ = Stored::parse(&format!("{}{by}{}", &whole[..start], &whole[end..]));
        }
    }
}
