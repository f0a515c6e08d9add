//! All rows of this kind, in the order of the manual.

use super::spec::Function;

/// Every row.
pub static FUNCTIONS: &[&Function] = &[];

/// The row of this name.
pub fn function(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().copied().find(|row| row.name == name)
}
