//! Batches: writes and the conditions under which they happen, as plain values.

use super::{KEY_BYTES_MAX, StoreError, VALUE_BYTES_MAX};

/// When a commit resolves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// When a power cut cannot undo it.
    #[default]
    Durable,
    /// When later reads see it. A kill cannot undo it a moment later; a power cut can, until the next durable batch or the closing of
    /// the store.
    Relaxed,
}

/// What must hold for a batch to be written.
#[derive(Clone, PartialEq, Eq)]
pub enum Precondition {
    /// The key has no value.
    Absent(Vec<u8>),
    /// The key has a value.
    Exists(Vec<u8>),
    /// The key has exactly this value.
    Equals(Vec<u8>, Vec<u8>),
}

impl Precondition {
    pub(super) fn key(&self) -> &[u8] {
        match self {
            Self::Absent(key) | Self::Exists(key) | Self::Equals(key, _) => key,
        }
    }

    pub(super) fn holds(&self, value: Option<&[u8]>) -> bool {
        match self {
            Self::Absent(_) => value.is_none(),
            Self::Exists(_) => value.is_some(),
            Self::Equals(_, wanted) => value == Some(wanted.as_slice()),
        }
    }
}

/// Writes that happen together or not at all. A later write to the same key stands.
#[derive(Clone, Default)]
pub struct Batch {
    pub(super) writes: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    pub(super) preconditions: Vec<Precondition>,
    pub(super) durability: Durability,
}

impl Batch {
    /// An empty batch, durable when committed.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a key.
    pub fn put(mut self, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        self.writes.push((key.into(), Some(value.into())));
        self
    }

    /// Removes a key; removing one that is absent is no error.
    pub fn delete(mut self, key: impl Into<Vec<u8>>) -> Self {
        self.writes.push((key.into(), None));
        self
    }

    /// Adds a condition.
    pub fn require(mut self, precondition: Precondition) -> Self {
        self.preconditions.push(precondition);
        self
    }

    /// The same batch with this durability.
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// This batch and another as one; the stricter durability stands.
    pub fn and(mut self, other: Batch) -> Self {
        self.writes.extend(other.writes);
        self.preconditions.extend(other.preconditions);
        if other.durability == Durability::Durable {
            self.durability = Durability::Durable;
        }
        self
    }

    /// How many bytes the values that it sets have.
    pub fn value_bytes(&self) -> usize {
        self.writes.iter().filter_map(|(_, value)| value.as_ref()).map(Vec::len).sum()
    }

    /// How many writes it has.
    pub fn len(&self) -> usize {
        self.writes.len()
    }

    /// Whether it writes nothing.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    pub(super) fn check(&self) -> Result<(), StoreError> {
        let keys = self.writes.iter().map(|(key, _)| key.as_slice()).chain(self.preconditions.iter().map(Precondition::key));
        for key in keys {
            if key.len() > KEY_BYTES_MAX {
                return Err(StoreError::KeyTooLong(key.len()));
            }
        }
        for (_, value) in &self.writes {
            let length = value.as_ref().map_or(0, Vec::len);
            if length > VALUE_BYTES_MAX {
                return Err(StoreError::ValueTooLong(length));
            }
        }
        Ok(())
    }
}

impl std::fmt::Debug for Batch {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Batch({} writes, {} preconditions)", self.writes.len(), self.preconditions.len())
    }
}
