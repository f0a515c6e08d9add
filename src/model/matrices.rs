//! `A @ B`: the product summed over the one dim that both sides share and the head does not name.

use super::checker::Checker;
use super::errors;
use super::expressions::join;
use super::ir::*;
use super::scope::Scope;
use super::terms;
use crate::library;
use crate::source::Span;
use crate::syntax::ast::Expr;

impl<'t> Checker<'t> {
    /// `A @ B`
    pub fn matrix_product(
        &mut self,
        left: &'t Expr,
        right: &'t Expr,
        span: Span,
        scope: &mut Scope<'t>,
    ) -> Term {
        let (left, right) = (self.number(left, scope), self.number(right, scope));
        if terms::is_broken(&left) || terms::is_broken(&right) {
            return terms::broken(span);
        }
        let mut shared: Vec<DimId> = left.axes.iter().map(|axis| axis.dim).collect();
        shared.dedup();
        shared.retain(|dim| right.axes.iter().any(|axis| axis.dim == *dim));
        let repeated = |dim: &DimId| of_dim(&left, *dim).len().max(of_dim(&right, *dim).len()) > 1;
        let free = |dim: &DimId| !scope.binds(of_dim(&left, *dim)[0]) || repeated(dim);
        let contracted: Vec<DimId> = shared.iter().copied().filter(free).collect();
        let [dim] = contracted[..] else {
            let sign = self.sign_between(&left, &right);
            let diagnostic = errors::no_one_shared_dim(sign, [&left, &right], &contracted, &self.model);
            return self.fail(span, diagnostic);
        };
        if repeated(&dim) {
            self.contract_repeated(dim, [left, right], span, scope)
        } else {
            let axis = of_dim(&left, dim)[0];
            self.contract([left, right], axis, span, scope)
        }
    }

    /// Last axis of the left with first of the right; what is left over keeps the order of the dim's own axes.
    fn contract_repeated(
        &mut self,
        dim: DimId,
        [left, right]: [Term; 2],
        span: Span,
        scope: &Scope<'t>,
    ) -> Term {
        let (mine, theirs) = (of_dim(&left, dim), of_dim(&right, dim));
        let highest = mine.iter().chain(&theirs).map(|axis| axis.copy).max().unwrap_or(0);
        let middle = AxisVar { dim, copy: highest.max(scope.fresh(dim).copy) + 1 };
        let last = mine[mine.len() - 1];
        let left = terms::rename(vec![(last, middle)], left);
        let right_pairs = vec![(theirs[0], middle)];
        let right = terms::rename(right_pairs, right);
        let product = self.contract([left, right], middle, span, scope);
        let lowest = mine[0].min(theirs[0]);
        match product.axes.iter().filter(|axis| axis.dim == dim).collect::<Vec<_>>()[..] {
            [only] if *only != lowest => {
                let from = *only;
                terms::rename(vec![(from, lowest)], product)
            }
            _ => product,
        }
    }

    fn contract(&mut self, [left, right]: [Term; 2], axis: AxisVar, span: Span, scope: &Scope<'t>) -> Term {
        let Some(sum) = library::function("sum") else { return terms::broken(span) };
        if self.overlapping(&left, &right, axis, scope) {
            let shared: Vec<DimId> = vec![axis.dim];
            let sign = self.sign_between(&left, &right);
            let diagnostic = errors::no_one_shared_dim(sign, [&left, &right], &shared, &self.model);
            return self.fail(span, diagnostic);
        }
        let value = join(join(left.value, right.value), Kind::Int);
        let product = terms::operate(Operator::Multiply, vec![left, right], value, span);
        let axes: Vec<AxisVar> = product.axes.iter().copied().filter(|other| *other != axis).collect();
        let stage = product.stage;
        let kind = TermKind::Apply {
            function: sum,
            arguments: vec![product],
            over: vec![axis],
            twins: Vec::new(),
            filter: None,
            by: None,
        };
        Term { kind, axes, value, stage, span }
    }

    /// Where the `@` stands.
    fn sign_between(&self, left: &Term, right: &Term) -> Span {
        let between = Span::new(left.span.end, right.span.start);
        let at = between.start + self.text(between).find('@').unwrap_or(0);
        Span::new(at, at + 1)
    }

    /// Whether two sides share a further axis that nothing names.
    fn overlapping(&self, left: &Term, right: &Term, axis: AxisVar, scope: &Scope<'t>) -> bool {
        left.axes.iter().any(|other| *other != axis && right.axes.contains(other) && !scope.binds(*other))
    }
}

/// The axes of a term over one dim.
fn of_dim(term: &Term, dim: DimId) -> Vec<AxisVar> {
    term.axes.iter().copied().filter(|axis| axis.dim == dim).collect()
}
