//! Exact sums over discrete latents against brute force: the same model with the latents as data, over all
//! assignments.

use serde_json::{Value, json};

use vic::data::BoundModel;
use vic::diagnostics::{Code, Diagnostic};
use vic::driver;
use vic::graph::interpret::interpret;
use vic::lower::{self, Centring, Limits, Objective};
use vic::posterior::{self, Draws, SiteDraws};
use vic::source::Source;

/// A discrete latent of a case.
struct Latent {
    name: &'static str,
    /// `z[obs]: comp`
    head: &'static str,
    /// Its distribution.
    prior: &'static str,
    /// Its shape.
    shape: &'static [usize],
    /// Its first value as the user sees it, and how many there are.
    values: (i64, usize),
}

struct Case {
    name: &'static str,
    before: &'static str,
    latents: Vec<Latent>,
    after: &'static str,
    data: Value,
}

/// Panics where the model or its data are wrong.
fn bind(text: &str, data: &Value) -> BoundModel {
    possible(text, data).unwrap_or_else(|said| panic!("{text}\n{said:?}"))
}

/// What is wrong if the data do not fit.
fn possible(text: &str, data: &Value) -> Result<BoundModel, Vec<Diagnostic>> {
    let source = Source::new("model.vi", text.to_string());
    let checked = driver::check(&source);
    let said =
        || checked.diagnostics.iter().map(|d| format!("{} {:?}", d.message, d.labels)).collect::<Vec<_>>();
    let model = checked.model.as_ref().unwrap_or_else(|| panic!("{text}\n{:?}", said()));
    let (bound, diagnostics) = driver::bind(model, &[Source::new("data.json", data.to_string())]);
    bound.ok_or(diagnostics)
}

fn objective(bound: &BoundModel) -> Objective {
    driver::lower(bound).unwrap_or_else(|refusal| panic!("{}", refusal.message))
}

impl Case {
    fn summed(&self) -> BoundModel {
        self.summed_with("")
    }

    fn summed_with(&self, more: &str) -> BoundModel {
        let latents: Vec<String> =
            self.latents.iter().map(|z| format!("latent {} ~ {}", z.head, z.prior)).collect();
        bind(&format!("{}\n{}\n{}\n{more}\n", self.before, latents.join("\n"), self.after), &self.data)
    }

    /// log joint density of all assignments, in the order of `assignments`.
    fn brute(&self, position: &[f64]) -> Vec<f64> {
        let known: Vec<String> = self
            .latents
            .iter()
            .map(|z| {
                let observed = z.head.split("]:").next().map_or(z.head, |head| head);
                let observed =
                    if observed.contains('[') { format!("{observed}]") } else { z.name.to_string() };
                format!("data {}\nobserve {observed} ~ {}", z.head.replace("int(0..6)", "count"), z.prior)
            })
            .collect();
        let text = format!("{}\n{}\n{}\n", self.before, known.join("\n"), self.after);
        self.assignments()
            .iter()
            .map(|assignment| {
                let mut data = self.data.clone();
                let mut rest = assignment.as_slice();
                for z in &self.latents {
                    let (own, later) = rest.split_at(z.shape.iter().product());
                    data[z.name] = nested(own, z.shape);
                    rest = later;
                }
                let bound = match possible(&text, &data) {
                    Ok(bound) => bound,
                    Err(said) => {
                        assert!(
                            said.iter().all(|d| d.code == Code(760) || !d.is_error()),
                            "{text}\n{said:?}"
                        );
                        return f64::NEG_INFINITY;
                    }
                };
                // As it stands: with the latents known, others could be integrated out.
                let whole = lower::lower(&bound, &Centring::default(), &Limits::default());
                let whole = whole.unwrap_or_else(|refusal| panic!("{}", refusal.message));
                interpret(&whole.graph, position, &[], &[whole.log_joint])[0][0]
            })
            .collect()
    }

    fn assignments(&self) -> Vec<Vec<i64>> {
        let cells = self
            .latents
            .iter()
            .flat_map(|z| std::iter::repeat_n(z.values, z.shape.iter().product::<usize>()));
        cells.fold(vec![vec![]], |all, (first, count)| {
            all.iter()
                .flat_map(|cells| (0..count as i64).map(move |k| [cells.clone(), vec![first + k]].concat()))
                .collect()
        })
    }
}

