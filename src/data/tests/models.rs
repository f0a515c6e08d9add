//! Models written by hand for the tests of binding, and an evaluator that is slow and obvious.

use std::sync::Arc;

use crate::array::Array;
use crate::library::{Domain, Ends, Interval, Membership, Rank, ValueKind};
use crate::model::{
    Address, AxisVar, Dim, DimId, DimKind, Kind, Model, Operator, Site, SiteDomain, SiteId, SiteKind, Stage,
    Step, Term, TermKind,
};
use crate::source::Span;
use crate::translate::Bindings;

fn within(numbers: &[f64], ends: [f64; 2], low: f64) -> Membership {
    let inside = |x: &f64| *x >= low && *x >= ends[0] && *x <= ends[1];
    if numbers.iter().all(inside) { Membership::Inside } else { Membership::Outside("out of range") }
}

const fn domain(name: &'static str, words: &'static str, interval: Interval) -> Domain {
    Domain {
        name,
        words,
        rank: Rank::Scalar,
        kind: ValueKind::Continuous,
        interval,
        takes_ends: Ends::Both,
        contains: |numbers, ends, _| within(numbers, ends, f64::NEG_INFINITY),
        transform: None,
        inside: &[],
        outside: &[],
    }
}

pub static REAL: Domain = domain("real", "a real number", Interval::REAL);
pub static COUNT: Domain = Domain {
    contains: |numbers, ends, _| within(numbers, ends, 0.0),
    ..domain("count", "a count (0, 1, 2 …)", Interval::COUNT)
};
pub static POSITIVE: Domain = Domain {
    contains: |numbers, ends, _| within(numbers, ends, f64::MIN_POSITIVE),
    ..domain("positive", "a positive number", Interval::POSITIVE)
};
pub static SIMPLEX: Domain = Domain {
    rank: Rank::Vector,
    contains: |numbers, _, n| {
        let sum: f64 = numbers.iter().sum();
        let fits = n == numbers.len() && (sum - 1.0).abs() < 1e-8;
        if fits { Membership::Inside } else { Membership::Outside("its parts do not sum to 1") }
    },
    ..domain("simplex", "a simplex", Interval::UNIT)
};

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
    pub fn data(self, name: &str, axes: &[usize], value: Kind, domain: &'static Domain) -> Self {
        let kind = SiteKind::Data { field: name.to_owned(), field_span: Span::default(), default: None };
        self.site(name, axes, (value, domain), kind)
    }

    pub fn site(
        mut self,
        name: &str,
        axes: &[usize],
        (value, domain): (Kind, &'static Domain),
        kind: SiteKind,
    ) -> Self {
        let axes: Vec<AxisVar> = axes.iter().map(|dim| axis(*dim)).collect();
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

/// The value of a term, cell by cell.
pub fn evaluate(_: &Model, bindings: &Bindings, term: &Term) -> Option<Array> {
    let shape: Vec<usize> = term.axes.iter().map(|axis| bindings.sizes[axis.dim.0]).collect::<Option<_>>()?;
    let count = shape.iter().product();
    let mut values = Vec::with_capacity(count);
    for flat in 0..count {
        let mut rest = flat;
        let mut cell = Vec::new();
        for (axis, size) in term.axes.iter().zip(&shape).rev() {
            cell.push((*axis, rest % size));
            rest /= size;
        }
        values.push(at(bindings, term, &cell)?);
    }
    Some(Array::new(shape, values))
}

fn at(bindings: &Bindings, term: &Term, cell: &[(AxisVar, usize)]) -> Option<f64> {
    let here = |axis: &AxisVar| cell.iter().find(|(other, _)| other == axis).map(|(_, at)| *at);
    match &term.kind {
        TermKind::Number(value) => Some(*value),
        TermKind::Position(axis) => here(axis).map(|at| at as f64),
        TermKind::Size(dim) => bindings.sizes[dim.0].map(|size| size as f64),
        TermKind::Read(site, addresses) => {
            let array = bindings.values[site.0].as_ref()?;
            let mut flat = 0usize;
            for (address, size) in addresses.iter().zip(&array.shape) {
                let index = match address {
                    Address::Here(axis) => here(axis)?,
                    Address::At(term) => at(bindings, term, cell)?.max(0.0) as usize,
                };
                flat = flat * size + index;
            }
            array.values.get(flat).copied()
        }
        TermKind::If(condition, yes, no) => {
            let chosen = if at(bindings, condition, cell)? != 0.0 { yes } else { no };
            at(bindings, chosen, cell)
        }
        TermKind::Operate(operator, operands) => {
            let values: Vec<f64> =
                operands.iter().map(|operand| at(bindings, operand, cell)).collect::<Option<_>>()?;
            Some(match operator {
                Operator::Add => values[0] + values[1],
                Operator::Subtract => values[0] - values[1],
                Operator::Greater => f64::from(u8::from(values[0] > values[1])),
                Operator::Equal => f64::from(u8::from(values[0] == values[1])),
                _ => return None,
            })
        }
        _ => None,
    }
}
