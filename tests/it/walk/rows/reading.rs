//! Reading.

examples! {}