fn nested(values: &[i64], shape: &[usize]) -> Value {
    match shape {
        [] => json!(values[0]),
        [_, rest @ ..] => {
            let size: usize = rest.iter().product();
            Value::Array(values.chunks(size).map(|part| nested(part, rest)).collect())
        }
    }
}

fn log_sum(logs: &[f64]) -> f64 {
    let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    largest + logs.iter().map(|log| (log - largest).exp()).sum::<f64>().ln()
}

fn generic(dimension: usize) -> Vec<f64> {
    (0..dimension).map(|k| 0.9 * (1.7 * k as f64 + 0.4).sin() + 0.13).collect()
}

fn latent(head: &'static str, prior: &'static str, shape: &'static [usize], values: (i64, usize)) -> Latent {
    let name = head.split(['[', ':']).next().unwrap_or(head);
    Latent { name, head, prior, shape, values }
}

fn cases() -> Vec<Case> {
    [independent(), chains(), meeting(), (0..6).map(random).collect()].into_iter().flatten().collect()
}

/// A small factor graph: three or four latents of two or three values and a plate of them, priors that read earlier ones,
/// and likelihoods that read two at a time, so that there are loops.
fn random(seed: u64) -> Case {
    let mut state = seed * 7919 + 12_345;
    let mut next = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let count = 3 + next(2) as usize;
    let sizes: Vec<usize> = (0..=count).map(|_| 2 + next(2) as usize).collect();
    let mut before =
        "dim s2 = 2\ndim s3 = 3\ndim item\nlatent a ~ normal(0, 1)\nlatent s ~ half_normal(2)\n".to_string();
    let mut after = String::new();
    let mut data = json!({});
    let mut table = |name: &str, rows: usize, columns: usize, normal: bool| {
        let each = (0..rows).map(|_| {
            let own: Vec<f64> = (0..columns).map(|_| 1.0 + next(9) as f64).collect();
            let total: f64 = if normal { own.iter().sum() } else { 3.0 };
            own.iter().map(|x| x / total).collect::<Vec<f64>>()
        });
        data[name] = json!(each.collect::<Vec<_>>());
        before += &format!("data {name}[s{rows}, s{columns}]: real\n");
        next(100) as usize
    };
    let mut latents = Vec::new();
    for k in 0..=count {
        let prior = match k.checked_sub(1) {
            None => format!("categorical(1 / size(s{}))", sizes[0]),
            Some(parent) => {
                table(&format!("T{k}"), sizes[parent], sizes[k], true);
                format!("categorical(T{k}[z{parent}])")
            }
        };
        let (head, shape): (_, &[usize]) = if k == count {
            (format!("z{k}[item]: s{}", sizes[k]), &[2])
        } else {
            (format!("z{k}: s{}", sizes[k]), &[])
        };
        latents.push(latent(leak(head), leak(prior), shape, (1, sizes[k])));
    }
    for j in 0..3 {
        let p = table(&format!("P{j}"), 2, 2, false) % count;
        let q = (p + 1 + j % 2) % count;
        table(&format!("U{j}"), sizes[p], sizes[q], false);
        after += &format!("data y{j}: real\nobserve y{j} ~ normal(a * U{j}[z{p}, z{q}], s)\n");
    }
    let p = table("Q", 2, 2, false) % count;
    table("V", sizes[p], sizes[count], false);
    after += &format!("data w[item]: real\nobserve w ~ normal(a + V[z{p}, z{count}], 1)\n");
    for (name, value) in
        [("y0", json!(0.4)), ("y1", json!(-0.9)), ("y2", json!(1.3)), ("w", json!([0.2, 1.7]))]
    {
        data[name] = value;
    }
    Case {
        name: leak(format!("random graph {seed}")),
        before: leak(before),
        latents,
        after: leak(after),
        data,
    }
}

