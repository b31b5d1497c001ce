//! Turns at something that only a few may use at once, given in rotation over those who ask: however long one's queue is, it holds up
//! nobody else's.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// See the module's description. Cheap to clone.
pub struct Turns<K: Clone + Eq + Hash>(Arc<Shared<K>>);

/// The right to go on; it is over when this is dropped, and then the next one's begins.
pub struct Turn<K: Clone + Eq + Hash>(Option<Arc<Shared<K>>>);

/// Too many wait already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many wait for their turn")]
pub struct LineFull;

/// How many have a turn, and how many wait for one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TurnCounts {
    /// How many have one.
    pub running: usize,
    /// How many wait.
    pub waiting: usize,
}

struct Shared<K: Clone + Eq + Hash> {
    at_once: usize,
    waiting_max: usize,
    line: Mutex<Line<K>>,
}

struct Line<K: Clone + Eq + Hash> {
    counts: TurnCounts,
    next_number: u64,
    /// Those for whom somebody waits, each once, in the order in which they are served next.
    rota: VecDeque<K>,
    queues: HashMap<K, VecDeque<Waiter<K>>>,
}

struct Waiter<K: Clone + Eq + Hash> {
    number: u64,
    give: oneshot::Sender<Turn<K>>,
}

/// A place in the line; dropping it leaves the line.
struct Place<'a, K: Clone + Eq + Hash> {
    shared: &'a Shared<K>,
    who: K,
    number: u64,
}

impl<K: Clone + Eq + Hash> Turns<K> {
    /// Turns for `at_once` (at least one) at a time, for which at most `waiting_max` wait.
    pub fn new(at_once: usize, waiting_max: usize) -> Self {
        let line = Line { counts: TurnCounts::default(), next_number: 0, rota: VecDeque::new(), queues: HashMap::new() };
        Self(Arc::new(Shared { at_once: at_once.max(1), waiting_max, line: Mutex::new(line) }))
    }

    /// Waits for a turn of `who`: first come, first served among their own, and one of each in rotation. Dropping the future leaves the
    /// line.
    ///
    /// # Errors
    /// [`LineFull`], at once.
    pub async fn take(&self, who: K) -> Result<Turn<K>, LineFull> {
        let (place, turn) = {
            let mut line = self.0.line();
            if line.counts.running < self.0.at_once {
                line.counts.running += 1;
                return Ok(Turn(Some(Arc::clone(&self.0))));
            }
            if line.counts.waiting >= self.0.waiting_max {
                return Err(LineFull);
            }
            let (number, turn) = line.join(who.clone());
            (Place { shared: &self.0, who, number }, turn)
        };
        let turn = turn.await.map_err(|_| LineFull);
        drop(place);
        turn
    }

    /// How many have a turn, and how many wait for one.
    pub fn counts(&self) -> TurnCounts {
        self.0.line().counts
    }
}

impl<K: Clone + Eq + Hash> Clone for Turns<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Clone + Eq + Hash> Shared<K> {
    fn line(&self) -> MutexGuard<'_, Line<K>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a turn that has ended to the next who still waits.
    fn pass_on(self: Arc<Self>) {
        loop {
            let next = {
                let mut line = self.line();
                let next = line.next();
                if next.is_none() {
                    line.counts.running = line.counts.running.saturating_sub(1);
                }
                next
            };
            let Some(waiter) = next else { return };
            match waiter.give.send(Turn(Some(Arc::clone(&self)))) {
                Ok(()) => return,
                // Whoever waited is just leaving.
                Err(mut turn) => turn.0 = None,
            }
        }
    }
}

impl<K: Clone + Eq + Hash> Line<K> {
    fn join(&mut self, who: K) -> (u64, oneshot::Receiver<Turn<K>>) {
        let (give, turn) = oneshot::channel();
        let number = self.next_number;
        self.next_number += 1;
        let queue = self.queues.entry(who.clone()).or_default();
        if queue.is_empty() {
            self.rota.push_back(who);
        }
        queue.push_back(Waiter { number, give });
        self.counts.waiting += 1;
        (number, turn)
    }

    fn next(&mut self) -> Option<Waiter<K>> {
        let who = self.rota.pop_front()?;
        let queue = self.queues.get_mut(&who)?;
        let waiter = queue.pop_front();
        if queue.is_empty() {
            self.queues.remove(&who);
        } else {
            self.rota.push_back(who);
        }
        self.counts.waiting = self.counts.waiting.saturating_sub(1);
        waiter
    }

    fn leave(&mut self, who: &K, number: u64) {
        let Some(queue) = self.queues.get_mut(who) else { return };
        let Ok(place) = queue.binary_search_by_key(&number, |waiter| waiter.number) else { return };
        queue.remove(place);
        self.counts.waiting = self.counts.waiting.saturating_sub(1);
        if queue.is_empty() {
            self.queues.remove(who);
            self.rota.retain(|other| other != who);
        }
    }
}

