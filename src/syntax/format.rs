//! The formatter.
use crate::diagnostics::Diagnostic;
use crate::source::Source;
/// Formats.
pub fn format(source: &Source) -> Result<String, Vec<Diagnostic>> {
    super::parse::parse_clean(source).map(|tree| super::print(&tree))
}
