//! The names of a model: declared in a first sweep, so that a later declaration can be told from none.

use std::collections::HashMap;

use super::checker::Checker;
use super::errors;
use super::ir::*;
use super::like::{Sort, Suggestions};
use super::{terms, types};
use crate::source::Span;
use crate::syntax::ast::*;

/// What is declared, by name. Dims, arrays and functions are separate namespaces.
#[derive(Default)]
pub struct Names<'t> {
    /// Axes.
    pub dims: HashMap<&'t str, DimName>,
    /// Arrays.
    pub arrays: HashMap<&'t str, ArrayName<'t>>,
    /// Functions of the user.
    pub functions: HashMap<&'t str, FunctionName<'t>>,
    /// What may be suggested.
    pub suggestions: Suggestions<'t>,
}

/// A declared dim.
#[derive(Clone, Copy, Debug)]
pub struct DimName {
    /// Where.
    pub span: Span,
    /// Once its statement has been elaborated.
    pub id: Option<DimId>,
    /// Whether anything else names it.
    pub use_: Use,
}

/// Whether a declared name has been named again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// It has.
    Used,
    /// Not so far.
    Unused,
}

/// A declared array.
#[derive(Clone, Copy, Debug)]
pub struct ArrayName<'t> {
    /// Where.
    pub span: Span,
    /// Its identity.
    pub id: SiteId,
    /// How far it has got.
    pub state: ArrayState,
    /// Its bracket.
    pub axes: Option<&'t [Binder]>,
    /// Its type.
    pub ty: Option<&'t TypeExpr>,
}

/// How far an array has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArrayState {
    /// Its statement has not been reached.
    Ahead,
    /// Its statement is under way.
    Begun,
    /// It can be read.
    Ready,
    /// Something was wrong with it, and has been said.
    Broken,
}

/// What holds the place of a site until its statement has been elaborated.
fn placeholder(name: &Name) -> Site {
    Site {
        name: name.text.clone(),
        axes: Vec::new(),
        value: Kind::Real,
        domain: types::anywhere(Kind::Real),
        stage: Stage::Model,
        kind: SiteKind::Let(terms::broken(name.span)),
        span: name.span,
        doc: None,
    }
}

/// A function of the user.
#[derive(Clone, Copy, Debug)]
pub struct FunctionName<'t> {
    /// Its declaration.
    pub declaration: &'t FunctionDeclaration,
    /// Whether anything calls it.
    pub use_: Use,
}

impl<'t> Checker<'t> {
    /// Takes up all names of the tree; a second declaration of the same name is an error.
    pub fn declare(&mut self, tree: &'t Tree) {
        for statement in &tree.statements {
            self.declare_statement(statement);
        }
    }

    fn declare_statement(&mut self, statement: &'t Statement) {
        match &statement.kind {
            StatementKind::Dim(dims) => dims.iter().for_each(|dim| self.declare_dim(&dim.name)),
            StatementKind::Data(data) => {
                self.declare_array(&data.head, data.ty.as_ref());
                if self.owns(&data.head.name) && data.ty.as_ref().is_some_and(|ty| ty.optional.is_some()) {
                    self.model.sites.push(placeholder(&data.head.name));
                }
            }
            StatementKind::Let(value) => self.declare_array(&value.head, value.ty.as_ref()),
            StatementKind::Latent(latent) => self.declare_array(&latent.head, latent.ty.as_ref()),
            StatementKind::Learn(learn) => self.declare_array(&learn.head, learn.ty.as_ref()),
            StatementKind::Generate(made) => self.declare_array(&made.head, made.ty.as_ref()),
            StatementKind::Function(function) => self.declare_function(function),
            StatementKind::Ode(ode) => {
                ode.states.iter().for_each(|state| self.declare_name(&state.name, None, None));
            }
            StatementKind::Observe(_) | StatementKind::Potential(_) | StatementKind::Guide(_) => {}
        }
    }

    fn declare_dim(&mut self, name: &'t Name) {
        if let Some(first) = self.names.dims.get(name.text.as_str()) {
            let first = first.span;
            return self.report(errors::duplicate(name, first));
        }
        self.names.dims.insert(&name.text, DimName { span: name.span, id: None, use_: Use::Unused });
    }

    fn declare_array(&mut self, head: &'t Head, ty: Option<&'t TypeExpr>) {
        self.declare_name(&head.name, head.axes.as_deref(), ty);
    }

    fn declare_name(&mut self, name: &'t Name, axes: Option<&'t [Binder]>, ty: Option<&'t TypeExpr>) {
        if let Some(first) = self.names.arrays.get(name.text.as_str()) {
            let first = first.span;
            return self.report(errors::duplicate(name, first));
        }
        let id = SiteId(self.model.sites.len());
        self.model.sites.push(placeholder(name));
        let state = ArrayState::Ahead;
        self.names.arrays.insert(&name.text, ArrayName { span: name.span, id, state, axes, ty });
    }

    fn declare_function(&mut self, declaration: &'t FunctionDeclaration) {
        let name = &declaration.name;
        self.check_apart(declaration.parameters.iter());
        if let Some(first) = self.names.functions.get(name.text.as_str()) {
            let first = first.declaration.name.span;
            return self.report(errors::duplicate(name, first));
        }
        self.names.functions.insert(&name.text, FunctionName { declaration, use_: Use::Unused });
    }

    /// The dim of this name, reported if there is none or it is declared later.
    pub fn dim_named(&mut self, name: &Name) -> Option<DimId> {
        if let Some(dim) = self.names.dims.get_mut(name.text.as_str()) {
            dim.use_ = Use::Used;
        }
        match self.names.dims.get(name.text.as_str()) {
            Some(DimName { id: Some(id), .. }) => Some(*id),
            Some(DimName { span, id: None, .. }) => {
                let diagnostic = self.used_before(name, *span);
                self.report(diagnostic);
                None
            }
            None => {
                self.report(errors::unknown_dim(name, self.names.like(Sort::Dim, &name.text)));
                None
            }
        }
    }

    /// Whether this statement is the one that declares the name: the second of a duplicate is not.
    pub fn owns(&self, name: &Name) -> bool {
        self.names.arrays.get(name.text.as_str()).is_some_and(|array| array.span == name.span)
    }

    /// Moves an array on.
    pub fn advance(&mut self, name: &Name, state: ArrayState) {
        if self.owns(name)
            && let Some(array) = self.names.arrays.get_mut(name.text.as_str())
        {
            array.state = state;
        }
    }
}
