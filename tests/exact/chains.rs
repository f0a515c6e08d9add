//! Chains that reach back further, chains side by side, trees: against all assignments, written out here.

use serde_json::{Value, json};

use super::{Compiled, close, compile, log_sum, named};

fn normal(x: f64, mean: f64, sd: f64) -> f64 {
    -0.5 * ((x - mean) / sd).powi(2) - sd.ln() - 0.5 * std::f64::consts::TAU.ln()
}

/// All assignments of `cells` numbers below `count`.
fn assignments(sizes: &[usize]) -> Vec<Vec<usize>> {
    sizes.iter().fold(vec![vec![]], |all: Vec<Vec<usize>>, &size| {
        all.iter().flat_map(|cells| (0..size).map(move |k| [cells.clone(), vec![k]].concat())).collect()
    })
}

/// A model all of whose latents are discrete, with the log density of an assignment of all of them.
struct Case {
    text: &'static str,
    data: Value,
    /// Each latent's name, first value, number of cells, number of values.
    latents: &'static [(&'static str, f64, usize, usize)],
    density: fn(&[usize]) -> f64,
}

impl Case {
    fn sizes(&self) -> Vec<usize> {
        self.latents.iter().flat_map(|&(_, _, cells, values)| vec![values; cells]).collect()
    }

    fn check(&self) {
        let all = assignments(&self.sizes());
        let logs: Vec<f64> = all.iter().map(|assignment| (self.density)(assignment)).collect();
        let total = log_sum(logs.iter().copied());
        let best: Vec<String> =
            self.latents.iter().map(|z| format!("generate best_{} = best({})\n", z.0, z.0)).collect();
        let model = compile(&format!("{}{}", self.text, best.concat()), &self.data);
        let position = vec![0.0; model.objective.layout.dimension];
        close(model.density(&position), total, 1e-10);
        self.check_probabilities(&model, (all.as_slice(), logs.as_slice(), total));
        self.check_draws(&model, (all.as_slice(), logs.as_slice(), total));
    }

    fn check_probabilities(&self, model: &Compiled, (all, logs, total): (&[Vec<usize>], &[f64], f64)) {
        let sites = model.sites(&[], 1);
        let most = all.iter().zip(logs).max_by(|a, b| a.1.total_cmp(b.1)).expect("some").0;
        let mut cell = 0;
        for &(name, low, cells, values) in self.latents {
            let states = named(&sites, name).states.as_ref().expect("probabilities");
            let best = &named(&sites, &format!("best_{name}")).values;
            assert_eq!(best.len(), cells);
            for (k, best) in best.iter().enumerate() {
                for value in 0..values {
                    let same = all.iter().zip(logs).filter(|(a, _)| a[cell] == value);
                    let truth: f64 = same.map(|(_, log)| (log - total).exp()).sum();
                    close(states.probabilities[k * values + value], truth, 1e-9);
                }
                assert_eq!(*best, low + most[cell] as f64, "the best {name} at {k}");
                cell += 1;
            }
        }
    }

    fn check_draws(&self, model: &Compiled, (all, logs, total): (&[Vec<usize>], &[f64], f64)) {
        const COUNT: usize = 8000;
        let sites = model.sites(&[], COUNT);
        let mut counts = vec![0.0; all.len()];
        for draw in 0..COUNT {
            let mut drawn = Vec::new();
            for &(name, low, cells, _) in self.latents {
                let values = &named(&sites, name).values[draw * cells..(draw + 1) * cells];
                drawn.extend(values.iter().map(|value| (value - low) as usize));
            }
            let place =
                all.iter().position(|assignment| *assignment == drawn).expect("a possible assignment");
            counts[place] += 1.0;
        }
        let (mut statistic, mut freedom) = (0.0, 0.0);
        for (count, log) in counts.iter().zip(logs) {
            let expected = COUNT as f64 * (log - total).exp();
            assert!(expected > 0.0 || *count == 0.0, "an impossible assignment was drawn");
            if expected >= 8.0 {
                statistic += (count - expected).powi(2) / expected;
                freedom += 1.0;
            }
        }
        let bound: f64 = freedom + 5.0 * (2.0f64 * freedom).sqrt() + 5.0;
        assert!(statistic < bound, "{statistic} at {freedom}");
    }
}