fn independent() -> Vec<Case> {
    vec![
        Case {
            name: "mixture",
            before: "dim obs\ndim comp = 3\ndata y[obs]: real\nlatent w[comp] ~ dirichlet(1.3 over comp)\n\
                     latent mu[comp] ~ normal(0, 3)\nlatent s ~ half_normal(2)",
            latents: vec![latent("z[obs]: comp", "categorical(w)", &[4], (1, 3))],
            after: "observe y ~ normal(mu[z], s)",
            data: json!({"y": [0.3, -1.2, 2.1, 0.7]}),
        },
        Case {
            name: "occupancy: a plate in a plate, impossible where something was seen",
            before: "dim site, visit\ndata y[site, visit]: bool\nlatent psi ~ beta(2, 3)\nlatent p ~ beta(2, 2)",
            latents: vec![latent("z[site]: bool", "bernoulli(psi)", &[3], (0, 2))],
            after: "observe y[i: site, j: visit] ~ bernoulli(z[i] * p)",
            data: json!({"y": [[0, 0], [0, 1], [0, 0]]}),
        },
        Case {
            name: "gathered, one group unread",
            before: "dim obs, group\ndim comp = 2\ndata y[obs]: real\ndata g[obs]: group\ndata size_of[group]: real\n\
                     latent w[comp] ~ dirichlet(1 over comp)\nlatent mu[comp] ~ normal(0, 3)",
            latents: vec![latent("z[group]: comp", "categorical(w)", &[4], (1, 2))],
            after: "observe y ~ normal(mu[z[g]], 0.8)",
            data: json!({"y": [0.3, -1.2, 2.1, 0.7, 0.1], "g": [1, 3, 3, 4, 1], "size_of": [1, 1, 1, 1]}),
        },
        Case {
            name: "a change point",
            before: "dim year = 1901..1906\ndata y[year]: count\nlatent early ~ exponential(1)\n\
                     latent late ~ exponential(1)",
            latents: vec![latent("switch: year", "categorical(1 / size(year))", &[], (1901, 6))],
            after: "observe y ~ poisson(if year < switch then early else late)",
            data: json!({"y": [4, 3, 5, 1, 0, 1]}),
        },
        Case {
            name: "an unknown number, impossible below what was counted",
            before: "dim obs\ndata y[obs]: count\nlatent p ~ beta(2, 2)",
            latents: vec![latent("n: int(0..6)", "binomial(6, 0.37)", &[], (0, 7))],
            after: "observe y ~ binomial(n, p)",
            data: json!({"y": [2, 3, 1]}),
        },
        Case {
            name: "read by the prior of a continuous latent",
            before: "dim unit_of\ndim comp = 2\ndata y[unit_of]: real\nlatent mu[comp] ~ normal(0, 3)",
            latents: vec![latent("z[unit_of]: comp", "categorical(1 / size(comp))", &[3], (1, 2))],
            after: "latent theta[unit_of] ~ normal(mu[z], 0.6)\nobserve y ~ normal(theta, 1.1)",
            data: json!({"y": [0.3, -1.2, 2.1]}),
        },
    ]
}

const STATES: &str = "dim time\ndim state = 3\ndata y[time]: real\nlatent start[state] ~ dirichlet(1 over state)\n\
                      latent mu[state] ~ normal(0, 3)\n";

fn chains() -> Vec<Case> {
    let y = json!([0.3, -1.2, 2.1, 0.7]);
    let plate_y = json!([[0.3, -1.2, 2.1], [0.7, 0.2, -0.4]]);
    let impossible = json!([[0.6, 0.4, 0.0], [0.0, 0.5, 0.5], [0.0, 0.0, 1.0]]);
    let step = "categorical(if t == 1 then start else A[z[t-1]])";
    vec![
        Case {
            name: "a chain",
            before: leak(format!("{STATES}latent A[from: state, to: state] ~ dirichlet(1 over to)")),
            latents: vec![latent("z[t: time]: state", step, &[4], (1, 3))],
            after: "observe y ~ normal(mu[z], 1)",
            data: json!({"y": y}),
        },
        Case {
            name: "a chain with impossible steps",
            before: leak(format!("{STATES}data A[from: state, to: state]: unit")),
            latents: vec![latent("z[t: time]: state", step, &[4], (1, 3))],
            after: "observe y ~ normal(mu[z], 1)",
            data: json!({"y": y, "A": impossible}),
        },
        Case {
            name: "capture histories: a chain in a plate, impossible after death",
            before: "dim animal, time\ndata y[animal, time]: bool\nlatent phi ~ beta(2, 2)\nlatent p ~ beta(2, 2)",
            latents: vec![latent(
                "alive[i: animal, t: time]: bool",
                "bernoulli(if t == 1 then 1 else alive[i, t-1] * phi)",
                &[2, 3],
                (0, 2),
            )],
            after: "observe y[i: animal, t: time] ~ bernoulli(alive[i, t] * p)",
            data: json!({"y": [[1, 0, 1], [1, 0, 0]]}),
        },
        Case {
            name: "a chain in a plate",
            before: "dim animal, time\ndim state = 2\ndata y[animal, time]: real\nlatent mu[state] ~ normal(0, 3)\n\
                     latent start[state] ~ dirichlet(1 over state)\n\
                     latent A[from: state, to: state] ~ dirichlet(1 over to)",
            latents: vec![latent(
                "z[i: animal, t: time]: state",
                "categorical(if t == 1 then start else A[z[i, t-1]])",
                &[2, 3],
                (1, 2),
            )],
            after: "observe y ~ normal(mu[z], 1)",
            data: json!({"y": plate_y}),
        },
        Case {
            name: "a chain seen at some times",
            before: leak(format!(
                "{STATES}dim obs\ndata x[obs]: real\ndata at[obs]: time\n\
                 latent A[from: state, to: state] ~ dirichlet(1 over to)"
            )),
            latents: vec![latent("z[t: time]: state", step, &[4], (1, 3))],
            after: "observe x ~ normal(mu[z[at]], 1)\nobserve y ~ normal(0, 1)",
            data: json!({"y": y, "x": [0.4, 1.3, -0.2], "at": [2, 2, 4]}),
        },
    ]
}

