//! Tests of the whole room: malformed files, binding to models written by hand, random input.

mod binding;
mod files;
mod models;
mod random;
