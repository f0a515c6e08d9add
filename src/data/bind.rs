//! Data bound to a model: fields to declarations, then sizes and values until nothing more follows.

use std::sync::Arc;

use crate::array::Array;
use crate::diagnostics::{Diagnostic, any_error};
use crate::model::{AxisVar, DimId, Factor, Model, SiteId, Term};
use crate::source::Source;
use crate::translate::{Bindings, Coordinates, evaluate};

use super::BoundModel;
use super::codes;
use super::fields::{Field, Fields};
use super::json::Extent;
use super::read::read_all;

/// Reads the files and binds what they hold to what the model declares.
pub fn bind(model: Arc<Model>, files: &[Source]) -> (Option<BoundModel>, Vec<Diagnostic>) {
    let reading = read_all(files);
    if reading.extent == Extent::Part {
        return (None, reading.diagnostics);
    }
    let mut binder = Binder::new(&model, files, &reading.fields);
    binder.diagnostics = reading.diagnostics;
    binder.run();
    let Binder { bindings, diagnostics, .. } = binder;
    let bound = (!any_error(&diagnostics)).then_some(BoundModel { model, bindings });
    (bound, diagnostics)
}

/// What the data give for a site.
#[derive(Clone, Debug)]
pub(super) enum Input<'a> {
    /// It is not read from data.
    Computed,
    /// A field, with its length along each axis of the site; `None` where an empty list leaves it open.
    Field(&'a Field, Vec<Option<usize>>),
    /// The field is absent and there is a default.
    Default(&'a Term),
    /// It has been reported.
    Faulty,
}

/// The work of binding.
pub(super) struct Binder<'a> {
    pub model: &'a Model,
    pub files: &'a [Source],
    pub fields: &'a Fields,
    pub bindings: Bindings,
    pub diagnostics: Vec<Diagnostic>,
    /// By site.
    pub inputs: Vec<Input<'a>>,
    /// Dims without a size for a reason that has been reported.
    pub faulty_dims: Vec<DimId>,
}

impl<'a> Binder<'a> {
    fn new(model: &'a Model, files: &'a [Source], fields: &'a Fields) -> Self {
        let bindings = Bindings {
            sizes: vec![None; model.dims.len()],
            coordinates: vec![Coordinates::default(); model.dims.len()],
            parents: vec![Vec::new(); model.dims.len()],
            values: vec![None; model.sites.len()],
        };
        let inputs = vec![Input::Computed; model.sites.len()];
        Self { model, files, fields, bindings, diagnostics: Vec::new(), inputs, faulty_dims: Vec::new() }
    }

    fn run(&mut self) {
        if self.files.is_empty() && self.lacks_everything() {
            return;
        }
        self.match_fields();
        self.take_sizes_from_data();
        self.settle();
        self.check_domains();
        self.check_places();
        self.report_unsized();
        self.report_uncomputed();
        self.warn_unread();
        self.warn_empty();
    }

    /// Rounds of dims, data and lets until a round adds nothing: a size may need data, data a size.
    fn settle(&mut self) {
        loop {
            let before = self.known();
            for dim in 0..self.model.dims.len() {
                self.try_dim(DimId(dim));
            }
            for site in self.model.site_ids() {
                self.try_data(site);
            }
            self.try_lets();
            if self.known() == before {
                return;
            }
        }
    }

    fn known(&self) -> usize {
        self.bindings.sizes.iter().flatten().count() + self.bindings.values.iter().flatten().count()
    }

    /// Sizes of axes, if all are known.
    pub fn shape_of(&self, axes: &[AxisVar]) -> Option<Vec<usize>> {
        axes.iter().map(|axis| self.bindings.sizes[axis.dim.0]).collect()
    }

    /// A data-only term's value.
    pub fn value_of(&self, term: &Term) -> Option<Array> {
        self.shape_of(&term.axes)?;
        evaluate(self.model, &self.bindings, term)
    }

    fn warn_empty(&mut self) {
        let empty = self.model.factors.iter().find_map(|factor| match factor {
            Factor::Observe { axes, site, span, .. } => axes
                .iter()
                .find(|axis| self.bindings.sizes[axis.dim.0] == Some(0))
                .map(|axis| (axis.dim, *site, *span)),
            Factor::Potential { .. } => None,
        });
        let Some((dim, site, span)) = empty else { return };
        let (dim, name) = (&self.model.dim(dim).name, &self.model.site(site).name);
        let message = format!("nothing is observed: `{name}` has no values, because `{dim}` has no elements");
        let diagnostic = Diagnostic::new(codes::EMPTY, message).at(span, "adds nothing");
        let diagnostic = match &self.inputs[site.0] {
            Input::Field(field, _) => diagnostic.in_file(field.file(), field.origin.key, "empty"),
            _ => diagnostic,
        };
        self.diagnostics.push(diagnostic.help("the posterior will not know of this statement"));
    }

    /// The name of one element: `y[1853]`, `x["Anoka", 2]`.
    pub fn element(&self, site: SiteId, flat: usize) -> String {
        let site = self.model.site(site);
        let Some(shape) = self.shape_of(&site.axes).filter(|shape| !shape.is_empty()) else {
            return site.name.clone();
        };
        let mut rest = flat;
        let mut names: Vec<String> = Vec::with_capacity(shape.len());
        for (axis, size) in site.axes.iter().zip(&shape).rev() {
            let coordinates = &self.bindings.coordinates[axis.dim.0];
            let name = coordinates.name(rest % size.max(&1));
            let quoted = matches!(coordinates, Coordinates::Labels(_));
            names.push(if quoted { format!("\"{name}\"") } else { name });
            rest /= size.max(&1);
        }
        names.reverse();
        format!("{}[{}]", site.name, names.join(", "))
    }
}
