//! Declarations of dims, and the brackets of heads.

use std::collections::HashMap;

use super::checker::Checker;
use super::errors;
use super::ir::*;
use super::scope::{Origin, Scope};
use super::terms;
use super::types::Touching;
use crate::source::Span;
use crate::syntax::ast::*;

impl<'t> Checker<'t> {
    /// `dim …`
    pub fn dim_statement(&mut self, declarations: &'t [DimDeclaration], doc: Option<&String>) {
        for declaration in declarations {
            let kind = self.dim_kind(&declaration.form);
            let (name, span) = (declaration.name.text.clone(), declaration.name.span);
            let id = self.add_dim(Dim { name, kind, span, doc: doc.cloned() });
            if let DimForm::Labels(labels) = &declaration.form {
                self.names.declare_labels(id, labels.iter().map(|(label, _)| label.as_str()));
            }
            let known = self.names.dims.get_mut(declaration.name.text.as_str());
            if let Some(known) = known.filter(|known| known.span == span) {
                known.id = Some(id);
            }
        }
    }

    fn add_dim(&mut self, dim: Dim) -> DimId {
        self.model.dims.push(dim);
        DimId(self.model.dims.len() - 1)
    }

    fn dim_kind(&mut self, form: &'t DimForm) -> DimKind {
        match form {
            DimForm::FromData => DimKind::FromData,
            DimForm::Size(size) => self.dim_size(size).map_or(DimKind::FromData, DimKind::Size),
            DimForm::Range(first, last) => match (self.dim_size(first), self.dim_size(last)) {
                (Some(first), Some(last)) if !self.is_reversed(&first, &last) => DimKind::Range(first, last),
                _ => DimKind::FromData,
            },
            DimForm::Labels(labels) => {
                self.check_labels(labels);
                DimKind::Labels(labels.iter().map(|(label, _)| label.clone()).collect())
            }
            DimForm::Sub { parent, filter } => match self.dim_named(parent) {
                Some(parent) => self.sub_dim(parent, None, filter).unwrap_or(DimKind::FromData),
                None => DimKind::FromData,
            },
            DimForm::Ragged { parent, .. } => {
                self.report(errors::unsupported(parent.span, "ragged dims"));
                DimKind::FromData
            }
        }
    }

    fn is_reversed(&mut self, first: &Term, last: &Term) -> bool {
        self.is_empty(first.span.to(last.span), [first, last], (Touching::One, ".."))
    }

    /// A label names one element.
    fn check_labels(&mut self, labels: &[(String, Span)]) {
        let mut seen: HashMap<&str, Span> = HashMap::new();
        for (label, span) in labels {
            match seen.get(label.as_str()) {
                Some(first) => self.report(errors::duplicate_label((label, *span), *first)),
                None => _ = seen.insert(label, *span),
            }
        }
    }

    /// A name in a bracket stands for one running element, one parameter for one argument.
    pub fn check_apart(&mut self, names: impl Iterator<Item = &'t Name>) {
        let mut seen: HashMap<&str, Span> = HashMap::new();
        for name in names {
            match seen.get(name.text.as_str()) {
                Some(first) => self.report(errors::duplicate(name, *first)),
                None => _ = seen.insert(&name.text, name.span),
            }
        }
    }

    /// A scalar integer known from the data.
    fn dim_size(&mut self, expr: &'t Expr) -> Option<Term> {
        let term = self.term(expr, &mut Scope::new());
        if terms::is_broken(&term) {
            return None;
        }
        if term.stage > Stage::Data {
            self.report(errors::not_known_from_data(&term, "the size of a dim", &self.model));
            return None;
        }
        if !term.axes.is_empty() || !matches!(term.value, Kind::Int | Kind::Bool) {
            self.report(errors::not_an_integer(&term, "the size of a dim", &self.model));
            return None;
        }
        Some(term)
    }

