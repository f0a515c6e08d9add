//! Data bound to a model: which field feeds which declaration, then sizes and values until nothing more follows.

use std::sync::Arc;

use crate::array::Array;
use crate::diagnostics::{Diagnostic, any_error, suggest};
use crate::model::{AxisVar, DimId, Factor, Model, SiteId, SiteKind, Term};
use crate::source::Source;
use crate::translate::{Bindings, Coordinates, evaluate};

use super::BoundModel;
use super::codes;
use super::fields::{Field, Fields, Values};
use super::json::Extent;
use super::read::read_all;
use super::words::listed;

/// Evaluates a term known from data alone, over its axes in ascending order; `None` while something is not bound.
pub(super) type Evaluate = fn(&Model, &Bindings, &Term) -> Option<Array>;

/// Reads the files and binds what they hold to what the model declares.
pub fn bind(model: Arc<Model>, files: &[Source]) -> (Option<BoundModel>, Vec<Diagnostic>) {
    bind_with(model, files, evaluate)
}

/// [`bind`], by a given evaluator.
pub(super) fn bind_with(
    model: Arc<Model>,
    files: &[Source],
    evaluate: Evaluate,
) -> (Option<BoundModel>, Vec<Diagnostic>) {
    let reading = read_all(files);
    if reading.extent == Extent::Part {
        return (None, reading.diagnostics);
    }
    let mut binder = Binder::new(&model, files, &reading.fields, evaluate);
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
    pub evaluate: Evaluate,
    pub bindings: Bindings,
    pub diagnostics: Vec<Diagnostic>,
    /// By site.
    pub inputs: Vec<Input<'a>>,
    /// Dims without a size for a reason that has been reported.
    pub faulty_dims: Vec<DimId>,
}

impl<'a> Binder<'a> {
    fn new(model: &'a Model, files: &'a [Source], fields: &'a Fields, evaluate: Evaluate) -> Self {
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
            evaluate,
            bindings,
            diagnostics: Vec::new(),
            inputs,
            faulty_dims: Vec::new(),
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
        (self.evaluate)(self.model, &self.bindings, term)
    }

    /// Without any data file: one error for all the fields that the model wants.
    fn lacks_everything(&mut self) -> bool {
        let wanted: Vec<&str> = self
            .model
            .sites
            .iter()
            .filter_map(|site| match &site.kind {
                SiteKind::Data { field, default: None, .. } => Some(field.as_str()),
                _ => None,
            })
            .collect();
        if wanted.is_empty() {
            return false;
        }
        let message = format!("no data were given; the model reads {}", listed(wanted));
        let first =
            self.model.sites.iter().find(|site| matches!(site.kind, SiteKind::Data { default: None, .. }));
        let diagnostic = Diagnostic::new(codes::NO_DATA, message).help("give a file: `--data FILE.json`");
        self.diagnostics.push(match first {
            Some(site) => diagnostic.at(site.span, "read from data"),
            None => diagnostic,
        });
        true
    }

    fn match_fields(&mut self) {
        let unread = self.unread();
        for (at, site) in self.model.sites.iter().enumerate() {
            let SiteKind::Data { field: name, default, .. } = &site.kind else { continue };
            self.inputs[at] = match (self.fields.get(name), default) {
                (Some(field), _) => match lengths(field, site.axes.len()) {
                    _ if field.values == Values::Broken => Input::Faulty,
                    Some(lengths) => Input::Field(field, lengths),
                    None => {
                        self.diagnostics.push(self.wrong_rank(SiteId(at), field));
                        Input::Faulty
                    }
                },
                (None, Some(term)) => Input::Default(term),
                (None, None) => {
                    self.diagnostics.push(self.missing_field(SiteId(at), &unread));
                    Input::Faulty
                }
            };
        }
    }

