//! The rules against exact values, and whole fits of small targets against enumeration.

use rand::RngExt;
use rand_distr::StandardNormal;

use super::cells::{Tables, mirrored, probabilities};
use super::conclude::fit;
use super::{CellBlock, MixedTarget, Rule, Support, rules};
use crate::inference::draws::{Purpose, stream};
use crate::inference::{Block, Options, Unwatched, Verdict};
use crate::numeric::random::Generator;

pub(super) type Function = fn(f64) -> f64;

/// The functions of T1: of one argument, scaled to a cell's values or a normal's.
pub(super) const FUNCTIONS: [(&str, Function); 6] = [
    ("5 + x", |x| 5.0 + x),
    ("x^2", |x| x * x),
    ("sin", |x| (1.3 * x).sin()),
    ("log1p", |x| x.abs().ln_1p()),
    ("step", |x| if x > 0.5 { x * x + 1.0 } else { -x }),
    ("indicator", |x| f64::from(u8::from(x > 0.9 && x < 2.1))),
];

/// Estimates of one number by blocks of draws: mean and standard error.
pub(super) struct Tally {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Tally {
    pub(super) fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut tally = Tally { count: 0.0, mean: 0.0, squares: 0.0 };
        for value in values {
            tally.count += 1.0;
            let gap = value - tally.mean;
            tally.mean += gap / tally.count;
            tally.squares += gap * (value - tally.mean);
        }
        tally
    }

    pub(super) fn variance(&self) -> f64 {
        self.squares / (self.count - 1.0)
    }

    fn error(&self) -> f64 {
        (self.variance() / self.count).sqrt()
    }

    /// |mean - exact| in standard errors; exact estimators have none.
    fn deviates(&self, exact: f64) -> f64 {
        // What has no noise agrees to the precision of the exact value, which is a difference of sums.
        (self.mean - exact).abs() / self.error().max(1e-7 * (1.0 + exact.abs()))
    }
}

/// Limit of |mean - exact| / SE.
const LIMIT: f64 = 4.5;
const POINTS: u64 = 20;

/// A function of three coupled cells: the first one's own function, times what the others say.
fn coupled(f: fn(f64) -> f64, z: &[f64]) -> f64 {
    f(z[0] + 0.3 * z[1]) * (1.0 + 0.5 * z[2]) + 0.4 * z[1] * z[2]
}

pub(super) struct Cells {
    tables: Vec<Tables>,
}

impl Cells {
    /// Three cells of `width` values at generic probabilities.
    pub(super) fn random(width: usize, generator: &mut Generator) -> Self {
        let support = Support::Whole { low: 0.0, count: Some(width) };
        let block = CellBlock { name: "z".into(), start: 0, end: 1, support, rule: Rule::Local };
        let tables = (0..3).map(|_| {
            let mut table = Tables::new(&block);
            table.logits.iter_mut().for_each(|x| *x = 1.2 * generator.sample::<f64, _>(StandardNormal));
            table
        });
        Self { tables: tables.collect() }
    }

    /// d/d l_w E[f] for the first cell, by enumeration.
    fn exact(&self, f: fn(f64) -> f64) -> Vec<f64> {
        let p: Vec<Vec<f64>> = self.tables.iter().map(|table| table.probabilities(0)).collect();
        let width = p[0].len();
        let mut given = vec![0.0; width];
        for (w, given) in given.iter_mut().enumerate() {
            for a in 0..width {
                for b in 0..width {
                    *given += p[1][a] * p[2][b] * coupled(f, &[w as f64, a as f64, b as f64]);
                }
            }
        }
        let mean: f64 = given.iter().zip(&p[0]).map(|(f, p)| f * p).sum();
        given.iter().zip(&p[0]).map(|(f, p)| p * (f - mean)).collect()
    }

    fn draw(&self, uniforms: &[f64]) -> Vec<f64> {
        self.tables.iter().zip(uniforms).map(|(table, u)| table.value(0, *u)).collect()
    }