fn meeting() -> Vec<Case> {
    let groups = "dim obs, group\ndim comp = 2\ndata y[obs]: real\ndata g[obs]: group\ndata size_of[group]: real\n\
                  latent mu[comp] ~ normal(0, 3)\nlatent delta ~ normal(0, 2)";
    vec![
        Case {
            name: "two latents in one factor",
            before: "dim obs\ndim comp = 2\ndata y[obs]: real\nlatent w[comp] ~ dirichlet(1 over comp)\n\
                     latent mu[comp] ~ normal(0, 3)\nlatent delta ~ normal(0, 2)",
            latents: vec![
                latent("a[obs]: bool", "bernoulli(0.3)", &[3], (0, 2)),
                latent("b[obs]: comp", "categorical(w)", &[3], (1, 2)),
            ],
            after: "observe y ~ normal(mu[b] + a * delta, 1)",
            data: json!({"y": [0.3, -1.2, 2.1]}),
        },
        Case {
            name: "two latents in one factor, both gathered",
            before: groups,
            latents: vec![
                latent("a[group]: bool", "bernoulli(0.3)", &[2], (0, 2)),
                latent("b[group]: comp", "categorical(1 / size(comp))", &[2], (1, 2)),
            ],
            after: "observe y ~ normal(mu[b[g]] + a[g] * delta, 1)",
            data: json!({"y": [0.3, -1.2, 2.1], "g": [1, 2, 1], "size_of": [1, 1]}),
        },
        Case {
            name: "one latent for all cells beside one for each",
            before: "dim obs\ndata y[obs]: real\nlatent mu ~ normal(0, 3)\nlatent delta ~ normal(0, 2)",
            latents: vec![
                latent("all_in: bool", "bernoulli(0.4)", &[], (0, 2)),
                latent("a[obs]: bool", "bernoulli(if all_in then 0.8 else 0.1)", &[3], (0, 2)),
            ],
            after: "observe y ~ normal(mu + a * delta, if all_in then 1 else 2)",
            data: json!({"y": [0.3, -1.2, 2.1]}),
        },
        Case {
            name: "a chain with a latent at each time",
            before: "dim time\ndim state = 2\ndata y[time]: real\nlatent p[state] ~ beta(2, 2)\n\
                     latent stay ~ beta(3, 2)\nlatent delta ~ normal(0, 2)",
            latents: vec![
                latent(
                    "z[t: time]: state",
                    "categorical(if t == 1 then 1 / size(state) else if state == z[t-1] then stay else 1 - stay)",
                    &[3],
                    (1, 2),
                ),
                latent("a[time]: bool", "bernoulli(p[z])", &[3], (0, 2)),
            ],
            after: "observe y ~ normal(a * delta, 1)",
            data: json!({"y": [0.3, -1.2, 2.1]}),
        },
    ]
}

fn leak(text: String) -> &'static str {
    text.leak()
}

#[test]
fn sums_are_those_of_all_assignments() {
    for case in cases() {
        let objective = objective(&case.summed());
        let position = generic(objective.layout.dimension);
        let found = interpret(&objective.graph, &position, &[], &[objective.log_joint])[0][0];
        let truth = log_sum(&case.brute(&position));
        assert!((found - truth).abs() < 1e-9 * (1.0 + truth.abs()), "{}: {found}, not {truth}", case.name);
    }
}