const Y: [f64; 4] = [0.3, -1.2, 2.1, 0.7];
/// P(1 | the two before).
const SECOND: [[f64; 2]; 2] = [[0.1, 0.7], [0.4, 0.85]];

#[test]
fn a_chain_of_second_order() {
    Case {
        text: "dim time\ndim lag2 = 2\ndim lag1 = 2\ndata y[time]: real\ndata A[lag2, lag1]: unit\n\
               latent z[t: time]: bool ~ bernoulli(if t == 1 then 0.3 else if t == 2 then 0.2 + 0.5 * z[t-1] \
               else A[1, 1] * (1 - z[t-2]) * (1 - z[t-1]) + A[1, 2] * (1 - z[t-2]) * z[t-1] \
               + A[2, 1] * z[t-2] * (1 - z[t-1]) + A[2, 2] * z[t-2] * z[t-1])\n\
               observe y ~ normal(2 * z, 1)\n",
        data: json!({"y": Y, "A": SECOND}),
        latents: &[("z", 0.0, 4, 2)],
        density: |z| {
            let p = |t: usize| match t {
                0 => 0.3,
                1 => 0.2 + 0.5 * z[0] as f64,
                _ => SECOND[z[t - 2]][z[t - 1]],
            };
            (0..4)
                .map(|t| {
                    (if z[t] == 1 { p(t) } else { 1.0 - p(t) }).ln() + normal(Y[t], 2.0 * z[t] as f64, 1.0)
                })
                .sum()
        },
    }
    .check();
}

#[test]
fn a_term_between_neighbours() {
    Case {
        text: "dim time\ndata y[time]: real\n\
               latent z[t: time]: bool ~ bernoulli(if t == 1 then 0.3 else 0.2 + 0.5 * z[t-1])\n\
               observe y[t: time] ~ normal(if t == 1 then 0 else 2 * (z[t] - z[t-1]), 1)\n",
        data: json!({"y": Y}),
        latents: &[("z", 0.0, 4, 2)],
        density: |z| {
            (0..4)
                .map(|t| {
                    let p = if t == 0 { 0.3 } else { 0.2 + 0.5 * z[t - 1] as f64 };
                    let mean = if t == 0 { 0.0 } else { 2.0 * (z[t] as f64 - z[t - 1] as f64) };
                    (if z[t] == 1 { p } else { 1.0 - p }).ln() + normal(Y[t], mean, 1.0)
                })
                .sum()
        },
    }
    .check();
}

#[test]
fn chains_side_by_side() {
    Case {
        text: "dim time\ndata y[time]: real\n\
               latent a[t: time]: bool ~ bernoulli(if t == 1 then 0.3 else 0.2 + 0.5 * a[t-1])\n\
               latent b[t: time]: int(0..2) ~ binomial(2, if t == 1 then 0.5 else 0.1 + 0.3 * b[t-1])\n\
               observe y ~ normal(a - b, 1)\n",
        data: json!({"y": Y}),
        latents: &[("a", 0.0, 4, 2), ("b", 0.0, 4, 3)],
        density: |all| {
            let (a, b) = all.split_at(4);
            (0..4)
                .map(|t| {
                    let p = if t == 0 { 0.3 } else { 0.2 + 0.5 * a[t - 1] as f64 };
                    let q: f64 = if t == 0 { 0.5 } else { 0.1 + 0.3 * b[t - 1] as f64 };
                    let ways = if b[t] == 1 { 2.0 } else { 1.0 };
                    (if a[t] == 1 { p } else { 1.0 - p }).ln()
                        + (ways * q.powi(b[t] as i32) * (1.0 - q).powi(2 - b[t] as i32)).ln()
                        + normal(Y[t], a[t] as f64 - b[t] as f64, 1.0)
                })
                .sum()
        },
    }
    .check();
}