    /// One estimate of the gradient by the logit of the first cell's last value.
    pub(super) fn estimate(
        &self,
        rule: Rule,
        f: fn(f64) -> f64,
        draws: usize,
        generator: &mut Generator,
    ) -> f64 {
        let width = self.tables[0].width;
        let uniforms = match rule {
            Rule::Score => (0..3 * draws).map(|_| generator.random::<f64>()).collect(),
            _ => mirrored(draws / 2, 3, generator),
        };
        let rows: Vec<Vec<f64>> = uniforms.chunks_exact(3).map(|u| self.draw(u)).collect();
        let places: Vec<usize> = rows.iter().map(|row| row[0] as usize).collect();
        let values: Vec<f64> = rows.iter().map(|row| coupled(f, row)).collect();
        let p = self.tables[0].probabilities(0);
        match rule {
            Rule::Local => {
                let changes: Vec<f64> = rows
                    .iter()
                    .zip(&values)
                    .flat_map(|(row, own)| {
                        (0..width).map(move |w| coupled(f, &[w as f64, row[1], row[2]]) - own)
                    })
                    .collect();
                p[width - 1] * rules::local(&changes, &p)[width - 1]
            }
            Rule::Score => rules::leave_one_out(&places, &values, &p)[width - 1],
            Rule::Paired => {
                let logits = self.tables[0].of(0);
                rules::paired(&places, &values, logits[1] - logits[0])
            }
        }
    }
}

#[test]
fn every_rule_is_unbiased_for_cells() {
    let cases = [(Rule::Local, 2), (Rule::Local, 4), (Rule::Score, 2), (Rule::Score, 4), (Rule::Paired, 2)];
    for (rule, width) in cases {
        for (name, f) in FUNCTIONS {
            for point in 0..POINTS {
                let mut generator = stream(point, Purpose::Probe, 77);
                let cells = Cells::random(width, &mut generator);
                let exact = cells.exact(f)[width - 1];
                let tally = Tally::of((0..1500).map(|_| cells.estimate(rule, f, 4, &mut generator)));
                let deviates = tally.deviates(exact);
                assert!(
                    deviates < LIMIT,
                    "{rule:?} {name} at point {point}: {} ± {} for {exact}",
                    tally.mean,
                    tally.error()
                );
            }
        }
    }
}

/// E f under a normal, by quadrature.
fn normal_mean(f: fn(f64) -> f64, mean: f64, deviation: f64) -> f64 {
    let step = 4e-4;
    let each = (-18_000..18_000).map(|k| {
        let e = (f64::from(k) + 0.5) * step;
        f(mean + deviation * e) * (-0.5 * e * e).exp()
    });
    each.sum::<f64>() * step / std::f64::consts::TAU.sqrt()
}

/// Derivatives of E f by mean and log deviation, by differences of fourth order of the quadrature. E f is smooth even
/// where f is not, so that the differences can be wide.
fn normal_exact(f: fn(f64) -> f64, mean: f64, deviation: f64) -> [f64; 2] {
    let h: f64 = 0.03;
    let fourth =
        |at: &dyn Fn(f64) -> f64| (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h);
    [
        fourth(&|h| normal_mean(f, mean + h * deviation, deviation)) / deviation,
        fourth(&|h| normal_mean(f, mean, deviation * h.exp())),
    ]
}

#[test]
fn the_score_of_a_normal_is_unbiased_and_the_naive_path_through_a_step_is_not() {
    let slope = |f: fn(f64) -> f64, x: f64| (f(x + 1e-7) - f(x - 1e-7)) / 2e-7;
    let mut naive_on_steps: f64 = 0.0;
    for (name, f) in FUNCTIONS {
        for point in 0..POINTS {
            let mut generator = stream(point, Purpose::Probe, 78);
            let mean = generator.sample::<f64, _>(StandardNormal);
            let deviation = (0.4 * generator.sample::<f64, _>(StandardNormal)).exp();
            let exact = normal_exact(f, mean, deviation);
            let (mut scores, mut paths) = ([vec![], vec![]], [vec![], vec![]]);
            for _ in 0..2000 {
                let normals: Vec<f64> = (0..8).map(|_| generator.sample(StandardNormal)).collect();
                let values: Vec<f64> = normals.iter().map(|e| f(mean + deviation * e)).collect();
                let slopes: Vec<f64> = normals.iter().map(|e| slope(f, mean + deviation * e)).collect();
                let score = rules::normal_score(&normals, &values, deviation);
                let path = rules::normal_pathwise(&normals, &slopes, deviation);
                for k in 0..2 {
                    scores[k].push(score[k]);
                    paths[k].push(path[k]);
                }
            }
            for k in 0..2 {
                let score = Tally::of(scores[k].iter().copied());
                assert!(score.deviates(exact[k]) < LIMIT, "{name} by {k}: {} for {}", score.mean, exact[k]);
                let path = Tally::of(paths[k].iter().copied());
                if name == "step" || name == "indicator" {
                    naive_on_steps = naive_on_steps.max(path.deviates(exact[k]));
                } else {
                    assert!(
                        path.deviates(exact[k]) < LIMIT,
                        "{name} path {k}: {} for {}",
                        path.mean,
                        exact[k]
                    );
                }
            }
        }
    }
    assert!(naive_on_steps > 10.0 * LIMIT, "the naive path does not see steps: {naive_on_steps}");
}

