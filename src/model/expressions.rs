//! Expressions as terms: names, numbers, `if`, array literals. Operators, calls and indices have their own files.

use super::checker::Checker;
use super::errors;
use super::ir::*;
use super::like::Sort;
use super::names::ArrayState;
use super::scope::{Origin, Scope};
use super::terms;
use crate::diagnostics::suggest;
use crate::source::Span;
use crate::syntax::ast::*;

impl<'t> Checker<'t> {
    /// An expression as a term.
    pub fn term(&mut self, expr: &'t Expr, scope: &mut Scope<'t>) -> Term {
        let span = expr.span;
        if let Err(excess) = self.extent.enter(scope.inlining.len()) {
            return self.fail(span, errors::too_large(span, excess));
        }
        let term = self.elaborated(expr, scope);
        self.extent.leave();
        term
    }

    fn elaborated(&mut self, expr: &'t Expr, scope: &mut Scope<'t>) -> Term {
        let span = expr.span;
        match &expr.kind {
            ExprKind::Number { value, integer } => {
                terms::number(*value, if *integer { Kind::Int } else { Kind::Real }, span)
            }
            ExprKind::Text(_) => self.fail(span, errors::stray_text(span)),
            ExprKind::Truth(truth) => {
                terms::number(f64::from(u8::from(*truth == Truth::True)), Kind::Bool, span)
            }
            ExprKind::Name(name) => self.name(name, span, scope),
            ExprKind::Unary(operator, operand) => self.unary(*operator, operand, span, scope),
            ExprKind::Binary(operator, left, right) => self.binary(*operator, (left, right), span, scope),
            ExprKind::If(condition, then, otherwise) => {
                let condition = self.condition(condition, scope);
                let branches = [self.term(then, scope), self.term(otherwise, scope)];
                self.choose(condition, branches, span, scope)
            }
            ExprKind::Call(call) => self.call(call, span, scope),
            ExprKind::Index(base, indices) => self.index(base, indices, span, scope),
            ExprKind::Array(elements) => self.array_literal(elements, span, scope),
            ExprKind::Range(..) => self.fail(span, errors::stray_range(span)),
            ExprKind::Broken => terms::broken(span),
        }
    }

    /// An expression whose positions, if it gives such, are wanted as coordinates.
    pub fn number(&mut self, expr: &'t Expr, scope: &mut Scope<'t>) -> Term {
        terms::numeric(self.term(expr, scope))
    }

    /// An expression that must be a bool.
    pub fn condition(&mut self, expr: &'t Expr, scope: &mut Scope<'t>) -> Term {
        let term = self.term(expr, scope);
        if terms::is_broken(&term) || term.value == Kind::Bool {
            return term;
        }
        let diagnostic = errors::not_a_bool(&term, &self.model);
        self.fail(expr.span, diagnostic)
    }

    fn choose(&mut self, condition: Term, branches: [Term; 2], span: Span, scope: &Scope<'t>) -> Term {
        let [mut then, mut otherwise] = branches;
        if then.value != otherwise.value {
            (then, otherwise) = (terms::numeric(then), terms::numeric(otherwise));
        }
        if !self.aligned(&[&condition, &then, &otherwise], scope) {
            return terms::broken(span);
        }
        let value = join(then.value, otherwise.value);
        terms::choose(condition, then, otherwise, value, span)
    }

    /// A bare name.
    fn name(&mut self, name: &'t str, span: Span, scope: &mut Scope<'t>) -> Term {
        if let Some(axis) = scope.variable(name) {
            scope.named.insert(axis);
            return self.variable_value(axis, span);
        }
        if let Some(closure) = scope.parameter(name) {
            let here = std::mem::replace(&mut scope.frame, closure.frame);
            let term = self.term(closure.expr, scope);
            scope.frame = here;
            return term;
        }
        if self.names.arrays.contains_key(name) {
            return self.bare_array(name, span, scope);
        }
        match constant(name) {
            Some(value) => terms::number(value, Kind::Real, span),
            None => self.dim_or_nothing(name, span, scope),
        }
    }

    /// A dim's name as a value is the position along it; anything else is unknown.
    fn dim_or_nothing(&mut self, name: &'t str, span: Span, scope: &Scope<'t>) -> Term {
        if !self.names.dims.contains_key(name) {
            // Where nothing is suggested, one report is enough.
            if !self.unknown.insert(name) {
                return terms::broken(span);
            }
            let diagnostic = self.unknown_name(name, span, scope);
            if diagnostic.help.iter().any(|help| !help.edits.is_empty()) {
                self.unknown.remove(name);
            }
            return self.fail(span, diagnostic);
        }
        let Some(dim) = self.dim_named(&Name { text: name.to_string(), span }) else {
            return terms::broken(span);
        };
        if scope.heads(dim).len() > 1
            && scope.innermost(dim).is_some_and(|bound| bound.origin == Origin::Head)
        {
            return self.fail(span, errors::bound_twice(name, span));
        }
        match self.here(dim, scope, span) {
            Address::Here(axis) => self.variable_value(axis, span),
            Address::At(term) => term,
        }
    }

