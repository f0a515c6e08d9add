//! Which axes the arguments of a distribution may vary over.

use super::checker::Checker;
use super::demands::Place;
use super::distributions::Target;
use super::errors;
use super::ir::*;
use super::terms;
use crate::diagnostics::Diagnostic;
use crate::library::{Parameter, Rank, ValueKind};
use crate::source::Span;

impl<'t> Checker<'t> {
    /// What parameters demand of the arguments that vary over no dim but those they may.
    pub fn demand_of_rest(&mut self, (name, call): (&str, &FamilyCall), misplaced: &[usize]) {
        let parameters = call.family.forms[call.form].parameters;
        let mut arguments = call.arguments.clone();
        misplaced.iter().for_each(|at| arguments[*at] = terms::broken(arguments[*at].span));
        self.demand((name, call.span), (parameters, &call.over), &arguments);
    }

    /// The arguments that vary over more than the cells and, by their rank, the joint axes and their twins: reported.
    pub fn misplaced(&mut self, call: &FamilyCall, target: &Target) -> Vec<usize> {
        let Some(cells) = &target.axes else { return Vec::new() };
        let parameters = call.family.forms[call.form].parameters;
        let mut misplaced = Vec::new();
        let matrices = (0..parameters.len()).filter(|at| parameters[*at].rank == Rank::Matrix);
        for (at, (term, parameter)) in call.arguments.iter().zip(parameters).enumerate() {
            let allowed = |axis: &AxisVar| match parameter.rank {
                Rank::Scalar => cells.contains(axis) && !call.over.contains(axis),
                Rank::Vector => cells.contains(axis) || call.over.contains(axis),
                Rank::Matrix => cells.contains(axis) || call.over.contains(axis) || call.twins.contains(axis),
                _ => true,
            };
            let Some(extra) = term.axes.iter().find(|axis| !allowed(axis)) else { continue };
            misplaced.push(at);
            if cells.iter().chain(&call.over).any(|axis| axis.dim == extra.dim) {
                self.report(errors::matrix_argument((term, parameter), call, &self.model));
                // Where the two stand at each other's places, that is one mistake.
                misplaced.extend(matrices.clone());
                continue;
            }
            if parameter.rank == Rank::Matrix
                && let Some(diagnostic) = self.not_square((term, parameter), call)
            {
                self.report(diagnostic);
                continue;
            }
            let better = self.model.dim(extra.dim).name.clone();
            let gather = self.gather(term, extra.dim);
            let diagnostic = errors::extra_axes(term, (target, cells), (&better, gather), &self.model);
            let diagnostic = match self.product(term, extra.dim) {
                Some((sign, text)) => errors::matrix_product(diagnostic, (sign, &text), &better),
                None => diagnostic,
            };
            self.report(diagnostic);
        }
        misplaced
    }

    /// A matrix over two different dims where one over a dim twice is wanted, with what such a matrix is made of.
    fn not_square(&self, (term, parameter): (&Term, &Parameter), call: &FamilyCall) -> Option<Diagnostic> {
        let dim = &self.model.dim(call.over.first()?.dim).name;
        if !matches!(term.kind, TermKind::Read(..)) {
            return None;
        }
        let mut diagnostic = errors::not_square((term, parameter), (call, dim), &self.model);
        let keyword = self.place_of_keyword(call.span, term, Place::Earlier);
        self.mend_matrix(&mut diagnostic, (call.family.name, parameter, &call.over), (term, keyword));
        Some(diagnostic)
    }

    /// Probabilities of an index run along the dim of the index.
    pub fn check_category(&mut self, call: &FamilyCall, target: &Target) -> Option<()> {
        let parameters = call.family.forms[call.form].parameters;
        let free = parameters.iter().any(|parameter| {
            matches!(parameter.domain, "simplex" | "real") && parameter.rank == Rank::Vector
        });
        if let (ValueKind::Index, Rank::Scalar, Some(Kind::Index(dim)), Some(axis), true) =
            (call.family.kind, call.family.rank, target.value, call.over.first(), free)
            && axis.dim != dim
        {
            let names = [self.model.dim(axis.dim).name.as_str(), self.model.dim(dim).name.as_str()];
            let diagnostic = errors::wrong_categories(call.span, names, target);
            self.report(diagnostic);
            return None;
        }
        Some(())
    }

    /// A product cell by cell of two arrays over a dim that was perhaps to be summed over, in a term or the lets that it
    /// reads: its sign, and the matrix product as text.
    fn product(&self, term: &Term, dim: DimId) -> Option<(Span, String)> {
        let has = |term: &Term| term.axes.iter().any(|axis| axis.dim == dim);
        let mut lets = Vec::new();
        let mut products = Vec::new();
        term.walk(&mut |inner| match &inner.kind {
            TermKind::Read(site, _) => lets.push(*site),
            TermKind::Operate(Operator::Multiply, sides) => {
                if let [left, right] = &sides[..]
                    && has(left)
                    && has(right)
                    && left.axes != right.axes
                {
                    products.push([left.span, right.span]);
                }
            }
            _ => {}
        });
        if let Some([left, right]) = products.first() {
            let gap = Span::new(left.end, right.start.max(left.end));
            let sign = self.text(gap).find('*').map(|at| Span::new(gap.start + at, gap.start + at + 1))?;
            return Some((sign, format!("{} @ {}", self.text(*left), self.text(*right))));
        }
        let values = lets.into_iter().filter_map(|site| match &self.model.site(site).kind {
            SiteKind::Let(value) if has(value) => Some(value),
            _ => None,
        });
        values.into_iter().find_map(|value| self.product(value, dim))
    }
}
