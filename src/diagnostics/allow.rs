//! Warnings that the model's text allows: `# allow: unused::data` on the line that a warning points at, on a line of
//! its own above it, or, for the whole file, before the first statement.

use std::collections::HashSet;

use super::{Diagnostic, File};
use crate::source::Source;

/// What opens the comment.
const MARK: &str = "# allow:";

/// The warnings that are allowed somewhere.
struct Allowed<'a> {
    everywhere: Vec<&'a str>,
    /// By line, from 1.
    lines: HashSet<(usize, &'a str)>,
}

/// Takes the warnings that the text allows out of `diagnostics`; errors stay.
pub fn withhold(diagnostics: &mut Vec<Diagnostic>, model: &Source) {
    let allowed = allowed(model.text());
    diagnostics.retain(|diagnostic| diagnostic.is_error() || !allowed.covers(diagnostic, model));
}

impl Allowed<'_> {
    fn covers(&self, diagnostic: &Diagnostic, model: &Source) -> bool {
        let slug = diagnostic.code.row().slug;
        let mut lines = diagnostic
            .labels
            .iter()
            .filter(|label| label.file == File::Model)
            .map(|label| model.position(model.floor(label.span.start)).line);
        self.everywhere.contains(&slug) || lines.any(|line| self.lines.contains(&(line, slug)))
    }
}

fn allowed(text: &str) -> Allowed<'_> {
    let mut allowed = Allowed { everywhere: Vec::new(), lines: HashSet::new() };
    // Slugs of comment lines that wait for the statement below them.
    let mut above: Vec<&str> = Vec::new();
    let mut begun = false;
    for (number, line) in (1..).zip(text.lines()) {
        let slugs = line.find(MARK).map(|at| &line[at + MARK.len()..]).unwrap_or_default();
        let slugs = slugs.split([',', ' ']).filter(|slug| !slug.is_empty());
        let code = line.trim_start();
        if code.starts_with('#') {
            above.extend(slugs);
        } else if !code.is_empty() {
            if !begun {
                allowed.everywhere.append(&mut above);
            }
            begun = true;
            allowed.lines.extend(above.drain(..).chain(slugs).map(|slug| (number, slug)));
        }
    }
    allowed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::Code;
    use crate::source::Span;

    fn left(text: &str, place: &str) -> usize {
        let at = text.find(place).expect("a place in the text");
        let warning = Diagnostic::new(Code(1001), "w").at(Span::new(at, at + 1), "");
        let error = Diagnostic::new(Code(201), "e").at(Span::new(at, at + 1), "");
        let mut found = vec![warning, error];
        withhold(&mut found, &Source::new("m.vi", text));
        found.len()
    }

    #[test]
    fn a_line_allows_its_own_warnings() {
        assert_eq!(left("dim n\ndata x: real # allow: unused::data", "x"), 1);
        assert_eq!(left("dim n\n# allow: observe::twice, unused::data\ndata x: real", "x"), 1);
        assert_eq!(left("dim n\ndata x: real # allow: unused::let", "x"), 2);
        assert_eq!(left("dim n # allow: unused::data\ndata x: real", "x"), 2);
    }

    #[test]
    fn a_comment_at_the_top_is_for_the_whole_file() {
        assert_eq!(left("# allow: unused::data\n\ndim n\ndim k\ndata x: real", "x"), 1);
    }
}
