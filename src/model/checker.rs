//! The state that the passes share, and their order.

use std::collections::{HashMap, HashSet};

use super::extent::Extent;
use super::ir::*;
use super::names::Names;
use super::recursion::ForwardRead;
use super::{errors, gaps, lints, recursion};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{Source, Span};
use crate::syntax::ast::{Statement, Tree};

/// Elaborates a tree: all its errors and warnings in source order, and a model that is complete if there is no error.
/// `source` is what the tree was parsed from: help is written in the user's own words.
pub fn check(tree: &Tree, source: &Source) -> (Model, Vec<Diagnostic>) {
    let mut checker = Checker::new(tree, source);
    checker.declare(tree);
    for statement in &tree.statements {
        checker.statement(statement);
    }
    checker.finish()
}

/// A model in the making.
pub struct Checker<'t> {
    /// The text that spans point into.
    pub source: &'t Source,
    /// What was written.
    pub statements: &'t [Statement],
    /// What has been elaborated.
    pub model: Model,
    /// What is declared, by name.
    pub names: Names<'t>,
    /// The site under way.
    pub reader: Option<SiteId>,
    /// The latent under way.
    pub drawn: Option<SiteId>,
    /// Reads of sites at earlier elements, before they were complete.
    pub forward: Vec<ForwardRead>,
    /// Factors by observed site: what `rep` looks up.
    pub observed: HashMap<SiteId, usize>,
    /// Sites whose `observe` was wrong: `rep` of them is silent.
    pub unobservable: Vec<SiteId>,
    /// Latents of which only the prior is wrong: what reads them can be checked by their axes.
    pub outlines: HashSet<SiteId>,
    /// Names that nothing declares and nothing resembles: said once.
    pub unknown: HashSet<&'t str>,
    /// How many brackets of indices are open.
    pub indexing: usize,
    /// Calls of the user's functions that are being written out, outermost first.
    pub calls: Vec<Span>,
    /// How much has been written out.
    pub extent: Extent,
    /// What has been found.
    pub diagnostics: Vec<Diagnostic>,
    /// Of what and where: nothing is said twice of a place.
    reported: HashSet<(Code, Option<Span>)>,
}

impl<'t> Checker<'t> {
    fn new(tree: &'t Tree, source: &'t Source) -> Self {
        Self {
            source,
            statements: &tree.statements,
            model: Model::default(),
            names: Names::default(),
            reader: None,
            drawn: None,
            forward: Vec::new(),
            observed: HashMap::new(),
            unobservable: Vec::new(),
            outlines: HashSet::new(),
            unknown: HashSet::new(),
            indexing: 0,
            calls: Vec::new(),
            extent: Extent::default(),
            diagnostics: Vec::new(),
            reported: HashSet::new(),
        }
    }

    /// What was written at a place.
    pub fn text(&self, span: Span) -> &'t str {
        self.source.slice(span)
    }

    /// Keeps a diagnostic, unless the same was said of the same place.
    pub fn report(&mut self, mut diagnostic: Diagnostic) {
        if let Some(call) = self.calls.first() {
            errors::point_at_call(&mut diagnostic, *call);
        }
        let place = diagnostic.labels.first().map(|label| label.span);
        if self.reported.insert((diagnostic.code, place)) {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Reports, and gives the term that silences what follows from it.
    pub fn fail(&mut self, span: Span, diagnostic: Diagnostic) -> Term {
        self.report(diagnostic);
        super::terms::broken(span)
    }

    fn finish(mut self) -> (Model, Vec<Diagnostic>) {
        let order = recursion::order(&self.model, &self.forward);
        self.model.order = order;
        self.unguarded().into_iter().for_each(|diagnostic| self.report(diagnostic));
        if !crate::diagnostics::any_error(&self.diagnostics) {
            self.diagnostics.extend(gaps::check(&self.model));
        }
        if !crate::diagnostics::any_error(&self.diagnostics) {
            let warnings = lints::lints(&self.model, self.source);
            self.diagnostics.extend(warnings);
            self.diagnostics.extend(lints::unused_names(&self.names));
        }
        let start = |d: &Diagnostic| d.labels.first().map_or(0, |label| label.span.start);
        self.diagnostics.sort_by_key(start);
        self.diagnostics.iter_mut().for_each(|diagnostic| diagnostic.align(self.source));
        errors::gather_unsupported(&mut self.diagnostics);
        (self.model, self.diagnostics)
    }
}
