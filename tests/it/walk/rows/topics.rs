//! Topics.

examples! {}
