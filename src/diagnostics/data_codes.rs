//! Rows of the catalogue that the data stage reports.

use super::codes::Row;

/// The rows, by code.
pub static ROWS: &[Row] = &[];