#[test]
fn gradients_are_slopes() {
    for case in cases() {
        let objective = objective(&case.summed());
        let position = generic(objective.layout.dimension);
        let gradient = interpret(&objective.graph, &position, &[], &objective.gradient).concat();
        let value = |at: &[f64]| interpret(&objective.graph, at, &[], &[objective.log_joint])[0][0];
        for (k, slope) in gradient.iter().enumerate() {
            let moved = |step: f64| {
                let mut at = position.clone();
                at[k] += step;
                value(&at)
            };
            let h = 1e-4;
            let difference = (8.0 * (moved(h) - moved(-h)) - (moved(2.0 * h) - moved(-2.0 * h))) / (12.0 * h);
            assert!(
                (slope - difference).abs() < 1e-7 * (1.0 + slope.abs()),
                "{}: {k}: {slope} {difference}",
                case.name
            );
        }
    }
}

#[test]
fn probabilities_are_marginals() {
    for case in cases() {
        let bound = case.summed();
        let objective = objective(&bound);
        let position = generic(objective.layout.dimension);
        let logs = case.brute(&position);
        let total = log_sum(&logs);
        let sites = sites(&bound, &objective, &position, 1);
        let mut cell = 0;
        for z in &case.latents {
            let states = named(&sites, &bound, z.name).states.as_ref().expect("a discrete latent has states");
            for own in states.probabilities.chunks(z.values.1) {
                for (k, found) in own.iter().enumerate() {
                    let value = z.values.0 + k as i64;
                    let pairs = case.assignments().into_iter().zip(&logs);
                    let truth: f64 =
                        pairs.filter(|(a, _)| a[cell] == value).map(|(_, log)| (log - total).exp()).sum();
                    assert!(
                        (found - truth).abs() < 1e-9,
                        "{}: {} {cell} {k}: {found} {truth}",
                        case.name,
                        z.name
                    );
                }
                cell += 1;
            }
        }
    }
}

#[test]
fn the_best_states_are_the_most_probable_assignment() {
    for case in cases() {
        let asked: Vec<String> =
            case.latents.iter().map(|z| format!("generate best_{} = best({})", z.name, z.name)).collect();
        let bound = case.summed_with(&asked.join("\n"));
        let objective = objective(&bound);
        let position = generic(objective.layout.dimension);
        let logs = case.brute(&position);
        let sites = sites(&bound, &objective, &position, 1);
        let found: Vec<i64> = case
            .latents
            .iter()
            .flat_map(|z| named(&sites, &bound, &format!("best_{}", z.name)).values.clone())
            .map(|value| value as i64)
            .collect();
        let best = case.assignments().into_iter().zip(&logs).max_by(|a, b| a.1.total_cmp(b.1));
        assert_eq!(Some(found), best.map(|(assignment, _)| assignment), "{}", case.name);
    }
}

#[test]
fn draws_follow_the_joint_posterior() {
    const COUNT: usize = 6000;
    for case in cases() {
        let bound = case.summed();
        let objective = objective(&bound);
        let position = generic(objective.layout.dimension);
        let logs = case.brute(&position);
        let total = log_sum(&logs);
        let sites = sites(&bound, &objective, &position, COUNT);
        let assignments = case.assignments();
        let mut counts = vec![0.0; assignments.len()];
        for draw in 0..COUNT {
            let drawn: Vec<i64> = case
                .latents
                .iter()
                .flat_map(|z| {
                    let site = named(&sites, &bound, z.name);
                    let width = site.names.len();
                    site.values[draw * width..(draw + 1) * width]
                        .iter()
                        .map(|&value| value as i64)
                        .collect::<Vec<_>>()
                })
                .collect();
            let place = assignments.iter().position(|known| *known == drawn);
            counts[place.unwrap_or_else(|| panic!("{}: drew {drawn:?}", case.name))] += 1.0;
        }
        let expected: Vec<f64> = logs.iter().map(|log| COUNT as f64 * (log - total).exp()).collect();
        let (statistic, freedom) = chi_square(&counts, &expected);
        assert!(
            statistic < freedom + 5.0 * (2.0 * freedom).sqrt() + 5.0,
            "{}: {statistic} at {freedom}",
            case.name
        );
        for (count, expected) in counts.iter().zip(&expected) {
            assert!(*expected > 0.0 || *count == 0.0, "{}: an impossible assignment was drawn", case.name);
        }
    }
}