    /// The elements of `parent` where a condition holds.
    fn sub_dim(&mut self, parent: DimId, variable: Option<&'t Name>, filter: &'t Expr) -> Option<DimKind> {
        let mut scope = Scope::new();
        let axis = AxisVar { dim: parent, copy: 0 };
        scope.bind(variable.map(|name| name.text.as_str()), axis, Origin::Head);
        let filter = self.condition(filter, &mut scope);
        if terms::is_broken(&filter) {
            return None;
        }
        if filter.stage > Stage::Data {
            self.report(errors::not_known_from_data(&filter, "which elements a dim has", &self.model));
            return None;
        }
        if filter.axes.iter().any(|other| *other != axis) {
            self.report(errors::condition_between(filter.span));
            return None;
        }
        Some(DimKind::Sub { parent, filter })
    }

    /// The axes of a bracket, bound in the scope; `None` if something in it was wrong.
    pub fn head(&mut self, binders: &'t [Binder], scope: &mut Scope<'t>) -> Option<Vec<AxisVar>> {
        self.check_apart(binders.iter().filter_map(|binder| binder.variable.as_ref()));
        let mut axes = Vec::new();
        let mut whole = true;
        for binder in binders {
            let known = self.diagnostics.len();
            let dim = self.head_dim(binder);
            if let (None, Some(filter)) = (dim, &binder.filter)
                && self.names_another(filter.span, binder, binders)
            {
                self.diagnostics.truncate(known);
                self.report(errors::condition_between(filter.span));
            }
            match dim {
                Some(dim) => {
                    let axis = scope.fresh(dim);
                    scope.bind(binder.variable.as_ref().map(|name| name.text.as_str()), axis, Origin::Head);
                    axes.push(axis);
                }
                None => whole = false,
            }
        }
        whole.then_some(axes)
    }

    /// Whether a condition has the variable of another binder of its bracket.
    fn names_another(&self, condition: Span, own: &Binder, binders: &[Binder]) -> bool {
        let mut words = self.text(condition).split(|c: char| !(c.is_alphanumeric() || c == '_'));
        let others = binders.iter().filter(|binder| !std::ptr::eq(*binder, own));
        let variables: Vec<&str> =
            others.filter_map(|other| other.variable.as_ref()).map(|name| name.text.as_str()).collect();
        words.any(|word| variables.contains(&word))
    }

    fn head_dim(&mut self, binder: &'t Binder) -> Option<DimId> {
        let dim = self.dim_named(&binder.dim)?;
        let Some(filter) = &binder.filter else { return Some(dim) };
        let kind = self.sub_dim(dim, binder.variable.as_ref(), filter)?;
        let name = self.model.dim(dim).name.clone();
        Some(self.add_dim(Dim { name, kind, span: binder.dim.span, doc: None }))
    }

    /// The dim that a sub-dim selects from.
    pub fn parent(&self, dim: DimId) -> Option<DimId> {
        match &self.model.dim(dim).kind {
            DimKind::Sub { parent, .. } => Some(*parent),
            _ => None,
        }
    }

    /// The position in `wanted` of the current element along an axis; `None` if the axis is not within that dim.
    pub fn position_in(&self, wanted: DimId, axis: AxisVar, span: Span) -> Option<Term> {
        let mut term = terms::position(axis, span);
        let mut dim = axis.dim;
        while dim != wanted {
            let parent = self.parent(dim)?;
            term = terms::convert(Conversion::ToParent(dim), term, Kind::Index(parent));
            dim = parent;
        }
        Some(term)
    }

    /// What a variable over an axis is: a position in the dim that is no part of another.
    pub fn variable_value(&self, axis: AxisVar, span: Span) -> Term {
        let mut root = axis.dim;
        while let Some(parent) = self.parent(root) {
            root = parent;
        }
        self.position_in(root, axis, span).unwrap_or_else(|| terms::position(axis, span))
    }

    /// Where arrays over a dim are read when nothing is said: at the current element.
    pub fn here(&self, dim: DimId, scope: &Scope<'t>, span: Span) -> Address {
        let within = scope.bound.iter().rev().find_map(|bound| self.position_in(dim, bound.axis, span));
        match within {
            Some(Term { kind: TermKind::Position(axis), .. }) => Address::Here(axis),
            Some(term) => Address::At(term),
            None => Address::Here(AxisVar { dim, copy: 0 }),
        }
    }
}