impl<K: Clone + Eq + Hash> Drop for Place<'_, K> {
    fn drop(&mut self) {
        self.shared.line().leave(&self.who, self.number);
    }
}

impl<K: Clone + Eq + Hash> Drop for Turn<K> {
    fn drop(&mut self) {
        if let Some(shared) = self.0.take() {
            shared.pass_on();
        }
    }
}

impl<K: Clone + Eq + Hash> fmt::Debug for Turns<K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.counts().fmt(formatter)
    }
}

impl<K: Clone + Eq + Hash> fmt::Debug for Turn<K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Turn")
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    use proptest::prelude::*;

    use super::*;

    type Taking<'a> = Pin<Box<dyn Future<Output = Result<Turn<char>, LineFull>> + 'a>>;

    /// Takes a turn that is free. (Within tokio's runtime, a task that polls so often is told to give way.)
    fn take(turns: &Turns<char>, who: char) -> Turn<char> {
        let mut taking: Taking<'_> = Box::pin(turns.take(who));
        poll(&mut taking).expect("a turn is free").unwrap()
    }

    /// Asks, and joins the line.
    fn ask(turns: &Turns<char>, who: char) -> Taking<'_> {
        let mut taking: Taking<'_> = Box::pin(turns.take(who));
        assert!(poll(&mut taking).is_none(), "there is a line");
        taking
    }

    fn poll(taking: &mut Taking<'_>) -> Option<Result<Turn<char>, LineFull>> {
        match taking.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => Some(result),
            Poll::Pending => None,
        }
    }

    /// Who is served, one after the other, from when the first turn ends.
    fn served(first: Turn<char>, mut line: Vec<(char, Taking<'_>)>) -> String {
        let (mut turn, mut order) = (first, String::new());
        while !line.is_empty() {
            drop(turn);
            let served = line.iter_mut().enumerate().find_map(|(place, (_, taking))| Some((place, poll(taking)?)));
            let (place, result) = served.expect("somebody is served");
            order.push(line.remove(place).0);
            turn = result.unwrap();
        }
        order
    }

    #[test]
    fn one_of_each_in_rotation_and_first_come_first_served_among_ones_own() {
        let turns = Turns::new(1, 10_000);
        let first = take(&turns, 'a');
        let mut line: Vec<_> = (0..1_000).map(|_| ('a', ask(&turns, 'a'))).collect();
        line.push(('b', ask(&turns, 'b')));
        line.push(('c', ask(&turns, 'c')));
        line.push(('b', ask(&turns, 'b')));
        assert_eq!(turns.counts(), TurnCounts { running: 1, waiting: 1_003 });
        let order = served(first, line);
        assert_eq!(&order[..6], "abcaba", "a thousand of one hold another up by one turn");
        assert_eq!(turns.counts(), TurnCounts::default());
    }

    #[test]
    fn who_leaves_takes_no_turn_and_the_line_has_an_end() {
        let turns = Turns::new(2, 2);
        let (one, other) = (take(&turns, 'a'), take(&turns, 'a'));
        let (leaving, mut staying) = (ask(&turns, 'a'), ask(&turns, 'b'));
        let mut beyond: Taking<'_> = Box::pin(turns.take('c'));
        assert_eq!(poll(&mut beyond).unwrap().unwrap_err(), LineFull);
        drop(leaving);
        assert_eq!(turns.counts(), TurnCounts { running: 2, waiting: 1 });
        drop(one);
        let turn = poll(&mut staying).expect("it is the one who stayed").unwrap();
        // A turn that was given and not taken goes on to the next.
        let (given, mut next) = (ask(&turns, 'a'), ask(&turns, 'a'));
        drop(turn);
        drop(given);
        drop(poll(&mut next).expect("the turn goes on").unwrap());
        drop((other, next, staying));
        assert_eq!(turns.counts(), TurnCounts::default());
    }

    proptest! {
        /// Whoever asks is served after at most one turn of each other who waits, times their own who came before.
        #[test]
        fn nobody_waits_for_the_queue_of_another(asking in proptest::collection::vec(0_u8..4, 1..60)) {
            let turns = Turns::new(1, 10_000);
            let first = turns.0.clone();
            first.line().counts.running = 1;
            let names: Vec<char> = asking.iter().map(|who| char::from(b'a' + who)).collect();
            let line: Vec<_> = names.iter().map(|who| (*who, ask(&turns, *who))).collect();
            let order: Vec<char> = served(Turn(Some(first)), line).chars().collect();
            let others = names.iter().collect::<std::collections::HashSet<_>>().len();
            for who in &names {
                let places = order.iter().enumerate().filter(|(_, served)| *served == who).map(|(place, _)| place);
                for (before, place) in places.enumerate() {
                    prop_assert!(place < (before + 1) * others, "{who} {order:?}");
                }
            }
            prop_assert_eq!(turns.counts(), TurnCounts::default());
        }
    }
}
