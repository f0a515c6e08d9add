//! Statements: what each declares or adds to the model.

use std::sync::Arc;

use super::checker::Checker;
use super::dialect;
use super::distributions::{Role, Target};
use super::errors;
use super::ir::*;
use super::like::Sort;
use super::names::ArrayState;
use super::scope::{Origin, Scope};
use super::supports;
use super::terms;
use super::types::{self, Declared};
use crate::library::{self, Rank, ValueKind};
use crate::source::Span;
use crate::syntax::ast::*;

impl<'t> Checker<'t> {
    /// One statement.
    pub fn statement(&mut self, statement: &'t Statement) {
        let doc = statement.doc.as_ref();
        match &statement.kind {
            StatementKind::Dim(dims) => self.dim_statement(dims, doc),
            StatementKind::Data(data) => self.array(&data.head, |checker| checker.data(data, doc)),
            StatementKind::Let(value) => self.array(&value.head, |checker| checker.let_statement(value, doc)),
            StatementKind::Latent(latent) => self.array(&latent.head, |checker| checker.latent(latent, doc)),
            StatementKind::Generate(made) => self.array(&made.head, |checker| checker.generate(made, doc)),
            StatementKind::Observe(observe) => {
                self.observe(observe, statement.span);
            }
            StatementKind::Potential(expr) => {
                let value = self.number(expr, &mut Scope::new());
                if !terms::is_broken(&value) && self.before_fit(&value).is_some() {
                    self.model.factors.push(Factor::Potential { value, span: statement.span });
                }
            }
            StatementKind::Function(_) => {}
            StatementKind::Learn(learn) => self.array(&learn.head, |checker| checker.learn(learn, doc)),
            StatementKind::Guide(_) => {
                let diagnostic = errors::unsupported(statement.span, "`guide`");
                self.report(diagnostic.help("leave it out: a family is chosen for every latent"));
            }
            StatementKind::Ode(ode) => {
                ode.states.iter().for_each(|state| self.advance(&state.name, ArrayState::Broken));
                self.report(errors::unsupported(statement.span, "`ode`"));
            }
        }
    }

    /// Elaborates the declaration of an array, and marks its name as ready or broken.
    fn array(&mut self, head: &Head, elaborate: impl FnOnce(&mut Self) -> Option<Site>) {
        let id = self
            .names
            .arrays
            .get(head.name.text.as_str())
            .filter(|_| self.owns(&head.name))
            .map(|array| array.id);
        self.advance(&head.name, ArrayState::Begun);
        self.reader = id;
        let made = elaborate(self);
        (self.reader, self.drawn) = (None, None);
        match (id, made) {
            (Some(id), Some(site)) => {
                self.model.sites[id.0] = site;
                self.advance(&head.name, ArrayState::Ready);
            }
            (Some(id), None) if self.outlines.remove(&id) => self.advance(&head.name, ArrayState::Ready),
            _ => self.advance(&head.name, ArrayState::Broken),
        }
    }

    /// The axes of a declaration with a bracket, entered in the site so that it can be read at earlier elements.
    pub(super) fn begin(
        &mut self,
        head: &'t Head,
        value: Kind,
        scope: &mut Scope<'t>,
    ) -> Option<Vec<AxisVar>> {
        let axes = match &head.axes {
            Some(binders) => self.head(binders, scope)?,
            None => Vec::new(),
        };
        if let Some(id) = self.reader {
            let site = &mut self.model.sites[id.0];
            (site.axes, site.value, site.domain) = (axes.clone(), value, types::anywhere(value));
        }
        Some(axes)
    }

