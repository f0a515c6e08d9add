//! Which field feeds which declaration.

use std::collections::{HashMap, HashSet};

use crate::diagnostics::Diagnostic;
use crate::diagnostics::suggest::{self, Dictionary};
use crate::model::{SiteId, SiteKind};

use super::bind::{Binder, Input};
use super::codes;
use super::fields::{Field, Layout, Values};
use super::words::listed;

/// Fields that no declaration reads.
struct Unread<'a> {
    fields: Vec<&'a Field>,
    by_name: HashMap<&'a str, &'a Field>,
    names: Dictionary<'a>,
}

impl<'a> Unread<'a> {
    /// The one whose name is most like this.
    fn like(&self, name: &str) -> Option<&'a Field> {
        self.by_name.get(self.names.nearest(name)?).copied()
    }
}

impl<'a> Binder<'a> {
    /// Without any data file: one error for all the fields that the model wants.
    pub fn lacks_everything(&mut self) -> bool {
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

    /// Finds the field of each data site; missing ones and those of another rank are reported.
    pub fn match_fields(&mut self) {
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
    fn unread(&self) -> Unread<'a> {
        let names = self.model.sites.iter().filter_map(|site| match &site.kind {
            SiteKind::Data { field, .. } => Some(field.as_str()),
            _ => None,
        });
        let read: HashSet<&str> = names.collect();
        let fields: Vec<&Field> =
            self.fields.iter().filter(|field| !read.contains(field.name.as_str())).collect();
        Unread {
            names: Dictionary::new(fields.iter().map(|field| field.name.as_str())),
            by_name: fields.iter().rev().map(|field| (field.name.as_str(), *field)).collect(),
            fields,
        }
    }

    fn missing_field(&self, site: SiteId, unread: &Unread<'_>) -> Diagnostic {
        let site = self.model.site(site);
        let SiteKind::Data { field, field_span, .. } = &site.kind else {
            unreachable!("only data have fields")
        };
        let span = if field_span.end > field_span.start { *field_span } else { site.span };
        let message = format!("the data have no field `{field}`");
        let diagnostic = Diagnostic::new(codes::MISSING_FIELD, message).at(span, "read here");
        if let Some(near) = unread.like(field) {
            let name = &near.name;
            return diagnostic
                .in_file(near.file(), near.origin.key, "did you mean this?")
                .help(format!("did you mean `{name}`? write `from \"{name}\"` after the type"));
        }
        match unread.fields[..] {
            [] => {
                let all = listed(self.fields.iter().map(|field| field.name.as_str()));
                let has = if all.is_empty() { "are empty".to_owned() } else { format!("have {all}") };
                diagnostic.help(format!(
                    "the data {has}; add `{field}`, in the same file or one more `--data FILE`"
                ))
            }
            _ => {
                let names = listed(unread.fields.iter().map(|field| field.name.as_str()));
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
    pub fn warn_unread(&mut self) {
        let unread = self.unread();
        let mut said: Vec<&str> = Vec::new();
        for (at, site) in self.model.sites.iter().enumerate() {
            let (Input::Default(_), SiteKind::Data { field, .. }) = (&self.inputs[at], &site.kind) else {
                continue;
            };
            let Some(near) = unread.like(field) else { continue };
            let name = &near.name;
            let message = format!("the field `{name}` is not read, and `{field}` takes its default");
            self.diagnostics.push(
                Diagnostic::new(codes::UNREAD, message)
                    .in_file(near.file(), near.origin.key, "not read")
                    .at(site.span, "takes its default")
                    .help(format!(
                        "if they are the same, write `from \"{name}\"` after the type, or rename the field"
                    )),
            );
            said.push(name);
        }
        let others = unread.fields.iter().filter(|field| !said.contains(&field.name.as_str()));
        self.warn_unread_arrays(&others.copied().collect::<Vec<_>>());
    }

    /// Arrays that nothing reads, where every declaration has its field: a file made for the model has none. Columns of
    /// a table may be there for other purposes, and single numbers are often sizes, which nothing needs.
    fn warn_unread_arrays(&mut self, unread: &[&'a Field]) {
        let lacks = self.inputs.iter().any(|input| matches!(input, Input::Faulty));
        let made_for_it = |field: &&&Field| field.origin.layout == Layout::Value && !field.shape.is_empty();
        let arrays: Vec<&Field> = unread.iter().filter(made_for_it).copied().collect();
        let Some(first) = arrays.first().filter(|_| !lacks) else { return };
        let names = listed(arrays.iter().map(|field| field.name.as_str()));
        let verb = if arrays.len() == 1 { "is" } else { "are" };
        let declared = self.model.sites.iter().map(|site| site.name.as_str());
        let near = suggest::nearest(&first.name, declared);
        let near = near.and_then(|near| self.model.sites.iter().find(|site| site.name == near));
        let diagnostic = Diagnostic::new(codes::UNREAD, format!("{names} {verb} in the data and not read"))
            .in_file(first.file(), first.origin.key, "nothing reads it");
        let diagnostic = match near {
            Some(near) => diagnostic.at(near.span, "the most similar name"),
            None => diagnostic,
        };
        self.diagnostics.push(diagnostic.help(format!(
            "if the model should know it, declare `data {}[…]: real`; if not, `# allow: data::unread_field` silences this",
            first.name
        )));
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