#[test]
fn the_difference_of_a_count_is_the_derivative_by_its_rate() {
    for (name, f) in FUNCTIONS {
        for (k, rate) in [0.4, 1.7, 3.0, 6.2].into_iter().enumerate() {
            let p = |n: f64, rate: f64| (-rate + n * rate.ln() - libm::lgamma(n + 1.0)).exp();
            let mean = |rate: f64| (0..120).map(|n| p(f64::from(n), rate) * f(f64::from(n))).sum::<f64>();
            let exact = (mean(rate + 1e-5) - mean(rate - 1e-5)) / 2e-5;
            let mut generator = stream(k as u64, Purpose::Probe, 79);
            let weights: Vec<f64> = (0..120).map(|n| p(f64::from(n), rate)).collect();
            let tally = Tally::of((0..20_000).map(|_| {
                let n = super::cells::pick(&weights, generator.random()).0 as f64;
                rules::measure_valued(&[f(n + 1.0) - f(n)])
            }));
            assert!(tally.deviates(exact) < LIMIT, "{name} at {rate}: {} for {exact}", tally.mean);
        }
    }
}

#[test]
fn leaving_out_what_does_not_depend_lowers_the_variance() {
    let mut generator = stream(5, Purpose::Probe, 80);
    let cells = Cells::random(2, &mut generator);
    let p = cells.tables[0].probabilities(0);
    let f = FUNCTIONS[1].1;
    let (mut whole, mut blanket) = (vec![], vec![]);
    for _ in 0..20_000 {
        let rows: Vec<Vec<f64>> = (0..4)
            .map(|_| cells.draw(&[generator.random(), generator.random(), generator.random()]))
            .collect();
        let places: Vec<usize> = rows.iter().map(|row| row[0] as usize).collect();
        let own: Vec<f64> = rows.iter().map(|row| f(row[0]) * (1.0 + row[1])).collect();
        let all: Vec<f64> =
            rows.iter().zip(&own).map(|(row, own)| own + 4.0 * row[2] + row[1] * row[2]).collect();
        blanket.push(rules::leave_one_out(&places, &own, &p)[1]);
        whole.push(rules::leave_one_out(&places, &all, &p)[1]);
    }
    let (whole, blanket) = (Tally::of(whole.into_iter()), Tally::of(blanket.into_iter()));
    let gap = (whole.mean - blanket.mean).abs() / whole.error().hypot(blanket.error());
    assert!(gap < LIMIT, "equal means: {} and {}", whole.mean, blanket.mean);
    assert!(blanket.variance() < 0.7 * whole.variance(), "{} {}", blanket.variance(), whole.variance());
}

/// Cells with pairwise couplings and fields, beside a normal that they move: a mixed target with everything known.
struct Coupled {
    fields: Vec<f64>,
    couplings: Vec<f64>,
    shift: f64,
    rule: Rule,
}

impl Coupled {
    fn energy(&self, row: &[f64]) -> f64 {
        let (x, z) = (row[0], &row[1..]);
        let n = z.len();
        let mut sum = 0.0;
        for i in 0..n {
            sum += self.fields[i] * z[i];
            for j in 0..i {
                sum += self.couplings[i * n + j] * z[i] * z[j];
            }
        }
        let gap = x - self.shift * z[0];
        sum - 0.5 * gap * gap
    }

    fn exact(&self) -> Vec<f64> {
        let n = self.fields.len();
        let mut totals = vec![0.0; n];
        let mut all = 0.0;
        for code in 0..1usize << n {
            let z: Vec<f64> = (0..n).map(|i| (code >> i & 1) as f64).collect();
            // The normal integrates to the same number whatever the cells are.
            let row: Vec<f64> = std::iter::once(self.shift * z[0]).chain(z.iter().copied()).collect();
            let weight = self.energy(&row).exp();
            all += weight;
            totals.iter_mut().zip(&z).for_each(|(sum, z)| *sum += weight * z);
        }
        totals.iter().map(|sum| sum / all).collect()
    }
}

