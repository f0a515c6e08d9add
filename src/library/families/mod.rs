//! All rows of this kind, in the order of the manual.

use super::spec::Family;

/// Every row.
pub static FAMILIES: &[&Family] = &[];

/// The row of this name.
pub fn family(name: &str) -> Option<&'static Family> {
    FAMILIES.iter().copied().find(|row| row.name == name)
}
