//! Reusable work memory for argon2id.
//!
//! New memory per hash costs a quarter of the throughput in page faults, and lets the process grow
//! to many times the memory in use, because freed areas stay in the allocator's per-thread arenas.
//! Called by the pool only.

use std::hint::black_box;
use std::sync::{Mutex, MutexGuard, PoisonError};

use argon2::Block;

/// Blocks of an area of which there is one at a time: 256 MiB. Otherwise stored hashes could take as
/// many GiB as there are workers.
const LARGE: usize = 262_144;

/// Idle work areas, at most one per worker.
pub(super) struct Memory {
    idle: Mutex<Vec<Vec<Block>>>,
    /// Held while a large area is in use.
    large: Mutex<()>,
    /// Blocks that the configured cost needs; a larger area is shrunk to this size after use.
    standard: usize,
    /// See [`HashingConfig::wipe_memory`](super::HashingConfig::wipe_memory).
    is_wiped: bool,
    /// Number of hashes computed so far.
    #[cfg(test)]
    lent: std::sync::atomic::AtomicUsize,
}

impl Memory {
    pub(super) fn new(standard: usize, is_wiped: bool) -> Self {
        Self {
            idle: Mutex::default(),
            large: Mutex::default(),
            standard,
            is_wiped,
            #[cfg(test)]
            lent: std::sync::atomic::AtomicUsize::new(0),
        }
    }

    /// Runs `work` with `blocks` blocks of 1 KiB.
    pub(super) fn lend<T>(&self, blocks: usize, work: impl FnOnce(&mut [Block]) -> T) -> T {
        #[cfg(test)]
        self.lent.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let _turn =
            (blocks > LARGE).then(|| self.large.lock().unwrap_or_else(PoisonError::into_inner));
        let mut area = self.idle().pop().unwrap_or_default();
        if area.len() < blocks {
            drop(area); // Free it before allocating the larger one.
            area = vec![Block::new(); blocks.max(self.standard)];
        }
        let used = area.get_mut(..blocks).unwrap_or_default();
        let result = work(used);
        if self.is_wiped {
            used.fill(Block::new());
            black_box(&mut area); // Keeps the compiler from removing the wipe.
        }
        if area.len() > self.standard {
            area.truncate(self.standard);
            area.shrink_to_fit();
        }
        self.idle().push(area);
        result
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Vec<Block>>> {
        // A panic cannot leave an area in an invalid state.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
impl Memory {
    /// Returns the number of hashes computed so far.
    pub(super) fn lent(&self) -> usize {
        self.lent.load(std::sync::atomic::Ordering::SeqCst)
    }

    /// Blocks every computation until the guard is dropped.
    pub(super) fn hold(&self) -> impl Drop + '_ {
        self.idle()
    }

    /// Returns the address and the length of every idle area.
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
    fn an_area_is_wiped_and_reused() {
        let memory = Memory::new(8, true);
        memory.lend(8, dirty);
        let first = memory.areas();
        memory.lend(8, |blocks| {
            assert!(blocks.iter().all(|block| block.as_ref().iter().all(|word| *word == 0)));
        });
        assert_eq!(memory.areas(), first);
    }

    #[test]
    fn an_area_is_left_as_it_is_without_the_wipe() {
        let memory = Memory::new(8, false);
        memory.lend(8, dirty);
        memory.lend(8, |blocks| {
            assert!(blocks.iter().all(|block| block.as_ref().iter().all(|word| *word == 7)));
        });
    }

    #[test]
    fn a_larger_area_is_shrunk_after_use() {
        let memory = Memory::new(8, true);
        memory.lend(8, dirty);
        memory.lend(4096, dirty);
        assert!(memory.areas().iter().all(|(_, length)| *length == 8));
        assert_eq!(memory.areas().len(), 1);
    }

    #[test]
    fn a_large_area_excludes_another() {
        let memory = Memory::new(8, true);
        memory.lend(LARGE + 1, |_| assert!(memory.large.try_lock().is_err()));
        memory.lend(8, |_| assert!(memory.large.try_lock().is_ok()));
    }

    #[test]
    fn a_smaller_computation_uses_part_of_an_area() {
        let memory = Memory::new(8, true);
        assert_eq!(memory.lend(3, |blocks| blocks.len()), 3);
        assert!(memory.areas().iter().all(|(_, length)| *length == 8));
    }
}