    fn data(&mut self, data: &'t DataDeclaration, doc: Option<&String>) -> Option<Site> {
        let mut scope = Scope::new();
        let axes = match &data.head.axes {
            Some(binders) => self.head(binders, &mut scope),
            None => Some(Vec::new()),
        };
        let Some(ty) = &data.ty else {
            // A statement that could not be read to its end has a default that is broken, and has been reported.
            if !matches!(&data.default, Some(Expr { kind: ExprKind::Broken, .. })) {
                self.report(errors::missing_type(&data.head.name));
            }
            return None;
        };
        let axes = axes?;
        let Declared { value, domain } = self.declared(ty, &axes, &mut scope)?;
        let default = match &data.default {
            Some(expr) => Some(self.default_value(expr, &mut scope)?),
            None => None,
        };
        let name = &data.head.name;
        let gaps = self.gaps(data, ty, &axes);
        let (field, field_span) = data.from.clone().unwrap_or((name.text.clone(), name.span));
        let kind = SiteKind::Data { field, field_span, default, gaps };
        Some(site(name, axes, (value, domain), (Stage::Data, kind), doc))
    }

    fn default_value(&mut self, expr: &'t Expr, scope: &mut Scope<'t>) -> Option<Term> {
        let term = self.term(expr, scope);
        if terms::is_broken(&term) {
            return None;
        }
        if term.stage > Stage::Data {
            self.report(errors::not_known_from_data(&term, "a default", &self.model));
            return None;
        }
        Some(term)
    }

    fn let_statement(&mut self, made: &'t LetDeclaration, doc: Option<&String>) -> Option<Site> {
        if self.names_distribution(&made.value) {
            let diagnostic = self.assigned_distribution(made);
            self.report(diagnostic);
            return None;
        }
        let (axes, declared, value) = self.computed(&made.head, made.ty.as_ref(), &made.value)?;
        self.before_fit(&value)?;
        let stage = value.stage;
        let (kind, domain) = (value.value, declared);
        Some(site(&made.head.name, axes, (kind, domain), (stage, SiteKind::Let(value)), doc))
    }

    /// Axes, domain and value of a `let` or `generate`.
    fn computed(
        &mut self,
        head: &'t Head,
        ty: Option<&'t TypeExpr>,
        expr: &'t Expr,
    ) -> Option<(Vec<AxisVar>, SiteDomain, Term)> {
        let mut scope = Scope::new();
        let foreseen = ty.map_or(Kind::Real, |ty| self.kind_foreseen(ty));
        let axes = self.begin(head, foreseen, &mut scope)?;
        let value = self.term(expr, &mut scope);
        if terms::is_broken(&value) {
            return None;
        }
        let axes = if head.axes.is_some() { axes } else { value.axes.clone() };
        let target = target(&head.name, axes.clone(), None);
        self.within(&value, &target, &scope)?;
        let domain = match ty {
            Some(ty) => self.claim(ty, &axes, &value, &mut scope)?,
            None => supports::inferred(&mut self.model, self.reader, &value),
        };
        Some((axes, domain, value))
    }

    /// A type claimed for a computed value: kinds must agree now, the rest is checked at run time.
    fn claim(
        &mut self,
        ty: &'t TypeExpr,
        axes: &[AxisVar],
        value: &Term,
        scope: &mut Scope<'t>,
    ) -> Option<SiteDomain> {
        self.refuse_optional(ty);
        let Declared { value: kind, domain } = self.declared(ty, axes, scope)?;
        let fits = match (kind, value.value) {
            (Kind::Real, Kind::Index(_)) => false,
            (Kind::Real, _) | (Kind::Int, Kind::Int | Kind::Bool) => true,
            (claimed, found) => claimed == found,
        };
        if !fits {
            self.report(errors::claim(ty.span, kind, value, &self.model));
            return None;
        }
        let proven = supports::interval_of(&self.model, value).is_subset(supports::site_interval(&domain));
        if domain.ends.iter().flatten().any(|end| end.stage > Stage::Literal) {
            // Ends that are not known here prove nothing.
            let diagnostic = errors::unsupported(ty.span, "an interval with such ends for a computed value");
            self.report(diagnostic.help("leave the type out, or write its ends as numbers"));
            return None;
        }
        if !proven || !domain.over.is_empty() {
            let demanded_by = format!("the declared type `{}`", ty.name.text);
            self.model.obligations.push(Obligation {
                value: value.clone(),
                domain: domain.domain,
                over: domain.over.clone(),
                demanded_by,
            });
        }
        Some(domain)
    }