/// Pearson's statistic and its degrees of freedom, rare cells put together.
fn chi_square(counts: &[f64], expected: &[f64]) -> (f64, f64) {
    let mut pairs: Vec<(f64, f64)> = counts.iter().copied().zip(expected.iter().copied()).collect();
    pairs.sort_by(|a, b| b.1.total_cmp(&a.1));
    let common = pairs.iter().take_while(|(_, expected)| *expected >= 10.0).count();
    let rare = pairs.split_off(common);
    let rest = rare.iter().fold((0.0, 0.0), |sum, pair| (sum.0 + pair.0, sum.1 + pair.1));
    pairs.push(rest);
    let used = pairs.iter().filter(|(_, expected)| *expected > 1.0);
    let statistic = used.clone().map(|(count, expected)| (count - expected).powi(2) / expected).sum();
    (statistic, used.count().saturating_sub(1) as f64)
}

fn sites(bound: &BoundModel, objective: &Objective, position: &[f64], count: usize) -> Vec<SiteDraws> {
    let positions = position.repeat(count);
    let mut sites = posterior::evaluate(bound, objective, &positions, count, 7);
    posterior::average_states(
        bound,
        objective,
        Draws { positions: &positions, count, weights: None },
        &mut sites,
    );
    sites
}

fn named<'s>(sites: &'s [SiteDraws], bound: &BoundModel, name: &str) -> &'s SiteDraws {
    let own = |site: &&SiteDraws| site.names.first().is_some_and(|n| n.split('[').next() == Some(name));
    sites.iter().find(own).unwrap_or_else(|| panic!("{name} of {:?}", bound.model().sites.len()))
}

#[test]
fn long_chains_do_not_underflow() {
    let text = "dim time\ndim state = 3\ndata y[time]: real\ndata A[from: state, to: state]: unit\n\
                latent mu[state]: ordered ~ normal(0, 3)\nlatent s ~ half_normal(1)\n\
                latent z[t: time]: state ~ categorical(if t == 1 then 1 / size(state) else A[z[t-1]])\n\
                observe y ~ normal(mu[z], s)\n";
    let y: Vec<f64> = (0..10_000).map(|t| ((t / 700) % 3) as f64 + (t as f64 * 0.7).sin()).collect();
    let bound = bind(text, &json!({"y": y, "A": [[0.99, 0.01, 0.0], [0.0, 0.99, 0.01], [0.01, 0.0, 0.99]]}));
    let objective = objective(&bound);
    let position = generic(objective.layout.dimension);
    let roots: Vec<_> = std::iter::once(objective.log_joint).chain(objective.gradient.clone()).collect();
    let values = interpret(&objective.graph, &position, &[], &roots).concat();
    assert!(values.iter().all(|value| value.is_finite()), "{values:?}");
    assert!(values[0] < -10_000.0);
}

#[test]
fn coupled_elements_are_refused() {
    let z = "dim obs\ndata x[obs]: real\ndata y[obs]: real\nlatent p ~ beta(2, 2)\nlatent z[obs] ~ bernoulli(p)\n";
    let refused = [
        format!("{z}observe y ~ normal(sum(z), 1)\n"),
        format!("{z}observe y ~ normal(mean(z * x), 1)\n"),
        format!("{z}observe y[i: obs] ~ normal(z[i] + z[1], 1)\n"),
        "dim obs, pred\ndata X[obs, pred]: real\ndata y[obs]: real\nlatent on[pred] ~ bernoulli(0.2)\n\
         latent slab[pred] ~ normal(0, 1)\nlet b = on * slab\nobserve y ~ normal(X @ b, 1)\n"
            .to_string(),
        format!("{z}let m = 2 * z\nobserve y[i: obs] ~ normal(m[i] + m[1], 1)\n"),
    ];
    for text in refused {
        let data =
            json!({"x": [0.2, 0.4, 0.1], "y": [0.3, -1.2, 2.1], "X": [[0.1, 0.3], [0.2, 0.7], [1.3, 0.4]]});
        let mut data = data;
        let fields: Vec<String> =
            data.as_object().map(|all| all.keys().cloned().collect()).unwrap_or_default();
        for field in fields.iter().filter(|field| !text.contains(&format!("data {field}["))) {
            data.as_object_mut().expect("an object").remove(field);
        }
        match lower::lower(&bind(&text, &data), &Centring::default(), &Limits::default()) {
            Ok(_) => panic!("not refused:\n{text}"),
            Err(refusal) => assert_eq!(refusal.code, Code(807), "{text}"),
        }
    }
}
