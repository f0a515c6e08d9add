//! Reading an array at given places: `a[i, _, time = t]`.

use super::checker::Checker;
use super::errors;
use super::ir::*;
use super::names::ArrayState;
use super::scope::Scope;
use super::terms;
use crate::diagnostics::Diagnostic;
use crate::source::Span;
use crate::syntax::ast::*;

impl<'t> Checker<'t> {
    /// `a[…]`
    pub fn index(&mut self, base: &'t Expr, indices: &'t [Index], span: Span, scope: &mut Scope<'t>) -> Term {
        let ExprKind::Name(name) = &base.kind else {
            if base.kind == ExprKind::Broken {
                return terms::broken(span);
            }
            return self.fail(base.span, errors::index_of_expression(base.span));
        };
        if let Some(closure) = scope.parameter(name) {
            let caller = closure.frame;
            return self.index_of_argument(closure.expr, indices, (span, caller), scope);
        }
        if !self.names.arrays.contains_key(name.as_str()) {
            let found = self.term(base, scope);
            return if terms::is_broken(&found) {
                found
            } else {
                self.fail(span, errors::index_of_expression(base.span))
            };
        }
        let Some((site, axes)) = self.readable(name, base.span) else { return terms::broken(span) };
        let dims: Vec<DimId> = axes.iter().map(|axis| axis.dim).collect();
        let Some(given) = self.places(name, base.span, &dims, indices) else { return terms::broken(span) };
        self.read_at((site, name), (&dims, &given), span, scope)
    }

    /// An inlined function indexes its parameter: the argument must be a plain name.
    fn index_of_argument(
        &mut self,
        argument: &'t Expr,
        indices: &'t [Index],
        (span, caller): (Span, usize),
        scope: &mut Scope<'t>,
    ) -> Term {
        let ExprKind::Name(name) = &argument.kind else {
            return self.fail(argument.span, errors::index_of_expression(argument.span));
        };
        let own = scope.frame;
        scope.frame = caller;
        let deeper = scope.parameter(name);
        scope.frame = own;
        if let Some(closure) = deeper {
            return self.index_of_argument(closure.expr, indices, (span, closure.frame), scope);
        }
        let Some((site, axes)) = self.readable(name, argument.span) else { return terms::broken(span) };
        let dims: Vec<DimId> = axes.iter().map(|axis| axis.dim).collect();
        let Some(given) = self.places(name, argument.span, &dims, indices) else {
            return terms::broken(span);
        };
        self.read_at((site, name), (&dims, &given), span, scope)
    }

