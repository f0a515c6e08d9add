//! Values against declared types: `sigma: positive`, `w: simplex over topic`, and the claims on lets.

use crate::diagnostics::Diagnostic;
use crate::library::{Grain, Interval, Membership, Rank};
use crate::model::{AxisVar, Kind, Site, SiteId, SiteKind, Stage};

use super::bind::{Binder, Input};
use super::codes;
use super::spread::{offsets, spread, strides};
use super::values::Offenders;
use super::words::shown;

/// What is outside of a declared type.
pub(super) struct Outside {
    offenders: Offenders,
    /// Why the first one is.
    reason: &'static str,
    /// Ends of the interval at the first one; the domain's words speak of them.
    ends: [f64; 2],
    /// The first one, or the first number of it.
    value: f64,
}

/// Cells of a site, each with the numbers of one value of its domain.
struct Cells {
    /// Where each cell begins.
    starts: Vec<usize>,
    /// Where each number of a cell is, from its beginning.
    inside: Vec<usize>,
    /// Length of a vector, side of a matrix.
    side: usize,
}

impl Binder<'_> {
    /// Checks every value that is bound and that declares where it lies.
    pub fn check_domains(&mut self) {
        let model = self.model;
        for site in model.site_ids() {
            let declared = model.site(site);
            let claims = match declared.kind {
                SiteKind::Data { .. } => true,
                SiteKind::Let(_) => declared.stage <= Stage::Data && says_something(declared),
                _ => false,
            };
            if !claims || self.bindings.values[site.0].is_none() {
                continue;
            }
            if let Some(outside) = self.outside(site) {
                let diagnostic = self.out_of_support(site, &outside);
                self.diagnostics.push(diagnostic);
                self.inputs[site.0] = Input::Faulty;
            }
        }
    }

    fn outside(&self, site: SiteId) -> Option<Outside> {
        let declared = self.model.site(site);
        let values = &self.bindings.values[site.0].as_ref()?.values;
        let ends = [self.end(declared, 0)?, self.end(declared, 1)?];
        let cells = self.cells(declared)?;
        let contains = declared.domain.domain.contains;
        let mut found: Option<Outside> = None;
        let mut numbers = vec![0.0; cells.inside.len()];
        for start in cells.starts {
            for (number, offset) in numbers.iter_mut().zip(&cells.inside) {
                *number = values[start + offset];
            }
            let here = [0, 1].map(|end| {
                ends[end].as_ref().map_or([f64::NEG_INFINITY, f64::INFINITY][end], |at| at[start])
            });
            if let Membership::Outside(reason) = contains(&numbers, here, cells.side) {
                let new = Outside { offenders: Offenders::default(), reason, ends: here, value: numbers[0] };
                let outside = found.get_or_insert(new);
                outside.offenders.add(start);
            }
        }
        found
    }

    /// The same of numbers that are not bound, for other faults: of a type of single numbers whose ends are fixed. Missing
    /// values, fractions among integers, and what is no bool have been reported.
    pub(super) fn outside_among(&self, site: SiteId, numbers: &[f64]) -> Option<Outside> {
        let declared = self.model.site(site);
        let domain = declared.domain.domain;
        let ends = declared.domain.ends.iter().any(Option::is_some);
        if domain.rank != Rank::Scalar || ends || declared.value == Kind::Bool {
            return None;
        }
        let whole = domain.interval.grain == Grain::Integer;
        let ends = [f64::NEG_INFINITY, f64::INFINITY];
        let mut found: Option<Outside> = None;
        for (at, &value) in numbers.iter().enumerate() {
            if !value.is_finite() || whole && value.fract() != 0.0 {
                continue;
            }
            if let Membership::Outside(reason) = (domain.contains)(&[value], ends, 1) {
                let new = Outside { offenders: Offenders::default(), reason, ends, value };
                found.get_or_insert(new).offenders.add(at);
            }
        }
        found
    }

    /// One end of the interval for each cell of the site. The outer `None`: it is not known yet.
    fn end(&self, declared: &Site, end: usize) -> Option<Option<Vec<f64>>> {
        let Some(term) = &declared.domain.ends[end] else { return Some(None) };
        if term.stage > Stage::Data {
            return None;
        }
        let value = self.value_of(term)?;
        spread(&value, &term.axes, &declared.axes, &self.bindings.sizes)
            .map(|array| Some(array.values.to_vec()))
    }

    fn cells(&self, declared: &Site) -> Option<Cells> {
        let shape = self.shape_of(&declared.axes)?;
        let steps = strides(&shape);
        let of = |axis: &AxisVar| declared.axes.iter().position(|other| other == axis);
        let over: Vec<usize> = declared.domain.over.iter().map(of).collect::<Option<_>>()?;
        let twins: Vec<usize> = match declared.domain.domain.rank {
            Rank::Matrix => declared.domain.twins.iter().map(of).collect::<Option<_>>()?,
            Rank::Scalar | Rank::Vector | Rank::Positions => Vec::new(),
        };
        let joint: Vec<usize> = over.iter().chain(&twins).copied().collect();
        let rest: Vec<usize> = (0..shape.len()).filter(|axis| !joint.contains(axis)).collect();
        let walk = |axes: &[usize]| -> Vec<usize> {
            let lengths: Vec<usize> = axes.iter().map(|&axis| shape[axis]).collect();
            let steps: Vec<usize> = axes.iter().map(|&axis| steps[axis]).collect();
            offsets(&lengths, &steps, lengths.iter().product()).collect()
        };
        Some(Cells {
            starts: walk(&rest),
            inside: walk(&joint),
            side: over.iter().map(|&axis| shape[axis]).product(),
        })
    }

    pub(super) fn out_of_support(&self, site: SiteId, outside: &Outside) -> Diagnostic {
        let declared = self.model.site(site);
        let domain = declared.domain.domain;
        let [low, high] = outside.ends.map(shown);
        let wanted = domain
            .words
            .replace("the ends", &format!("{low} and {high}"))
            .replace("the lower end", &low)
            .replace("the upper end", &high);
        let value = outside.value;
        let message = match domain.rank {
            Rank::Scalar | Rank::Positions => {
                self.fact(site, &outside.offenders, |_| format!("is {}, not {wanted}", shown(value)))
            }
            Rank::Vector | Rank::Matrix => format!(
                "`{}` is not {wanted}{}: {}",
                declared.name,
                outside.offenders.others(),
                outside.reason
            ),
        };
        match &self.inputs[site.0] {
            Input::Field(field, _) => {
                let diagnostic =
                    self.blame(codes::OUT_OF_SUPPORT, message, (site, field), &outside.offenders);
                if value == -1.0 || value <= -99.0 {
                    let code = shown(value);
                    return diagnostic.help(format!(
                        "if {code} stands for a missing value, say so: `{}: {}? missing {code}`",
                        declared.name, domain.name
                    ));
                }
                match domain.rank {
                    Rank::Scalar | Rank::Positions => {
                        let wider = if domain.interval.grain == Grain::Integer { "int" } else { "real" };
                        diagnostic.help(format!(
                            "correct or drop these values; where they are right, the type is not: declare `{}` as `{wider}`",
                            declared.name
                        ))
                    }
                    Rank::Vector | Rank::Matrix => diagnostic.help("correct these values"),
                }
            }
            Input::Default(_) => Diagnostic::new(codes::OUT_OF_SUPPORT, message)
                .at(declared.span, "its default is outside of its type"),
            Input::Computed | Input::Faulty => Diagnostic::new(codes::LET_TYPE, message)
                .at(declared.span, format!("declared as {wanted}"))
                .help("it is computed from data alone: correct those, or its type"),
        }
    }
}

/// Whether a let's type forbids any number: `real` without ends does not.
fn says_something(declared: &Site) -> bool {
    let domain = &declared.domain;
    domain.domain.rank != Rank::Scalar
        || domain.domain.interval != Interval::REAL
        || domain.ends.iter().any(Option::is_some)
}
