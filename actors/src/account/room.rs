//! Room for calls of an account that are at work, shared by those who call.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::Hash;
use std::rc::Rc;

use crate::caller::Principal;

/// Room for a number of calls. Nobody has more of it than is left for all others: who calls alone has half at most, and a caller who comes
/// later finds room however much one has taken.
#[derive(Clone)]
pub(super) struct Rooms<K: Eq + Hash = Option<Principal>>(Rc<RefCell<Taken<K>>>);

struct Taken<K> {
    free: usize,
    by: HashMap<K, usize>,
}

/// One call at work; counted until this is dropped.
pub(super) struct Room<K: Eq + Hash = Option<Principal>> {
    rooms: Rooms<K>,
    who: K,
}

impl<K: Clone + Eq + Hash> Rooms<K> {
    pub(super) fn new(max: usize) -> Self {
        Self(Rc::new(RefCell::new(Taken { free: max, by: HashMap::new() })))
    }

    /// Room for a call of `who`, if there is any.
    pub(super) fn enter(&self, who: K) -> Option<Room<K>> {
        let mut taken = self.0.borrow_mut();
        let own = taken.by.get(&who).copied().unwrap_or(0);
        if own >= taken.free {
            return None;
        }
        taken.free -= 1;
        taken.by.insert(who.clone(), own + 1);
        Some(Room { rooms: Self(Rc::clone(&self.0)), who })
    }
}

impl<K: Eq + Hash> Drop for Room<K> {
    fn drop(&mut self) {
        let mut taken = self.rooms.0.borrow_mut();
        taken.free += 1;
        let left = taken.by.get_mut(&self.who).map_or(0, |own| {
            *own = own.saturating_sub(1);
            *own
        });
        if left == 0 {
            taken.by.remove(&self.who);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(rooms: &Rooms<char>, who: char) -> Vec<Room<char>> {
        std::iter::from_fn(|| rooms.enter(who)).collect()
    }

    #[test]
    fn whoever_comes_later_finds_room() {
        let rooms = Rooms::new(128);
        let greedy = fill(&rooms, 'a');
        assert_eq!(greedy.len(), 64);
        let second = fill(&rooms, 'b');
        assert_eq!(second.len(), 32);
        assert_eq!(fill(&rooms, 'c').len(), 16);
        drop(greedy);
        assert_eq!(fill(&rooms, 'c').len(), 48);
        drop(second);
        assert_eq!((rooms.0.borrow().free, rooms.0.borrow().by.len()), (128, 0));
        assert_eq!(fill(&Rooms::new(1), 'a').len(), 1, "there is always room for one");
    }
}
