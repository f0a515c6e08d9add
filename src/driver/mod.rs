//! The stages in order.

pub mod target;
