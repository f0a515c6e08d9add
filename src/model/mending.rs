//! Edits of the text that mend a mistake, worked out from statements and what was written.

use super::checker::Checker;
use super::errors;
use super::ir::{AxisVar, SiteKind, Term, TermKind};
use super::joint;
use crate::diagnostics::{Diagnostic, Edit};
use crate::library::{self, Parameter};
use crate::source::Span;
use crate::syntax::ast::*;

/// Statements farther apart than this are left for the person to move.
const FARTHEST: usize = 1000;

impl<'t> Checker<'t> {
    /// `let mu = normal(0, 5)`
    pub fn assigned_distribution(&self, made: &LetDeclaration) -> Diagnostic {
        let (name, value) = (&made.head.name, made.value.span);
        let before = Span::new(0, name.span.start);
        let keyword = self.text(before).rfind("let").unwrap_or(before.end);
        let between = Span::new(name.span.end, value.start);
        let sign = between.start + self.text(between).rfind('=').unwrap_or(0);
        let places = [Span::new(keyword, keyword + "let".len()), Span::new(sign, sign + 1)];
        errors::assigned_distribution(name, (value, self.text(value)), places)
    }

    /// A name read before its declaration, with the move that puts the two in order.
    pub fn used_before(&self, name: &Name, declared: Span) -> Diagnostic {
        errors::used_before(name, declared, self.reordering(name.span, declared))
    }

    fn reordering(&self, used: Span, declared: Span) -> Option<(&'static str, Vec<Edit>)> {
        let (user, declarer) = (self.statement_at(used)?, self.statement_at(declared)?);
        let (first, last) = (&self.statements[user], &self.statements[declarer]);
        if user >= declarer || declarer - user > FARTHEST {
            return None;
        }
        if !self.names_any(last, &self.statements[user..declarer]) {
            let place = self.lines_of(first.span)?.start;
            return Some(("move the declaration up", self.moved(self.lines_of(last.span)?, place)));
        }
        let free = matches!(first.kind, StatementKind::Observe(_) | StatementKind::Potential(_));
        let replicated = self.text(first.span.to(last.span)).contains("rep(");
        let place = self.lines_of(last.span)?.end;
        (free && !replicated)
            .then_some(("move this statement down", self.moved(self.lines_of(first.span)?, place)))
    }

    /// What a covariance, a factor of one or a correlation matrix is drawn from, in place of a type that no prior of single
    /// numbers has: for a matrix that was declared as single numbers.
    pub fn mend_matrix(
        &self,
        diagnostic: &mut Diagnostic,
        (owner, parameter, over): (&str, &Parameter, &[AxisVar]),
        (term, keyword): (&Term, Option<Span>),
    ) {
        let TermKind::Read(id, _) = term.kind else { return };
        let site = self.model.site(id);
        let Some(axis) = over.first().copied().or_else(|| joint::repeated(&site.axes)) else { return };
        let dim = self.model.dim(axis.dim).name.as_str();
        let square = site.axes.len() == 2 && site.axes.iter().all(|own| own.dim == axis.dim);
        let is_data = matches!(site.kind, SiteKind::Data { .. });
        if is_data && square {
            return;
        }
        diagnostic.help.clear();
        let alone = self.text(Span::new(0, self.source.text().len())).split(|c| !part_of_name(c));
        let alone = alone.filter(|word| *word == site.name).count() == 2;
        let statement = self.statement_at(site.span).map(|at| self.statements[at].span);
        let statement = statement.filter(|_| alone && !is_data);
        errors::offer_known_matrix(diagnostic, (&site.name, dim, parameter.domain), statement);
        let by_parts = library::family(owner).is_some_and(|family| {
            family.forms.iter().any(|form| {
                ["sd", "corr"].iter().all(|name| form.parameters.iter().any(|own| own.name == *name))
            })
        });
        if by_parts && parameter.domain != "corr" {
            let argument = keyword.map_or(term.span, |keyword| keyword.to(term.span));
            let edits = statement.map(|statement| [statement, argument]);
            errors::offer_scales(diagnostic, (owner, &site.name, dim), edits);
        } else if parameter.domain == "corr" {
            errors::offer_correlations(diagnostic, (&site.name, dim), statement);
        }
    }

    fn statement_at(&self, place: Span) -> Option<usize> {
        let after = self.statements.partition_point(|statement| statement.span.start <= place.start);
        let at = after.checked_sub(1)?;
        (place.end <= self.statements[at].span.end).then_some(at)
    }

    /// Whether the text of a statement has the name of something that one of `others` declares.
    fn names_any(&self, statement: &Statement, others: &[Statement]) -> bool {
        let (Some(first), Some(last)) = (others.first(), others.last()) else { return false };
        let inside = |span: &Span| first.span.start <= span.start && span.end <= last.span.end;
        let declared = |word: &str| {
            let array = self.names.arrays.get(word).map(|array| array.span);
            let dim = self.names.dims.get(word).map(|dim| dim.span);
            array.into_iter().chain(dim).any(|span| inside(&span))
        };
        self.text(statement.span).split(|c| !part_of_name(c)).any(declared)
    }

    /// The whole lines of a statement; none if it shares them with another, or has its documentation above.
    fn lines_of(&self, statement: Span) -> Option<Span> {
        let text = self.source.text();
        let start = text[..statement.start].rfind('\n').map_or(0, |at| at + 1);
        let end = text[statement.end..].find('\n').map_or(text.len(), |at| statement.end + at + 1);
        let rest = text[statement.end..end].trim();
        let above = text[..start].trim_end().rsplit('\n').next().unwrap_or("");
        let alone =
            text[start..statement.start].trim().is_empty() && (rest.is_empty() || rest.starts_with('#'));
        (alone && !above.trim_start().starts_with("##")).then_some(Span::new(start, end))
    }

    fn moved(&self, lines: Span, place: usize) -> Vec<Edit> {
        let mut text = self.text(lines).trim_end_matches('\n').to_owned();
        let ended = place == 0 || self.source.text()[..place].ends_with('\n');
        text = if ended { text + "\n" } else { format!("\n{text}") };
        vec![Edit { span: Span::new(place, place), text }, Edit { span: lines, text: String::new() }]
    }
}

fn part_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}
