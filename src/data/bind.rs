//! Data bound to a model: fields to declarations, then sizes and values until nothing more follows.

use std::collections::HashSet;
use std::sync::Arc;

use crate::array::Array;
use crate::diagnostics::{Diagnostic, any_error};
use crate::model::{AxisVar, DimId, Factor, Model, SiteId, SiteKind, Step, Term};
use crate::source::Source;
use crate::translate::{Bindings, Coordinates, evaluate};

use super::BoundModel;
use super::codes;
use super::fields::{Field, Fields};
use super::json::Extent;
use super::read::read_all;
use super::sizes::sites_by_dim;

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
    pub faulty_dims: HashSet<DimId>,
    /// By dim: the sites that are over it or index it.
    pub concerned: Vec<Vec<SiteId>>,
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
        Self {
            model,
            files,
            fields,
            bindings,
            diagnostics: Vec::new(),
            inputs,
            faulty_dims: HashSet::new(),
            concerned: sites_by_dim(model),
        }
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
        let items = items(self.model);
        loop {
            let before = self.known();
            for item in &items {
                match item {
                    Item::Dim(dim) => self.try_dim(*dim),
                    Item::Data(site) => self.try_data(*site),
                    Item::Let(step) => self.try_let(step),
                }
            }
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

/// What sizes and values follow from, one after the other.
enum Item<'m> {
    Dim(DimId),
    Data(SiteId),
    Let(&'m Step),
}

/// All of them in the order of the text: what is read stands above, so that one pass is enough for most models.
fn items(model: &Model) -> Vec<Item<'_>> {
    let dims = (0..model.dims.len()).map(|dim| (model.dims[dim].span.start, Item::Dim(DimId(dim))));
    let data = model.site_ids().filter(|site| matches!(model.site(*site).kind, SiteKind::Data { .. }));
    let data = data.map(|site| (model.site(site).span.start, Item::Data(site)));
    let place = |site: &SiteId| model.site(*site).span.start;
    let lets = model.order.iter().map(|step| match step {
        Step::Site(site) => (place(site), Item::Let(step)),
        Step::Recurrence(all) => (all.members.iter().map(place).max().unwrap_or(0), Item::Let(step)),
    });
    let mut items: Vec<(usize, Item)> = dims.chain(data).chain(lets).collect();
    items.sort_by_key(|(place, _)| *place);
    items.into_iter().map(|(_, item)| item).collect()
}
