//! Doubtful predictors, seen once the data are there: columns that do not vary, that repeat each other, or that are
//! so far from 0 or so wide that priors on their coefficients mean something else than they seem to.

use crate::array::Array;
use crate::data::BoundModel;
use crate::diagnostics::{Code, Diagnostic};
use crate::model::{
    AxisVar, Distribution, Factor, Kind, Model, Operator, SiteId, SiteKind, Stage, Term, TermKind,
};
use crate::source::Span;

/// Fewer values than these say little.
const FEWEST: usize = 4;

/// A mean so many standard deviations from 0 makes intercept and slope one.
const FAR: f64 = 20.0;

/// A standard deviation beyond these powers of ten asks for other units.
const WIDE: f64 = 1e3;

/// Correlation that leaves only the sum of two coefficients determined.
const SAME: f64 = 0.999_99;

/// Warnings about predictors.
pub fn check(bound: &BoundModel) -> Vec<Diagnostic> {
    let columns: Vec<Column> =
        predictors(bound.model()).into_iter().flat_map(|used| columns(bound, used)).collect();
    let mut found: Vec<Diagnostic> = columns.iter().filter_map(Column::doubt).collect();
    let mut repeated = vec![false; columns.len()];
    for (k, first) in columns.iter().enumerate() {
        let repeats =
            |second: &usize| first.axis == columns[*second].axis && first.repeats(&columns[*second]);
        if let Some(again) = (k + 1..columns.len()).find(repeats) {
            repeated[again] = true;
            found.push(first.collinear(&columns[again]));
        }
    }
    let rest: Vec<&Column> =
        columns.iter().zip(&repeated).filter(|(_, again)| !**again).map(|(column, _)| column).collect();
    found.extend(combinations(&rest));
    found
}

/// More products of numbers than these are not looked through for combinations.
const MOST: usize = 50_000_000;

/// What is left of a column beside others, as a share of it, where it is a combination of them.
const NOTHING: f64 = 1e-8;

/// Columns that are combinations of columns before them, by orthogonalising them in turn (Gram and Schmidt, twice).
fn combinations(columns: &[&Column]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (k, column) in columns.iter().enumerate() {
        let first = columns.iter().position(|other| other.axis == column.axis);
        if first != Some(k) {
            continue;
        }
        let along: Vec<&Column> = columns.iter().copied().filter(|other| other.axis == column.axis).collect();
        let (count, rows) = (along.len(), column.values.len());
        if count < rows && count * count * rows < MOST {
            found.extend(dependent(&along));
        }
    }
    found
}

fn dependent(columns: &[&Column]) -> Vec<Diagnostic> {
    let mut basis: Vec<Vec<f64>> = Vec::new();
    // The columns of the basis, each with its shares of the directions up to its own.
    let mut kept: Vec<(&Column, Vec<f64>)> = Vec::new();
    let mut found = Vec::new();
    for &column in columns {
        let mut rest = column.values.clone();
        let mut shares = vec![0.0; basis.len()];
        for _ in 0..2 {
            for (share, direction) in shares.iter_mut().zip(&basis) {
                let part = dot(&rest, direction);
                *share += part;
                rest.iter_mut().zip(direction).for_each(|(rest, unit)| *rest -= part * unit);
            }
        }
        let (left, size) = (dot(&rest, &rest).sqrt(), dot(&column.values, &column.values).sqrt());
        if left > NOTHING * size {
            basis.push(rest.iter().map(|value| value / left).collect());
            shares.push(left);
            kept.push((column, shares));
        } else if size > 0.0 {
            found.extend(column.combination(&parts(&kept, shares, size)));
        }
    }
    found
}

/// The columns whose combination has these shares of the directions: a triangular system, solved backwards.
fn parts<'c>(kept: &[(&'c Column, Vec<f64>)], mut shares: Vec<f64>, size: f64) -> Vec<&'c Column> {
    let mut parts = Vec::new();
    for (k, (column, own)) in kept.iter().enumerate().rev() {
        let coefficient = shares[k] / own[k];
        shares.iter_mut().zip(own).for_each(|(share, part)| *share -= coefficient * part);
        if (coefficient * dot(&column.values, &column.values).sqrt()).abs() > 1e-6 * size {
            parts.push(*column);
        }
    }
    parts.reverse();
    parts
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(x, y)| x * y).sum()
}

/// Data that are multiplied by something unknown, and where.
fn predictors(model: &Model) -> Vec<(SiteId, Span)> {
    let mut found: Vec<(SiteId, Span)> = Vec::new();
    let mut visit = |term: &Term| {
        let operands = match &term.kind {
            TermKind::Operate(Operator::Multiply, operands) => operands,
            TermKind::Apply { arguments, over, .. } if arguments.len() == 2 && !over.is_empty() => arguments,
            _ => return,
        };
        // In `b @ W` what is summed over are the rows of `W`.
        let is_turned = |site: SiteId| match (&term.kind, &model.site(site).axes[..]) {
            (TermKind::Apply { over, .. }, [_, columns]) => !over.contains(columns),
            _ => false,
        };
        let [left, right] = &operands[..] else { return };
        for (data, other) in [(left, right), (right, left)] {
            if let TermKind::Read(site, _) = data.kind
                && matches!(model.site(site).kind, SiteKind::Data { .. })
                && model.site(site).value == Kind::Real
                && other.stage > Stage::Data
                && !is_turned(site)
                && !found.iter().any(|(known, _)| *known == site)
            {
                found.push((site, data.span));
            }
        }
    };
    for site in &model.sites {
        match &site.kind {
            SiteKind::Let(value) => value.walk(&mut visit),
            SiteKind::Latent { prior: Distribution::Family(call), .. } => {
                call.arguments.iter().for_each(|argument| argument.walk(&mut visit));
            }
            _ => {}
        }
    }
    for factor in &model.factors {
        match factor {
            Factor::Observe { distribution, .. } => distribution.walk(&mut visit),
            Factor::Potential { value, .. } => value.walk(&mut visit),
        }
    }
    found
}

