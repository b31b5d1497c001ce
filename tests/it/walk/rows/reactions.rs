//! Reactions.

examples! {}