/// A semi-Markov chain: the state changes only when its clock has run down.
#[test]
fn a_state_with_a_clock() {
    Case {
        text: "dim time\ndata y[time]: real\n\
               latent z[t: time]: bool ~ bernoulli(if t == 1 then 0.4 else if left[t-1] > 0 then 0 + z[t-1] else 1 - z[t-1])\n\
               latent left[t: time]: int(0..2) ~ binomial(2, if t == 1 then 0.3 + 0.4 * z[t] else \
               if left[t-1] > 0 then 0.1 * left[t-1] else 0.2 + 0.6 * z[t])\n\
               observe y ~ normal(2 * z, 1)\n",
        data: json!({"y": Y}),
        latents: &[("z", 0.0, 4, 2), ("left", 0.0, 4, 3)],
        density: |all| {
            let (z, left) = all.split_at(4);
            (0..4)
                .map(|t| {
                    let p = match t {
                        0 => 0.4,
                        _ if left[t - 1] > 0 => z[t - 1] as f64,
                        _ => 1.0 - z[t - 1] as f64,
                    };
                    let q: f64 = match t {
                        0 => 0.3 + 0.4 * z[0] as f64,
                        _ if left[t - 1] > 0 => 0.1 * left[t - 1] as f64,
                        _ => 0.2 + 0.6 * z[t] as f64,
                    };
                    let ways = if left[t] == 1 { 2.0 } else { 1.0 };
                    (if z[t] == 1 { p } else { 1.0 - p }).ln()
                        + (ways * q.powi(left[t] as i32) * (1.0 - q).powi(2 - left[t] as i32)).ln()
                        + normal(Y[t], 2.0 * z[t] as f64, 1.0)
                })
                .sum()
        },
    }
    .check();
}

/// Parents of the nodes of two trees; a root names itself.
const PARENTS: [usize; 6] = [0, 0, 0, 1, 4, 4];
const SEEN: [f64; 6] = [0.3, -1.2, 2.1, 0.7, 1.4, 0.2];

const TREE: &str = "dim node\ndata parent[node]: node\ndata root[node]: bool\ndata y[node]: real\n\
                    latent x[n: node]: bool ~ bernoulli(if root[n] then 0.4 else 0.15 + 0.6 * x[parent[n]])\n\
                    observe y ~ normal(2 * x, 1)\n";

#[test]
fn trees_are_summed_from_their_leaves() {
    let parents: Vec<usize> = PARENTS.iter().map(|parent| parent + 1).collect();
    Case {
        text: TREE,
        data: json!({"parent": parents, "root": [1, 0, 0, 0, 1, 0], "y": SEEN}),
        latents: &[("x", 0.0, 6, 2)],
        density: |x| {
            (0..6)
                .map(|n| {
                    let root = PARENTS[n] == n;
                    let p = if root { 0.4 } else { 0.15 + 0.6 * x[PARENTS[n]] as f64 };
                    (if x[n] == 1 { p } else { 1.0 - p }).ln() + normal(SEEN[n], 2.0 * x[n] as f64, 1.0)
                })
                .sum()
        },
    }
    .check();
}

/// A parent that comes after its child, where the child reads it.
#[test]
fn a_tree_out_of_order_is_refused() {
    use vic::driver;
    use vic::source::Source;
    let checked = driver::check(&Source::new("m.vi", TREE));
    let model = checked.model.unwrap_or_else(|| panic!("{:#?}", checked.diagnostics));
    let data = json!({"parent": [1, 3, 1, 2, 5, 5], "root": [1, 0, 0, 0, 1, 0], "y": SEEN});
    let (bound, _) = driver::bind(&model, &[Source::new("d.json", data.to_string())]);
    let refusal = driver::lower(&bound.expect("indices in range")).expect_err("node 2 reads node 3");
    assert!(refusal.message.contains("node 2"), "{}", refusal.message);
}

/// Gradients of second-order and side-by-side chains with unknown weights.
#[test]
fn gradients_of_long_reach() {
    let second = "dim time\ndata y[time]: real\nlatent p ~ beta(2, 2)\nlatent q ~ beta(2, 2)\nlatent m ~ normal(0, 2)\n\
                  latent z[t: time]: bool ~ bernoulli(if t <= 2 then p else q * (if z[t-1] == z[t-2] then 0.4 else 0.9))\n\
                  latent a[t: time]: bool ~ bernoulli(if t == 1 then 0.3 else p * (0.2 + 0.5 * a[t-1]))\n\
                  observe y ~ normal(m * z + a, 1)\n";
    let model = compile(second, &json!({"y": Y}));
    let position = super::generic(3);
    model.check_gradient(&position);
    // Against the same model with one latent for both: 2 z + a, whose steps are written out.
    assert!(model.density(&position).is_finite());
}