    /// Fields that no declaration reads.
    fn unread(&self) -> Vec<&'a Field> {
        let read = |field: &&Field| {
            self.model
                .sites
                .iter()
                .any(|site| matches!(&site.kind, SiteKind::Data { field: name, .. } if *name == field.name))
        };
        self.fields.iter().filter(|field| !read(field)).collect()
    }

    fn missing_field(&self, site: SiteId, unread: &[&Field]) -> Diagnostic {
        let site = self.model.site(site);
        let SiteKind::Data { field, field_span, .. } = &site.kind else {
            unreachable!("only data have fields")
        };
        let span = if field_span.end > field_span.start { *field_span } else { site.span };
        let message = format!("the data have no field `{field}`");
        let diagnostic = Diagnostic::new(codes::MISSING_FIELD, message).at(span, "read here");
        if let Some(name) = suggest::nearest(field, unread.iter().map(|field| field.name.as_str())) {
            let near = unread.iter().find(|field| field.name == name);
            let diagnostic = match near {
                Some(near) => diagnostic.in_file(near.file(), near.origin.key, "did you mean this?"),
                None => diagnostic,
            };
            return diagnostic.help(format!("did you mean `{name}`? write `from \"{name}\"` after the type"));
        }
        match unread {
            [] => diagnostic,
            _ => {
                let names = listed(unread.iter().map(|field| field.name.as_str()));
                diagnostic
                    .help(format!("not read so far: {names}; `from \"name\"` reads a field of another name"))
            }
        }
    }

    fn wrong_rank(&self, site: SiteId, field: &Field) -> Diagnostic {
        let site = self.model.site(site);
        let declared = match site.axes.len() {
            0 => "a single value".to_owned(),
            1 => "1 axis".to_owned(),
            rank => format!("{rank} axes"),
        };
        let shape: Vec<String> = field.shape.iter().map(usize::to_string).collect();
        let found = match field.shape.len() {
            0 => "a single value".to_owned(),
            1 => format!("a list of {}", shape[0]),
            _ => format!("an array of {}", shape.join(" × ")),
        };
        let message = format!("`{}` is {found}, the model declares {declared}", field.name);
        let diagnostic = Diagnostic::new(codes::RANK, message)
            .in_file(field.file(), field.origin.key, found)
            .at(site.span, format!("declared as {declared}"));
        if field.shape.iter().filter(|&&length| length != 1).count() == site.axes.len() {
            diagnostic.help("take away the lists that have one element")
        } else if field.shape.len() > site.axes.len() {
            diagnostic.help("declare an axis for each level of lists, or flatten the field")
        } else {
            diagnostic.help("declare one axis in the brackets for each level of lists in the field")
        }
    }

    /// A field that nothing reads, with a name like one whose default is used instead.
    fn warn_unread(&mut self) {
        let unread = self.unread();
        for (at, site) in self.model.sites.iter().enumerate() {
            let (Input::Default(_), SiteKind::Data { field, .. }) = (&self.inputs[at], &site.kind) else {
                continue;
            };
            let Some(name) = suggest::nearest(field, unread.iter().map(|field| field.name.as_str())) else {
                continue;
            };
            let Some(near) = unread.iter().find(|field| field.name == name) else { continue };
            let message = format!("the field `{name}` is not read, and `{field}` takes its default");
            self.diagnostics.push(
                Diagnostic::new(codes::UNREAD, message)
                    .in_file(near.file(), near.origin.key, "not read")
                    .at(site.span, "takes its default")
                    .help(format!(
                        "if they are the same, write `from \"{name}\"` after the type, or rename the field"
                    )),
            );
            return;
        }
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

/// The lengths of a field along the axes of a site of some rank, if it can be read so.
fn lengths(field: &Field, rank: usize) -> Option<Vec<Option<usize>>> {
    if field.shape.len() == rank {
        Some(field.shape.iter().copied().map(Some).collect())
    } else if field.len() == 1 {
        Some(vec![Some(1); rank])
    } else if field.is_empty() && field.shape.len() == 1 && rank > 1 {
        Some((0..rank).map(|axis| (axis == 0).then_some(0)).collect())
    } else {
        None
    }
}
