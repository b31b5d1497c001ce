//! Search.

examples! {}
