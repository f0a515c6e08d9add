//! Laws of the inference room on targets written by hand.

mod dual;
mod models;
