//! Buttons.

examples! {}
