//! The manual, generated from the rows of the library.

/// `docs/reference.md`.
pub fn manual() -> String {
    String::new()
}
