//! Administration.

examples! {}
