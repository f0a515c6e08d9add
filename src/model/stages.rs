//! What is known only after the fit, and so has no place in the density.

use super::checker::Checker;
use super::errors;
use super::ir::*;
use crate::diagnostics::Edit;
use crate::source::Span;

/// What calls a function with every term of something.
type Walk<'m> = dyn FnOnce(&mut dyn FnMut(&'m Term)) + 'm;

/// A term that waits for the fit, and the site that it reads, if it is not such by itself.
struct Late {
    span: Span,
    site: Option<SiteId>,
}

impl<'t> Checker<'t> {
    /// Whether a value is known for given latents; if not, it is reported.
    pub fn before_fit(&mut self, value: &Term) -> Option<()> {
        let late = self.late(Box::new(|visit| value.walk(visit)));
        self.refuse_late(late)
    }

    /// The same for all that a distribution reads.
    pub fn drawn_before_fit(&mut self, distribution: &Distribution) -> Option<()> {
        let late = self.late(Box::new(|visit| distribution.walk(visit)));
        self.refuse_late(late)
    }

    fn late<'m>(&self, walk: Box<Walk<'m>>) -> Option<Late> {
        let mut found = None;
        walk(&mut |term| {
            let site = match term.kind {
                TermKind::Read(site, _) if self.model.site(site).stage == Stage::Draw => Some(site),
                TermKind::Replicate(_) | TermKind::States(..) => None,
                _ => return,
            };
            found.get_or_insert(Late { span: term.span, site });
        });
        found
    }

    fn refuse_late(&mut self, late: Option<Late>) -> Option<()> {
        let Some(Late { span, site }) = late else { return Some(()) };
        let site = site.map(|id| (self.model.site(id), self.as_let(self.model.site(id))));
        let diagnostic = errors::after_fit((span, self.text(span)), site);
        self.report(diagnostic);
        None
    }

    /// The edit that makes a `let` of a `generate`, where its value does not wait for the fit itself.
    fn as_let(&self, site: &Site) -> Option<Edit> {
        let SiteKind::Generate(value) = &site.kind else { return None };
        if self.late(Box::new(|visit| value.walk(visit))).is_some() {
            return None;
        }
        let keyword = "generate";
        let at = self.text(Span::new(0, site.span.start)).rfind(keyword)?;
        Some(Edit { span: Span::new(at, at + keyword.len()), text: "let".to_owned() })
    }
}
