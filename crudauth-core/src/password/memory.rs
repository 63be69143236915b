//! The work areas of argon2id, lent to one computation at a time and kept for the next.
//!
//! Fresh memory per hash costs a quarter of the throughput in page faults and lets the process grow
//! to many times the memory in use: freed areas stay in the allocator's arenas, one per thread.

use std::hint::black_box;
use std::sync::{Mutex, MutexGuard, PoisonError};

use argon2::Block;

/// Work areas that no computation uses now: never more than there were computations at once.
pub(super) struct Memory {
    idle: Mutex<Vec<Vec<Block>>>,
    /// The blocks that a computation of the configured cost needs; an area is never kept larger.
    standard: usize,
    /// How often memory was lent, which is how many hashes were computed.
    #[cfg(test)]
    lent: std::sync::atomic::AtomicUsize,
}

impl Memory {
    pub(super) fn new(standard: usize) -> Self {
        Self {
            idle: Mutex::default(),
            standard,
            #[cfg(test)]
            lent: std::sync::atomic::AtomicUsize::new(0),
        }
    }

    /// Lends `blocks` blocks of 1 KiB to `work`, with whatever content.
    pub(super) fn lend<T>(&self, blocks: usize, work: impl FnOnce(&mut [Block]) -> T) -> T {
        #[cfg(test)]
        self.lent.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let mut area = self.idle().pop().unwrap_or_default();
        if area.len() < blocks {
            drop(area); // before the larger one is allocated, not after
            area = vec![Block::new(); blocks.max(self.standard)];
        }
        let used = area.get_mut(..blocks).unwrap_or_default();
        let result = work(used);
        // A finished area is worth more to a thief than the hash: the passes can be undone from it
        // down to the first blocks, and a guess checked against those costs one BLAKE2b instead of
        // an argon2id. Wiping takes a twentieth of one pass's time.
        used.fill(Block::new());
        black_box(&mut area); // the compiler must not see that nobody reads those zeros
        if area.len() > self.standard {
            area.truncate(self.standard);
            area.shrink_to_fit();
        }
        self.idle().push(area);
        result
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Vec<Block>>> {
        // An area has no state that a panic could leave half done.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
impl Memory {
    /// How many hashes were computed so far.
    pub(super) fn lent(&self) -> usize {
        self.lent.load(std::sync::atomic::Ordering::SeqCst)
    }

    /// Holds up every computation until the guard is dropped.
    pub(super) fn hold(&self) -> impl Drop + '_ {
        self.idle()
    }

    /// The address and the length of every idle area.
    pub(super) fn areas(&self) -> Vec<(*const Block, usize)> {
        self.idle().iter().map(|area| (area.as_ptr(), area.len())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dirty(blocks: &mut [Block]) {
        blocks.iter_mut().for_each(|block| block.as_mut().fill(7));
    }

    #[test]
    fn an_area_comes_back_wiped_and_is_lent_again() {
        let memory = Memory::new(8);
        memory.lend(8, dirty);
        let first = memory.areas();
        memory.lend(8, |blocks| {
            assert!(blocks.iter().all(|block| block.as_ref().iter().all(|word| *word == 0)));
        });
        assert_eq!(memory.areas(), first);
    }

    #[test]
    fn a_larger_area_is_not_kept_at_its_size() {
        let memory = Memory::new(8);
        memory.lend(8, dirty);
        memory.lend(4096, dirty);
        assert!(memory.areas().iter().all(|(_, length)| *length == 8));
        assert_eq!(memory.areas().len(), 1);
    }

    #[test]
    fn a_smaller_one_uses_a_part() {
        let memory = Memory::new(8);
        assert_eq!(memory.lend(3, |blocks| blocks.len()), 3);
        assert!(memory.areas().iter().all(|(_, length)| *length == 8));
    }
}
