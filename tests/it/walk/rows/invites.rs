//! Invites.

examples! {}