    pub(super) fn kind_foreseen(&self, ty: &TypeExpr) -> Kind {
        match types::written(&ty.name.text) {
            Some(row) => types::kind_of(row),
            None => {
                let dim = self.names.dims.get(ty.name.text.as_str()).and_then(|dim| dim.id);
                dim.map_or(Kind::Real, Kind::Index)
            }
        }
    }

    /// The kind of numbers that the first family of a prior gives, before it is elaborated.
    fn prior_kind_foreseen(&self, expr: &Expr) -> Kind {
        let name = match &expr.kind {
            ExprKind::Call(call) => &call.function.text,
            ExprKind::Name(name) => name,
            ExprKind::If(_, then, _) => return self.prior_kind_foreseen(then),
            _ => return Kind::Real,
        };
        match library::family(name).map(|family| family.kind) {
            Some(ValueKind::Bool) => Kind::Bool,
            Some(ValueKind::Count) => Kind::Int,
            _ => Kind::Real,
        }
    }

    /// Whether a latent has real numbers, whatever else may be wrong with its prior: then it can be read by its axes.
    fn gives_reals(&self, latent: &LatentDeclaration) -> bool {
        let name = match latent.prior.as_ref().map(|prior| &prior.kind) {
            Some(ExprKind::Call(call)) => call.function.text.as_str(),
            Some(ExprKind::Name(name)) => name.as_str(),
            Some(_) => return false,
            None => return latent.ty.is_none(),
        };
        let foreign = || dialect::form(name).and_then(|form| form.split('(').next());
        let near = || self.names.like(Sort::Distribution, name);
        let own = library::family(name).map(|family| family.name);
        let family = own.or_else(foreign).or_else(near).and_then(library::family);
        let real = family.is_some_and(|family| family.kind == ValueKind::Continuous);
        latent.ty.as_ref().map_or(real, |ty| self.kind_foreseen(ty) == Kind::Real)
    }

    fn latent(&mut self, latent: &'t LatentDeclaration, doc: Option<&String>) -> Option<Site> {
        let name = &latent.head.name;
        let mut scope = Scope::new();
        let prior = latent.prior.as_ref();
        let foreseen = match (&latent.ty, prior) {
            (Some(ty), _) => self.kind_foreseen(ty),
            (None, Some(prior)) => self.prior_kind_foreseen(prior),
            (None, None) => Kind::Real,
        };
        let axes = self.begin(&latent.head, foreseen, &mut scope);
        self.drawn = self.reader;
        if axes.is_some() && self.gives_reals(latent) {
            self.outlines.extend(self.reader);
        }
        let Some(prior) = prior else {
            self.report(errors::missing_prior(name, latent.ty.as_ref()));
            return None;
        };
        let axes = axes?;
        let declared = match &latent.ty {
            Some(ty) => {
                self.refuse_optional(ty);
                Some((self.declared(ty, &axes, &mut scope)?, ty.span))
            }
            None => None,
        };
        if let (Some(id), Some((declared, _))) = (self.reader, &declared) {
            self.model.sites[id.0].domain = declared.domain.clone();
        }
        let target = target(name, axes.clone(), declared.as_ref().map(|(declared, _)| declared.value));
        let prior = self.distribution(prior, &target, &mut scope)?;
        let settled = self.settle(declared, prior, &target)?;
        if self.drawn_before_fit(&settled.prior).is_none() {
            // It cannot be read before the fit either.
            self.outlines.clear();
            return None;
        }
        let using = latent.using.as_ref().map(|name| (name.text.clone(), name.span));
        let kind = SiteKind::Latent { prior: settled.prior, using };
        Some(site(name, axes, (settled.value, settled.domain), (Stage::Model, kind), doc))
    }

