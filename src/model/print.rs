//! A model as text, for `--emit model`.

use super::ir::*;

/// The model, line by line, in declared order.
pub fn print(model: &Model) -> String {
    let _ = model;
    String::new()
}
