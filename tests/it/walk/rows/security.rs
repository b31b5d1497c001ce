//! Security.

examples! {}
