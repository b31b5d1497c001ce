//! Drafts.

examples! {}
