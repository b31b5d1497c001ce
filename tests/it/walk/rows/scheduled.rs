//! Scheduled.

examples! {}