    /// What is given for each declared axis.
    fn places(
        &mut self,
        array: &str,
        span: Span,
        dims: &[DimId],
        indices: &'t [Index],
    ) -> Option<Vec<Option<&'t Expr>>> {
        let mut given: Vec<Option<&'t Expr>> = vec![None; dims.len()];
        let mut next = 0;
        for index in indices {
            let place = match index {
                Index::Named(name, _) => {
                    let dim = self.dim_named(name)?;
                    (0..dims.len()).find(|&place| dims[place] == dim && given[place].is_none())
                }
                _ => Some(next).filter(|&place| place < dims.len()),
            };
            let Some(place) = place else {
                let diagnostic =
                    errors::too_many_indices(array, index_span(index), dims, (span, &self.model));
                self.report(diagnostic);
                return None;
            };
            given[place] = match index {
                Index::At(expr) | Index::Named(_, expr) => Some(expr),
                Index::All(_) => None,
            };
            next = place + 1;
        }
        Some(given)
    }

    fn read_at(
        &mut self,
        (site, name): (SiteId, &str),
        (dims, given): (&[DimId], &[Option<&'t Expr>]),
        span: Span,
        scope: &mut Scope<'t>,
    ) -> Term {
        let rest: Vec<DimId> =
            (0..dims.len()).filter(|&place| given[place].is_none()).map(|place| dims[place]).collect();
        let Some(bare) = self.bare_addresses(name, &rest, span, scope) else { return terms::broken(span) };
        let mut bare = bare.into_iter();
        let mut addresses = Vec::new();
        if let Some(diagnostic) = self.swapped(name, dims, given) {
            return self.fail(span, diagnostic);
        }
        for (place, &dim) in dims.iter().enumerate() {
            let address = match given[place] {
                Some(expr) => Some(self.address(expr, (dim, name), scope)),
                None => bare.next(),
            };
            addresses.extend(address);
        }
        let computed: Vec<&Term> = addresses
            .iter()
            .filter_map(|address| match address {
                Address::At(term) => Some(term),
                Address::Here(_) => None,
            })
            .collect();
        if !self.aligned(&computed, scope) {
            return terms::broken(span);
        }
        self.read(site, addresses, span, scope)
    }

    /// Two index arrays that stand at each other's places.
    fn swapped(&self, array: &str, dims: &[DimId], given: &[Option<&'t Expr>]) -> Option<Diagnostic> {
        let ([first, second], [Some(one), Some(other)]) = (dims, given) else { return None };
        let named = |expr: &'t Expr| match &expr.kind {
            ExprKind::Name(name) => {
                let ready =
                    self.names.arrays.get(name.as_str()).filter(|array| array.state == ArrayState::Ready)?;
                Some((name.as_str(), self.model.site(ready.id).value))
            }
            _ => None,
        };
        let ((left, left_kind), (right, right_kind)) = (named(one)?, named(other)?);
        if first == second || left_kind != Kind::Index(*second) || right_kind != Kind::Index(*first) {
            return None;
        }
        let wanted = [*first, *second].map(|dim| self.model.dim(dim).name.clone());
        let declared = self.names.arrays.get(array).map(|array| array.span);
        Some(errors::swapped(array, [(left, one.span), (right, other.span)], &wanted, declared))
    }

    /// One place between the brackets, as a position in a dim.
    fn address(&mut self, expr: &'t Expr, (dim, array): (DimId, &str), scope: &mut Scope<'t>) -> Address {
        if let ExprKind::Text(label) = &expr.kind {
            return Address::At(self.label(dim, label, expr.span));
        }
        self.indexing += 1;
        let term = self.term(expr, scope);
        self.indexing -= 1;
        if terms::is_broken(&term) {
            return Address::At(term);
        }
        match term.value {
            Kind::Index(found) if found == dim => match term.kind {
                TermKind::Position(axis) => Address::Here(axis),
                _ => Address::At(term),
            },
            Kind::Index(_) => self.converted_index(term, dim),
            Kind::Int => {
                let ends = self.ends(dim);
                let within = |at: &f64| {
                    ends[0].is_none_or(|first| *at >= first) && ends[1].is_none_or(|last| *at <= last)
                };
                if let Some(at) = super::supports::literal(&term).filter(|at| !within(at)) {
                    let diagnostic =
                        errors::index_out_of_range((&term, at), array, ends, self.model.dim(dim));
                    return Address::At(self.fail(expr.span, diagnostic));
                }
                Address::At(terms::convert(Conversion::ToPosition(dim), term, Kind::Index(dim)))
            }
            Kind::Real | Kind::Bool => {
                let wanted = self.model.dim(dim).name.clone();
                let diagnostic = errors::index_kind(&term, &wanted, &[], &self.model);
                Address::At(self.fail(expr.span, diagnostic))
            }
        }
    }

    /// A position of another dim: right only between a sub-dim and its parent, at an element both have.
    fn converted_index(&mut self, term: Term, dim: DimId) -> Address {
        if let TermKind::Convert(Conversion::ToParent(sub), inner) = &term.kind
            && *sub == dim
        {
            return match inner.kind {
                TermKind::Position(axis) => Address::Here(axis),
                _ => Address::At((**inner).clone()),
            };
        }
        if let TermKind::Position(axis) = term.kind
            && let Some(position) = self.position_in(dim, axis, term.span)
        {
            return Address::At(position);
        }
        let wanted = self.model.dim(dim).name.clone();
        let better = self.index_data_of(dim);
        let diagnostic = errors::index_kind(&term, &wanted, &better, &self.model);
        Address::At(self.fail(term.span, diagnostic))
    }

    /// The data arrays whose values are positions in a dim: what to offer where one is missing.
    pub fn index_data_of(&self, dim: DimId) -> Vec<String> {
        let indices = self.model.sites.iter().filter(|site| {
            site.value == Kind::Index(dim)
                && matches!(site.kind, SiteKind::Data { .. })
                && !site.axes.is_empty()
        });
        indices.map(|site| site.name.clone()).collect()
    }

    /// The first and the last coordinate of a dim, as far as the model says.
    fn ends(&self, dim: DimId) -> [Option<f64>; 2] {
        let literal = super::supports::literal;
        match &self.model.dim(dim).kind {
            DimKind::Range(first, last) => [literal(first), literal(last)],
            DimKind::FromData => [Some(1.0), None],
            DimKind::Size(size) => [Some(1.0), literal(size)],
            DimKind::Labels(labels) => [Some(1.0), Some(labels.len() as f64)],
            DimKind::Sub { .. } => [None, None],
        }
    }

    /// The position of a label: constant where the model declares the labels.
    pub fn label(&mut self, dim: DimId, label: &str, span: Span) -> Term {
        let value = Kind::Index(dim);
        match &self.model.dim(dim).kind {
            DimKind::Labels(labels) => match self.names.label(dim, label) {
                Ok(position) => terms::number(position as f64, value, span),
                Err(near) => {
                    let diagnostic = errors::unknown_label(label, span, (labels, near), self.model.dim(dim));
                    self.fail(span, diagnostic)
                }
            },
            _ => Term {
                kind: TermKind::LabelPosition(dim, label.to_string()),
                axes: Vec::new(),
                value,
                stage: Stage::Data,
                span,
            },
        }
    }
}

/// Where an index was written.
fn index_span(index: &Index) -> Span {
    match index {
        Index::At(expr) => expr.span,
        Index::All(span) => *span,
        Index::Named(name, expr) => name.span.to(expr.span),
    }
}