    fn generate(&mut self, made: &'t GenerateDeclaration, doc: Option<&String>) -> Option<Site> {
        match &made.value {
            GenerateValue::Value(expr) => {
                let (axes, domain, value) = self.computed(&made.head, made.ty.as_ref(), expr)?;
                let kind = value.value;
                Some(site(
                    &made.head.name,
                    axes,
                    (kind, domain),
                    (Stage::Draw, SiteKind::Generate(value)),
                    doc,
                ))
            }
            GenerateValue::Draw(expr) => {
                let mut scope = Scope::new();
                let foreseen = self.prior_kind_foreseen(expr);
                let axes = self.begin(&made.head, foreseen, &mut scope)?;
                let declared = match &made.ty {
                    Some(ty) => {
                        self.refuse_optional(ty);
                        Some((self.declared(ty, &axes, &mut scope)?, ty.span))
                    }
                    None => None,
                };
                let name = &made.head.name;
                let target =
                    target(name, axes.clone(), declared.as_ref().map(|(declared, _)| declared.value));
                let drawn = self.distribution(expr, &target, &mut scope)?;
                let settled = self.settle(declared, drawn, &target)?;
                let kind = SiteKind::GenerateDraw(settled.prior);
                Some(site(name, axes, (settled.value, settled.domain), (Stage::Draw, kind), doc))
            }
        }
    }

    fn observe(&mut self, observe: &'t ObserveStatement, span: Span) -> Option<()> {
        let mut scope = Scope::new();
        let observed = self.observed_site(observe);
        let Some((name, site)) = observed else {
            self.unobserved(observe, &mut scope);
            return None;
        };
        self.unobservable.push(site);
        let axes = self.observed_axes(observe, &name, site, &mut scope)?;
        let declared: Vec<DimId> = self.model.site(site).axes.iter().map(|axis| axis.dim).collect();
        let mut addresses = Vec::new();
        for (dim, axis) in declared.iter().zip(&axes) {
            match self.position_in(*dim, *axis, name.span) {
                Some(Term { kind: TermKind::Position(axis), .. }) => addresses.push(Address::Here(axis)),
                Some(term) => addresses.push(Address::At(term)),
                None => {
                    let words = errors::axes_words(&self.model.site(site).axes, &self.model);
                    self.report(errors::observed_axes(&name, &words));
                    return None;
                }
            }
        }
        let read = self.read(site, addresses, name.span, &scope);
        let (value, declared_at) = (self.model.site(site).value, self.model.site(site).span);
        let target =
            Target { span: declared_at, role: Role::Likelihood, ..target(&name, axes.clone(), Some(value)) };
        let distribution = self.distribution(&observe.distribution, &target, &mut scope)?;
        self.check_kind(value, &distribution, (&target, declared_at))?;
        self.drawn_before_fit(&distribution)?;
        let gaps = super::gaps::gaps_of(&self.model, &read).map(Arc::new);
        self.observed.entry(site).or_insert(self.model.factors.len());
        self.model.factors.push(Factor::Observe { target: read, site, axes, distribution, gaps, span });
        Some(())
    }

    /// The distribution of what cannot be observed, which has been said: its own mistakes are looked for where they do not
    /// hang on what is observed.
    fn unobserved(&mut self, observe: &'t ObserveStatement, scope: &mut Scope<'t>) {
        let alone = match &observe.distribution.kind {
            ExprKind::Binary(..) => true,
            ExprKind::Call(call) => library::family(&call.function.text).is_some_and(|family| {
                let scalar =
                    |form: &library::Form| form.parameters.iter().all(|own| own.rank == Rank::Scalar);
                family.rank == Rank::Scalar && family.forms.iter().all(scalar)
            }),
            _ => false,
        };
        if alone && observe.head.is_none() {
            let target = Target::cells(scope, observe.target.span);
            let target = Target { name: self.text(observe.target.span).to_owned(), ..target };
            self.distribution(&observe.distribution, &target, scope);
        }
    }