    fn unknown_name(&self, name: &str, span: Span, scope: &Scope<'t>) -> crate::diagnostics::Diagnostic {
        if crate::library::family(name).is_some() {
            return errors::distribution_as_number(name, span);
        }
        if crate::library::function(name).is_some() || self.names.functions.contains_key(name) {
            return errors::function_as_number(name, span);
        }
        let unnamed = scope.bound.iter().rev().find(|bound| {
            bound.origin == Origin::Head && bound.variable.is_none() && scope.heads(bound.axis.dim).len() == 1
        });
        let nearest = suggest::nearest(name, scope.names().chain(self.names.like(Sort::Value, name)));
        let place = nearest.and_then(|near| self.names.arrays.get(near)).map(|array| array.span);
        let runs = self.indexing > 0 || matches!(name, "i" | "j" | "k" | "n" | "t");
        match unnamed.filter(|_| nearest.is_none() && runs && name.chars().count() <= 2) {
            Some(bound) => errors::unnamed_element(name, span, &self.model.dim(bound.axis.dim).name),
            None => errors::unknown_name(name, span, nearest, place),
        }
    }

    /// An array read at the current cell.
    fn bare_array(&mut self, name: &'t str, span: Span, scope: &mut Scope<'t>) -> Term {
        let Some((site, axes)) = self.readable(name, span) else { return terms::broken(span) };
        let dims: Vec<DimId> = axes.iter().map(|axis| axis.dim).collect();
        match self.bare_addresses(name, &dims, span, scope) {
            Some(addresses) => self.read(site, addresses, span, scope),
            None => terms::broken(span),
        }
    }

    /// The site of a name and its declared axes; `None` if it cannot be read, which has then been said.
    pub fn readable(&mut self, name: &'t str, span: Span) -> Option<(SiteId, Vec<AxisVar>)> {
        let array = *self.names.arrays.get(name)?;
        let used = Name { text: name.to_string(), span };
        match (array.state, array.axes) {
            (ArrayState::Broken, _) => None,
            (ArrayState::Ready, _) => Some((array.id, self.model.site(array.id).axes.clone())),
            (ArrayState::Begun, Some(_)) => Some((array.id, self.model.site(array.id).axes.clone())),
            (ArrayState::Begun, None) => {
                self.report(errors::reads_itself(&used, array.span));
                None
            }
            (ArrayState::Ahead, axes) => {
                let foreseen = axes.and_then(|axes| self.foresee(axes));
                if foreseen.is_none() {
                    let diagnostic = self.used_before(&used, array.span);
                    self.report(diagnostic);
                }
                let axes = foreseen?;
                let value = self.foreseen_kind(array.ty);
                let site = &mut self.model.sites[array.id.0];
                (site.axes, site.value) = (axes.clone(), value);
                Some((array.id, axes))
            }
        }
    }

    /// The axes of a bracket that has not been reached, if all its dims are known.
    fn foresee(&self, binders: &[Binder]) -> Option<Vec<AxisVar>> {
        let mut scope = Scope::new();
        for binder in binders {
            let dim = self.names.dims.get(binder.dim.text.as_str())?.id?;
            if binder.filter.is_some() {
                return None;
            }
            scope.bind(None, scope.fresh(dim), Origin::Head);
        }
        (!binders.is_empty()).then(|| scope.bound.iter().map(|bound| bound.axis).collect())
    }

    fn foreseen_kind(&self, ty: Option<&TypeExpr>) -> Kind {
        let Some(ty) = ty else { return Kind::Real };
        match super::types::written(&ty.name.text) {
            Some(domain) => super::types::kind_of(domain),
            None => {
                let dim = self.names.dims.get(ty.name.text.as_str()).and_then(|dim| dim.id);
                dim.map_or(Kind::Real, Kind::Index)
            }
        }
    }