impl MixedTarget for Coupled {
    fn dimension(&self) -> usize {
        1
    }
    fn blocks(&self) -> Vec<Block> {
        vec![Block { name: "x".into(), start: 0, end: 1, ends: 0 }]
    }
    fn cells(&self) -> Vec<CellBlock> {
        let support = Support::Whole { low: 0.0, count: Some(2) };
        vec![CellBlock { name: "z".into(), start: 1, end: 1 + self.fields.len(), support, rule: self.rule }]
    }
    fn evaluate(&mut self, rows: &[f64], values: &mut [f64], gradients: &mut [f64]) {
        self.value(rows, values);
        for (row, slope) in rows.chunks_exact(1 + self.fields.len()).zip(gradients) {
            *slope = self.shift * row[1] - row[0];
        }
    }
    fn value(&mut self, rows: &[f64], values: &mut [f64]) {
        for (row, value) in rows.chunks_exact(1 + self.fields.len()).zip(values) {
            *value = self.energy(row);
        }
    }
    fn hessian_vector(&mut self, _: &[f64], directions: &[f64], products: &mut [f64]) {
        products.iter_mut().zip(directions).for_each(|(out, v)| *out = -v);
    }
    fn changes(&mut self, _: usize, rows: &[f64], values: &[f64], changes: &mut [f64]) {
        let n = self.fields.len();
        for (row, out) in rows.chunks_exact(1 + n).zip(changes.chunks_exact_mut(2 * n)) {
            let own = self.energy(row);
            for cell in 0..n {
                for w in 0..2 {
                    let mut tried = row.to_vec();
                    tried[1 + cell] = values[2 * cell + w];
                    out[2 * cell + w] = self.energy(&tried) - own;
                }
            }
        }
    }
    fn blanket(&mut self, _: usize, rows: &[f64], sums: &mut [f64]) {
        let n = self.fields.len();
        for (row, out) in rows.chunks_exact(1 + n).zip(sums.chunks_exact_mut(n)) {
            out.fill(self.energy(row));
        }
    }
    fn change_cost(&self, _: usize) -> f64 {
        1.0
    }
}

#[test]
fn coupled_cells_agree_with_enumeration_by_every_rule() {
    for rule in [Rule::Local, Rule::Score, Rule::Paired] {
        for seed in 1..4 {
            let n = 6;
            let mut generator = stream(seed, Purpose::Probe, 90);
            let mut normal = |scale: f64| -> Vec<f64> {
                (0..n * n).map(|_| scale * generator.sample::<f64, _>(StandardNormal)).collect()
            };
            let (fields, couplings) = (normal(0.8), normal(0.5));
            let mut target = Coupled { fields: fields[..n].to_vec(), couplings, shift: 1.5, rule };
            let exact = target.exact();
            let found = fit(&mut target, &Options { seed, ..Options::default() }, &mut Unwatched);
            assert!(found.khat < 0.6, "{rule:?} seed {seed}: k-hat {}", found.khat);
            assert_ne!(found.verdict, Verdict::DoNotUse, "{rule:?} {:?}", found.reasons);
            for (i, p) in exact.iter().enumerate() {
                let off = (found.mean[1 + i] - p).abs();
                assert!(
                    off < 0.02 + 4.0 * found.mean_error[1 + i],
                    "{rule:?} cell {i}: {} for {p}",
                    found.mean[1 + i]
                );
            }
            let wanted = 1.5 * exact[0];
            assert!((found.mean[0] - wanted).abs() < 0.06, "{rule:?}: {} for {wanted}", found.mean[0]);
        }
    }
}

#[test]
fn probabilities_sum_to_one_and_places_are_found_again() {
    let block = CellBlock { name: "n".into(), start: 0, end: 2, support: Support::Real, rule: Rule::Local };
    let mut table = Tables::new(&block);
    table.logits.iter_mut().enumerate().for_each(|(k, x)| *x = ((k * 37) % 11) as f64 / 4.0);
    assert!((probabilities(table.of(1)).iter().sum::<f64>() - 1.0).abs() < 1e-12);
    let mut inside = 0.0;
    for k in 0..1000 {
        let u = (f64::from(k) + 0.5) / 1000.0;
        let value = table.value(1, u);
        assert!(table.place(1, value).is_some());
        inside += table.log_probability(1, value).exp().recip() / 1000.0;
    }
    // E[1 / q] is the length of the window.
    assert!((inside - 16.0).abs() < 0.8, "{inside}");
}