/// One predictor: a vector, or one column of a matrix.
struct Column {
    name: String,
    /// What to write for it; none for a column of a matrix.
    whole: Option<String>,
    span: Span,
    axis: AxisVar,
    values: Vec<f64>,
    mean: f64,
    deviation: f64,
}

fn columns(bound: &BoundModel, (site, span): (SiteId, Span)) -> Vec<Column> {
    let model = bound.model();
    let declaration = model.site(site);
    let Some(Array { shape, values }) = bound.bindings().values[site.0].as_ref() else { return Vec::new() };
    match (&declaration.axes[..], &shape[..]) {
        ([axis], [count]) if *count >= FEWEST => {
            let name = declaration.name.clone();
            vec![Column::new((name.clone(), Some(name)), span, *axis, values.to_vec())]
        }
        ([axis, other], [count, width]) if *count >= FEWEST => {
            let coordinates = &bound.bindings().coordinates[other.dim.0];
            let dim = &model.dim(other.dim).name;
            let column = |k: usize| {
                let values = values.iter().skip(k).step_by(*width).copied().collect();
                let name = format!("{} at {dim} {}", declaration.name, coordinates.name(k));
                Column::new((name, None), span, *axis, values)
            };
            (0..*width).map(column).collect()
        }
        _ => Vec::new(),
    }
}

impl Column {
    fn new((name, whole): (String, Option<String>), span: Span, axis: AxisVar, values: Vec<f64>) -> Self {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let deviation = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt();
        Self { name, whole, span, axis, values, mean, deviation }
    }

    fn is_constant(&self) -> bool {
        self.deviation <= 1e-12 * self.mean.abs().max(1e-300)
    }

    /// A constant vector, or one in awkward units. A constant column of a matrix is its intercept.
    fn doubt(&self) -> Option<Diagnostic> {
        let whole = self.whole.as_ref()?;
        if self.is_constant() {
            let message = format!("`{whole}` is {} in every row", self.values[0]);
            return Some(
                Diagnostic::new(Code(1009), message)
                    .at(self.span, "a predictor that does not vary")
                    .help("its coefficient cannot be told from an intercept; leave it out"),
            );
        }
        let far = self.mean.abs() > FAR * self.deviation;
        let wide = !(1.0 / WIDE..=WIDE).contains(&self.deviation);
        (far || wide).then(|| {
            let message = format!("`{whole}` has mean {} and sd {}", short(self.mean), short(self.deviation));
            let why = if far { "far from 0 for its spread" } else { "in units far from 1" };
            Diagnostic::new(Code(1011), message).at(self.span, why).help(format!(
                "priors on its coefficient mean little in these units; scale it: `let x = ({whole} - mean({whole})) / sd({whole})`"
            ))
        })
    }

    fn repeats(&self, other: &Self) -> bool {
        if self.is_constant() || other.is_constant() || self.values.len() != other.values.len() {
            return false;
        }
        let both = self.values.iter().zip(&other.values);
        let product: f64 = both.map(|(x, y)| (x - self.mean) * (y - other.mean)).sum();
        let correlation = product / (self.values.len() as f64 * self.deviation * other.deviation);
        correlation.abs() > SAME
    }

    fn collinear(&self, other: &Self) -> Diagnostic {
        let message = format!("`{}` and `{}` carry the same information", self.name, other.name);
        let diagnostic = Diagnostic::new(Code(1010), message).at(self.span, "this predictor");
        let diagnostic = if other.span == self.span {
            diagnostic
        } else {
            diagnostic.at(other.span, "is a multiple of it, up to a shift")
        };
        diagnostic.help("only a combination of their coefficients is determined; leave one out")
    }
}

impl Column {
    /// That this column is computed from others; pairs have been reported.
    fn combination(&self, parts: &[&Self]) -> Option<Diagnostic> {
        const SHOWN: usize = 4;
        if parts.len() < 2 {
            return None;
        }
        let names: Vec<String> = parts.iter().take(SHOWN).map(|part| format!("`{}`", part.name)).collect();
        let more =
            if parts.len() > SHOWN { format!(" and {} more", parts.len() - SHOWN) } else { String::new() };
        let message = format!("`{}` is a combination of {}{more}", self.name, names.join(", "));
        let mut diagnostic =
            Diagnostic::new(Code(1010), message).at(self.span, "tells nothing that they do not");
        if let Some(other) = parts.iter().find(|part| part.span != self.span) {
            diagnostic = diagnostic.at(other.span, "one of them");
        }
        Some(
            diagnostic
                .help("only combinations of their coefficients are determined; leave one of the columns out"),
        )
    }
}

/// Three digits.
fn short(value: f64) -> String {
    match value.abs() {
        size if size != 0.0 && !(1e-2..1e6).contains(&size) => format!("{value:.1e}"),
        size if size < 100.0 => format!("{}", (value * 100.0).round() / 100.0),
        _ => format!("{}", value.round()),
    }
}