    /// The site left of `~`: data, or computed from data alone.
    fn observed_site(&mut self, observe: &'t ObserveStatement) -> Option<(Name, SiteId)> {
        let name = match (&observe.head, &observe.target.kind) {
            (Some(head), _) => &head.name.text,
            (None, ExprKind::Name(name)) => name,
            (None, ExprKind::Broken) => return None,
            (None, ExprKind::Index(array, _)) => {
                self.report(errors::observed_element(observe.target.span, self.text(array.span)));
                return None;
            }
            (None, _) => {
                self.report(errors::observed_expression(observe.target.span));
                return None;
            }
        };
        let span = observe.head.as_ref().map_or(observe.target.span, |head| head.name.span);
        if !self.names.arrays.contains_key(name.as_str()) {
            let near = self.names.like(Sort::Array, name);
            let place = near.and_then(|near| self.names.arrays.get(near)).map(|array| array.span);
            self.report(errors::unknown_name(name, span, near, place));
            return None;
        }
        let name = Name { text: name.clone(), span };
        let known =
            self.names.arrays.get(name.text.as_str()).map(|array| (array.id, array.state, array.span));
        match known {
            Some((_, ArrayState::Broken, _)) | None => None,
            Some((_, ArrayState::Ahead | ArrayState::Begun, declared)) => {
                let diagnostic = self.used_before(&name, declared);
                self.report(diagnostic);
                None
            }
            Some((id, ArrayState::Ready, declared)) => {
                if self.model.site(id).stage > Stage::Data {
                    self.report(errors::observed_latent(&name, declared));
                    return None;
                }
                Some((name, id))
            }
        }
    }

    /// `y[i]` where `i` is no dim, nor one misspelt.
    fn is_element(&self, binder: &Binder) -> bool {
        let name = binder.dim.text.as_str();
        binder.variable.is_none()
            && !self.names.dims.contains_key(name)
            && self.names.like(Sort::Dim, name).is_none()
    }

    /// The cells: the bracket, or the declared axes of what is observed.
    fn observed_axes(
        &mut self,
        observe: &'t ObserveStatement,
        name: &Name,
        site: SiteId,
        scope: &mut Scope<'t>,
    ) -> Option<Vec<AxisVar>> {
        let declared = self.model.site(site).axes.clone();
        let Some(Head { axes: Some(binders), .. }) = &observe.head else {
            declared.iter().for_each(|axis| scope.bind(None, *axis, Origin::Head));
            return Some(declared);
        };
        if let Some((binder, axis)) =
            binders.iter().zip(&declared).find(|(binder, _)| self.is_element(binder))
        {
            let diagnostic = errors::element_without_dim(&binder.dim, &self.model.dim(axis.dim).name);
            self.report(diagnostic);
            return None;
        }
        let axes = self.head(binders, scope)?;
        if axes.len() != declared.len() {
            let words = errors::axes_words(&declared, &self.model);
            self.report(errors::observed_axes(name, &words));
            return None;
        }
        Some(axes)
    }
}

/// What the distribution of a site is for.
pub(super) fn target(name: &Name, axes: Vec<AxisVar>, value: Option<Kind>) -> Target {
    Target { axes: Some(axes), value, name: name.text.clone(), span: name.span, role: Role::Law }
}

pub(super) fn site(
    name: &Name,
    axes: Vec<AxisVar>,
    (value, domain): (Kind, SiteDomain),
    (stage, kind): (Stage, SiteKind),
    doc: Option<&String>,
) -> Site {
    Site { name: name.text.clone(), axes, value, domain, stage, kind, span: name.span, doc: doc.cloned() }
}
