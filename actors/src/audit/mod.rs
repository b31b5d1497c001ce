//! The audit log: one hash-chained file, durable before any effect.
