//! Pins.

examples! {}
