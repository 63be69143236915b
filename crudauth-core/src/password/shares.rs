//! Places of a queue, of which no party holds more than its share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Busy;
use crate::model::CounterName;

/// Places that are held, by party.
#[derive(Clone, Default)]
pub(crate) struct Shares(Arc<Mutex<HashMap<CounterName, usize>>>);

/// Places that one attempt holds for its parties, until it is dropped.
#[must_use = "the places are free again when this is dropped"]
pub(crate) struct Places {
    shares: Shares,
    parties: Vec<CounterName>,
}

impl Shares {
    /// Takes a place for each party, unless one of them has its share.
    pub(crate) fn take(&self, parties: &[CounterName], share: usize) -> Result<Places, Busy> {
        let mut held = self.lock();
        if parties.iter().any(|party| held.get(party).is_some_and(|places| *places >= share)) {
            tracing::debug!("request rejected: share of the queue is used up");
            return Err(Busy::NOW);
        }
        for party in parties {
            *held.entry(*party).or_default() += 1;
        }
        drop(held);
        Ok(Places { shares: self.clone(), parties: parties.to_vec() })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<CounterName, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Places {
    fn drop(&mut self) {
        let mut held = self.shares.lock();
        for party in &self.parties {
            match held.get_mut(party) {
                Some(places) if *places > 1 => *places -= 1,
                _ => {
                    held.remove(party);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn party(number: u8) -> CounterName {
        CounterName::new([number; 32])
    }

    #[test]
    fn a_party_holds_its_share_of_the_places_and_frees_them() {
        let shares = Shares::default();
        let take = |parties: &[u8]| {
            let parties: Vec<_> = parties.iter().map(|number| party(*number)).collect();
            shares.take(&parties, 4)
        };
        let mut held: Vec<_> = (0..4).map(|_| take(&[1, 2])).collect();
        assert!(held.iter().all(Result::is_ok));
        assert!(take(&[1]).is_err() && take(&[3, 2]).is_err());
        assert!(take(&[3]).is_ok(), "a refused attempt holds nothing");
        held.pop();
        let again = take(&[1, 2]);
        assert!(again.is_ok() && take(&[1]).is_err(), "one place was free");
        drop((held, again));
        assert!(shares.lock().is_empty());
    }
}
