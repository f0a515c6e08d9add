//! Models written by hand for the tests of binding.

use std::sync::Arc;

use crate::library;
use crate::model::{
    Address, AxisVar, Dim, DimId, DimKind, Kind, Model, Site, SiteDomain, SiteId, SiteKind, Stage, Step,
    Term, TermKind,
};
use crate::source::Span;

pub fn axis(dim: usize) -> AxisVar {
    AxisVar { dim: DimId(dim), copy: 0 }
}

/// A term of data alone.
pub fn term(kind: TermKind, axes: &[AxisVar]) -> Term {
    Term { kind, axes: axes.to_vec(), value: Kind::Int, stage: Stage::Data, span: Span::new(1, 2) }
}

pub fn read_site(site: usize, axes: &[AxisVar]) -> Term {
    term(TermKind::Read(SiteId(site), axes.iter().map(|axis| Address::Here(*axis)).collect()), axes)
}

/// A model, piece by piece.
#[derive(Default)]
pub struct Sketch(pub Model);

impl Sketch {
    pub fn dim(mut self, name: &str, kind: DimKind) -> Self {
        self.0.dims.push(Dim { name: name.to_owned(), kind, span: Span::new(0, 3), doc: None });
        self
    }

    /// A data site read from the field of its name.
    pub fn data(self, name: &str, axes: &[usize], value: Kind, domain: &str) -> Self {
        let kind =
            SiteKind::Data { field: name.to_owned(), field_span: Span::default(), default: None, gaps: None };
        self.site(name, axes, (value, domain), kind)
    }

    pub fn site(mut self, name: &str, axes: &[usize], (value, domain): (Kind, &str), kind: SiteKind) -> Self {
        let axes: Vec<AxisVar> = axes.iter().map(|dim| axis(*dim)).collect();
        let domain = library::domain(domain).unwrap();
        let domain = SiteDomain { domain, ends: [None, None], over: vec![], twins: vec![] };
        self.0.order.push(Step::Site(SiteId(self.0.sites.len())));
        self.0.sites.push(Site {
            name: name.to_owned(),
            axes,
            value,
            domain,
            stage: Stage::Data,
            kind,
            span: Span::new(4, 5),
            doc: None,
        });
        self
    }

    /// Changes the last site.
    pub fn last(mut self, change: impl FnOnce(&mut Site)) -> Self {
        change(self.0.sites.last_mut().unwrap());
        self
    }

    pub fn model(self) -> Arc<Model> {
        Arc::new(self.0)
    }
}
