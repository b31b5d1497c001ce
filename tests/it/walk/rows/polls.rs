//! Polls.

examples! {}
