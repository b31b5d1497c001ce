//! The store: a small key-value interface and its engines.
