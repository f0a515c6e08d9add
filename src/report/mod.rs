//! A fit in words and in data; computes nothing.

pub mod explain;
