//! Rows of the catalogue that the run stage reports.

use super::codes::Row;

/// The rows, by code.
pub static ROWS: &[Row] = &[];