    /// Where an array over these dims is read when nothing is said. A dim that occurs twice takes the two axes that
    /// a head binds, or the current one and a second one of its own.
    pub fn bare_addresses(
        &mut self,
        name: &str,
        dims: &[DimId],
        span: Span,
        scope: &Scope<'t>,
    ) -> Option<Vec<Address>> {
        let mut addresses = Vec::new();
        for (place, &dim) in dims.iter().enumerate() {
            let earlier = dims[..place].iter().filter(|other| **other == dim).count();
            let times = dims.iter().filter(|other| **other == dim).count();
            let heads = scope.heads(dim);
            let by_head = scope.innermost(dim).is_some_and(|bound| bound.origin == Origin::Head);
            if times == 1 && heads.len() > 1 && by_head {
                self.report(errors::array_bound_twice(name, &self.model.dim(dim).name, span));
                return None;
            }
            addresses.push(match (times, heads.len()) {
                (1, _) => self.here(dim, scope, span),
                (times, bound) if by_head && bound >= times => Address::Here(heads[bound - times + earlier]),
                _ if earlier == 0 => self.here(dim, scope, span),
                _ => {
                    let next = scope.fresh(dim).copy.max(1) + earlier - 1;
                    Address::Here(AxisVar { dim, copy: next })
                }
            });
        }
        Some(addresses)
    }

    /// A read of a site; one that is not complete yet can only be read at an earlier element.
    pub fn read(&mut self, id: SiteId, addresses: Vec<Address>, span: Span, scope: &Scope<'t>) -> Term {
        let mut axes: Vec<AxisVar> = Vec::new();
        for address in &addresses {
            match address {
                Address::Here(axis) => axes.push(*axis),
                Address::At(term) if terms::is_broken(term) => return terms::broken(span),
                Address::At(term) => axes.extend(&term.axes),
            }
        }
        axes.sort_unstable();
        axes.dedup();
        if !self.check_order(id, &addresses, span, scope) {
            return terms::broken(span);
        }
        let site = self.model.site(id);
        let inside = addresses.iter().filter_map(|address| match address {
            Address::At(term) => Some(term.stage),
            Address::Here(_) => None,
        });
        let stage = inside.max().unwrap_or(Stage::Literal).max(site.stage);
        Term { value: site.value, kind: TermKind::Read(id, addresses), axes, stage, span }
    }

    /// `[a, b, c]` fills the one bound dim that its elements lack; in a vector of a distribution, the one that it is over.
    fn array_literal(&mut self, elements: &'t [Expr], span: Span, scope: &mut Scope<'t>) -> Term {
        let mut parts: Vec<Term> = elements.iter().map(|element| self.number(element, scope)).collect();
        if parts.iter().any(terms::is_broken) {
            return terms::broken(span);
        }
        let taken = terms::union(&parts);
        let mut free: Vec<AxisVar> = Vec::new();
        for bound in &scope.bound {
            let current = scope.current(bound.axis.dim);
            let lacks = !taken.contains(&current) && !free.contains(&current);
            if lacks && self.known_size(current.dim).is_none_or(|size| size == elements.len()) {
                free.push(current);
            }
        }
        let is_over = |axis: &AxisVar| {
            scope.bound.iter().any(|bound| bound.axis == *axis && bound.origin == Origin::Over)
        };
        if let [axis] = free.iter().copied().filter(is_over).collect::<Vec<_>>()[..] {
            free = vec![axis];
        }
        let [axis] = free[..] else {
            let diagnostic = errors::array_literal(span, elements.len(), &free, &self.model);
            return self.fail(span, diagnostic);
        };
        let value = parts.iter().map(|part| part.value).reduce(join).unwrap_or(Kind::Real);
        let stage = terms::latest(&parts);
        let mut axes = taken;
        axes.push(axis);
        axes.sort_unstable();
        parts.shrink_to_fit();
        Term { kind: TermKind::Stack(axis, parts), axes, value, stage, span }
    }

    /// The number of elements of a dim where the model says it.
    pub fn known_size(&self, dim: DimId) -> Option<usize> {
        match &self.model.dim(dim).kind {
            DimKind::Labels(labels) => Some(labels.len()),
            DimKind::Size(term) => super::supports::literal(term).map(|size| size as usize),
            DimKind::Range(first, last) => {
                let (first, last) = (super::supports::literal(first)?, super::supports::literal(last)?);
                Some((last - first + 1.0).max(0.0) as usize)
            }
            _ => None,
        }
    }
}

/// The kind that numbers of two kinds have together; positions of different dims only as coordinates.
pub fn join(left: Kind, right: Kind) -> Kind {
    match (left, right) {
        (a, b) if a == b => a,
        (Kind::Real, _) | (_, Kind::Real) => Kind::Real,
        _ => Kind::Int,
    }
}

/// Names of numbers; a declared array of the same name comes first.
fn constant(name: &str) -> Option<f64> {
    match name {
        "pi" => Some(std::f64::consts::PI),
        "inf" => Some(f64::INFINITY),
        _ => None,
    }
}
