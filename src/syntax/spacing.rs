//! Spacing.
