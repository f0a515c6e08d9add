//! Well-known models with discrete latents as one writes them down: their density against formulas written out here,
//! and the fit of one against its exact posterior.

use serde_json::{Value, json};

use super::{Compiled, close, compile, generic, log_sum, named, rows};

fn normal(x: f64, mean: f64, sd: f64) -> f64 {
    -0.5 * ((x - mean) / sd).powi(2) - sd.ln() - 0.5 * std::f64::consts::TAU.ln()
}

fn poisson(n: u32, mean: f64) -> f64 {
    f64::from(n) * mean.ln() - mean - (1..=n).map(|k| f64::from(k).ln()).sum::<f64>()
}

fn bernoulli(y: bool, p: f64) -> f64 {
    (if y { p } else { 1.0 - p }).ln()
}

fn inv_logit(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// Values of the continuous latents at a position.
struct At<'m> {
    model: &'m Compiled,
    position: Vec<f64>,
}

impl At<'_> {
    fn of(&self, name: &str) -> Vec<f64> {
        named(&self.model.sites(&self.position, 1), name).values.clone()
    }

    fn one(&self, name: &str) -> f64 {
        self.of(name)[0]
    }
}

/// What the discrete latents and the data add to the density of a model, against `truth`; `known` is what replaces them
/// in the second text, where nothing is discrete.
fn check(texts: [&str; 2], data: [&Value; 2], known: f64, truth: impl Fn(&At) -> f64) {
    let [model, rest] = [compile(texts[0], data[0]), compile(texts[1], data[1])];
    let d = model.objective.layout.dimension;
    assert_eq!(d, rest.objective.layout.dimension, "all that is discrete is summed out");
    for scale in [1.0, -0.7, 0.3] {
        let position: Vec<f64> = generic(d).into_iter().map(|x| scale * x).collect();
        let truth = truth(&At { model: &model, position: position.clone() });
        close(model.density(&position), rest.density(&position) - known + truth, 1e-10);
        model.check_gradient(&position);
    }
}

const Y: [f64; 7] = [-2.1, 0.3, 1.7, 4.2, -1.5, 0.9, 3.8];

fn standard() -> f64 {
    Y.iter().map(|&y| normal(y, 0.0, 1.0)).sum()
}

const MIXTURE: &str = "dim obs\ndim comp = 3\ndata y[obs]: real\nlatent w[comp] ~ dirichlet(1 over comp)\n\
                       latent mu[comp]: ordered ~ normal(0, 10)\nlatent sigma[comp] ~ half_normal(5)\n";

#[test]
fn gaussian_mixtures_with_and_without_allocations() {
    let rest = format!("{MIXTURE}observe y ~ normal(0, 1)\n");
    let data = json!({"y": Y});
    for ending in [
        "latent z[obs]: comp ~ categorical(w)\nobserve y ~ normal(mu[z], sigma[z])\n",
        "observe y ~ mixture(w, normal(mu, sigma) over comp)\n",
    ] {
        check([&format!("{MIXTURE}{ending}"), &rest], [&data, &data], standard(), |at| {
            let (w, mu, sigma) = (at.of("w"), at.of("mu"), at.of("sigma"));
            Y.iter().map(|&y| log_sum((0..3).map(|k| w[k].ln() + normal(y, mu[k], sigma[k])))).sum()
        });
    }
}

#[test]
fn a_hidden_markov_model() {
    let head = "dim time\ndim state = 3\ndata y[time]: real\nlatent start[state] ~ dirichlet(1 over state)\n\
                latent A[from: state, to: state] ~ dirichlet(1 over to)\n\
                latent mu[state]: ordered ~ normal(0, 10)\nlatent sigma[state] ~ half_normal(5)\n";
    let whole = format!(
        "{head}latent z[t: time]: state ~ categorical(if t == 1 then start else A[z[t-1]])\n\
         observe y ~ normal(mu[z], sigma[z])\n\
         generate changes = sum(z[t] != z[t-1] over t: time where t > 1)\n"
    );
    let rest = format!("{head}observe y ~ normal(0, 1)\n");
    let data = json!({"y": Y});
    check([&whole, &rest], [&data, &data], standard(), |at| {
        let (start, steps, mu, sigma) = (at.of("start"), at.of("A"), at.of("mu"), at.of("sigma"));
        // The forward algorithm in plain probabilities.
        let mut known: Vec<f64> = (0..3).map(|k| start[k] * normal(Y[0], mu[k], sigma[k]).exp()).collect();
        for &y in &Y[1..] {
            let onward = |k: usize| (0..3).map(|j| known[j] * steps[3 * j + k]).sum::<f64>();
            known = (0..3).map(|k| onward(k) * normal(y, mu[k], sigma[k]).exp()).collect();
        }
        known.iter().sum::<f64>().ln()
    });
}

#[test]
fn a_change_point_among_years() {
    let head = "dim year = 1851..1857\ndata y[year]: count\nlatent early ~ exponential(1)\nlatent late ~ exponential(1)\n";
    let counts = [4u32, 5, 4, 0, 1, 0, 1];
    let whole = format!(
        "{head}latent switch: year ~ uniform\nobserve y ~ poisson(if year < switch then early else late)\n"
    );
    let rest = format!("{head}observe y ~ poisson(1)\n");
    let data = json!({"y": counts});
    let known = counts.iter().map(|&n| poisson(n, 1.0)).sum();
    check([&whole, &rest], [&data, &data], known, |at| {
        let (early, late) = (at.one("early"), at.one("late"));
        let given = |switch: usize| -> f64 {
            let each = counts.iter().enumerate();
            each.map(|(t, &n)| poisson(n, if t < switch { early } else { late })).sum()
        };
        log_sum((0..7).map(|switch| given(switch) - 7.0f64.ln()))
    });
}

#[test]
fn occupancy_of_sites() {
    let head = "dim site, visit, pred\ndata X[site, pred]: real\ndata wind[site, visit]: real\ndata y[site, visit]: bool\n\
                latent a0 ~ normal(0, 2) using reparam\nlatent a[pred] ~ normal(0, 1) using reparam\n\
                latent b0 ~ normal(0, 2) using reparam\nlatent b1 ~ normal(0, 1) using reparam\n";
    let whole = format!(
        "{head}latent z[site] ~ bernoulli(logit = a0 + X @ a)\n\
         observe y[i: site, j: visit] ~ bernoulli(z[i] * inv_logit(b0 + b1 * wind[i, j]))\ngenerate occupied = sum(z)\n"
    );
    let rest = format!("{head}observe y ~ bernoulli(0.5)\n");
    let x = [[0.3, -1.2], [1.1, 0.4], [-0.6, 0.9]];
    let wind = [[0.1, 0.7, -0.3], [1.2, -0.8, 0.5], [0.0, 0.4, -1.1]];
    let seen = [[false, true, true], [false, false, false], [true, false, false]];
    let data = json!({"X": x, "wind": wind, "y": seen});
    check([&whole, &rest], [&data, &data], 9.0 * 0.5f64.ln(), |at| {
        let (a0, a, b0, b1) = (at.one("a0"), at.of("a"), at.one("b0"), at.one("b1"));
        (0..3)
            .map(|i| {
                let occupied = inv_logit(a0 + x[i][0] * a[0] + x[i][1] * a[1]);
                let given: f64 = (0..3).map(|j| bernoulli(seen[i][j], inv_logit(b0 + b1 * wind[i][j]))).sum();
                let never =
                    if seen[i].iter().any(|&y| y) { f64::NEG_INFINITY } else { (1.0 - occupied).ln() };
                log_sum([occupied.ln() + given, never])
            })
            .sum()
    });
}

#[test]
fn topics_of_words() {
    let head = "dim doc, word, token\ndim topic = 2\ndata doc_of[token]: doc\ndata w[token]: word\n\
                data words[word]: real\n\
                latent theta[doc, topic] ~ dirichlet(0.7 over topic)\nlatent phi[topic, word] ~ dirichlet(0.4 over word)\n";
    let whole = format!(
        "{head}latent z[token]: topic ~ categorical(theta[doc_of])\nobserve w ~ categorical(phi[z])\n"
    );
    let rest = format!("{head}observe w ~ categorical(1 / size(word))\n");
    let (doc, word) = ([1, 1, 1, 2, 2, 2, 2], [1, 2, 2, 3, 1, 3, 3]);
    let data = json!({"doc_of": doc, "w": word, "words": [0.0, 0.0, 0.0]});
    check([&whole, &rest], [&data, &data], 7.0 * (1.0f64 / 3.0).ln(), |at| {
        let (theta, phi) = (at.of("theta"), at.of("phi"));
        // Over all 2^7 allocations of the words at once.
        let logs = (0..1 << 7).map(|allocation: usize| {
            let each = (0..7).map(|token| {
                let topic = allocation >> token & 1;
                (theta[2 * (doc[token] - 1) + topic] * phi[3 * topic + word[token] - 1]).ln()
            });
            each.sum::<f64>()
        });
        log_sum(logs)
    });
}

/// Closed population with behaviour: given that an animal was ever seen it is there, so the recapture rate is a beta
/// distribution, and presence and first capture are integrated on a grid.
#[test]
fn a_fit_of_capture_histories_is_their_posterior() {
    let text = "dim animal, occasion\ndata y[animal, occasion]: bool\nlatent omega: unit ~ uniform\n\
                latent p: unit ~ uniform\nlatent c: unit ~ uniform\nlatent there[animal] ~ bernoulli(omega)\n\
                let p_eff[i: animal, t: occasion] = if t > 1 and y[i, t-1] then c else p\n\
                observe y[i: animal, t: occasion] ~ bernoulli(there[i] * p_eff[i, t])\n\
                generate N = sum(there)\n";
    const OCCASIONS: usize = 5;
    let seen: Vec<[u8; OCCASIONS]> = (0..60usize)
        .map(|i| std::array::from_fn(|t| u8::from(i < 32 && (i * 7 + t * 5 + i * t) % 5 < 2)))
        .collect();
    let fitted = compile(text, &json!({"y": seen})).fit();
    // Trials and successes after a miss (p) and after a capture (c), of animals that were seen.
    let mut counts = [[0.0f64; 2]; 2];
    let ever: Vec<&[u8; OCCASIONS]> = seen.iter().filter(|row| row.contains(&1)).collect();
    for row in &ever {
        for t in 0..OCCASIONS {
            let after = usize::from(t > 0 && row[t - 1] == 1);
            counts[after][usize::from(row[t])] += 1.0;
        }
    }
    let (yes, no) = (ever.len() as f64, (seen.len() - ever.len()) as f64);
    let grid: Vec<f64> = (0..400).map(|k| (f64::from(k) + 0.5) / 400.0).collect();
    let mut moments = [[0.0f64; 2]; 3];
    let mut total = 0.0;
    for &omega in &grid {
        for &p in &grid {
            let missed = (1.0 - p).powi(OCCASIONS as i32);
            let log = yes * omega.ln()
                + no * (omega * missed + 1.0 - omega).ln()
                + counts[0][1] * p.ln()
                + counts[0][0] * (1.0 - p).ln();
            let weight = (log + 150.0).exp();
            total += weight;
            let there = yes + no * omega * missed / (omega * missed + 1.0 - omega);
            for (moment, value) in moments.iter_mut().zip([omega, p, there]) {
                moment[0] += weight * value;
                moment[1] += weight * value * value;
            }
        }
    }
    let check = |name: &str, mean: f64, sd: f64| {
        let row = &rows(&fitted, name)[0];
        assert!((row.mean - mean).abs() < 0.06 * sd, "{name}: {} {mean} {sd}", row.mean);
        assert!(sd == f64::INFINITY || (row.sd / sd - 1.0).abs() < 0.06, "{name}: {} {sd}", row.sd);
    };
    for (name, [first, second]) in ["omega", "p"].iter().zip(moments) {
        let mean = first / total;
        check(name, mean, (second / total - mean * mean).sqrt());
    }
    let (a, b) = (1.0 + counts[1][1], 1.0 + counts[1][0]);
    check("c", a / (a + b), (a * b / (a + b).powi(2) / (a + b + 1.0)).sqrt());
    let n = moments[2][0] / total;
    let row = &rows(&fitted, "N")[0];
    assert!((row.mean - n).abs() < 0.1 * row.sd, "N: {} {n}", row.mean);
}

/// The rates before and after a change are gamma given the year of it, whose weights are ratios of gamma functions.
#[test]
fn a_fit_of_a_change_point_is_its_posterior() {
    let counts = [4u32, 5, 4, 1, 0, 4, 3, 4, 0, 6, 3, 1, 1, 0, 2, 0, 1, 0, 0, 1, 1, 0, 3, 0];
    let text = "dim year = 1851..1874\ndata y[year]: count\nlatent early ~ exponential(1)\nlatent late ~ exponential(1)\n\
                latent switch: year ~ uniform\nobserve y ~ poisson(if year < switch then early else late)\n";
    let fitted = compile(text, &json!({"y": counts})).fit();
    let log_factorial = |n: u32| (1..=n).map(|k| f64::from(k).ln()).sum::<f64>();
    // Integral of rate^sum exp(-(n + 1) rate), and the mean of the rate.
    let part = |part: &[u32]| {
        let (sum, n) = (part.iter().sum::<u32>(), part.len() as f64 + 1.0);
        (log_factorial(sum) - (f64::from(sum) + 1.0) * n.ln(), (f64::from(sum) + 1.0) / n)
    };
    let each: Vec<[(f64, f64); 2]> = (0..24).map(|s| [part(&counts[..s]), part(&counts[s..])]).collect();
    let total = log_sum(each.iter().map(|[a, b]| a.0 + b.0));
    let weight = |s: usize| (each[s][0].0 + each[s][1].0 - total).exp();
    let switch = &rows(&fitted, "switch")[0];
    let probabilities = switch.prob.as_ref().expect("few states");
    for (s, (year, p)) in probabilities.iter().enumerate() {
        assert_eq!(*year, (1851 + s).to_string());
        assert!((p - weight(s)).abs() < 0.015, "{year}: {p} for {}", weight(s));
    }
    for (k, name) in ["early", "late"].iter().enumerate() {
        let mean: f64 = (0..24).map(|s| weight(s) * each[s][k].1).sum();
        let row = &rows(&fitted, name)[0];
        assert!((row.mean - mean).abs() < 0.06 * row.sd + 4.0 * row.mcse, "{name}: {} for {mean}", row.mean);
    }
}

/// Presence and detection on a grid, presence of each site given both.
#[test]
fn a_fit_of_occupancy_is_its_posterior() {
    let text = "dim site, visit\ndata y[site, visit]: bool\nlatent psi ~ beta(2, 3)\nlatent p ~ beta(2, 2)\n\
                latent z[site] ~ bernoulli(psi)\nobserve y[i: site, j: visit] ~ bernoulli(z[i] * p)\n";
    let seen: Vec<[u8; 4]> = (0..30usize)
        .map(|i| std::array::from_fn(|t| u8::from(i < 14 && (i * 5 + t * 3 + i * t) % 7 < 3)))
        .collect();
    let fitted = compile(text, &json!({"y": seen})).fit();
    let found: Vec<f64> = seen.iter().map(|row| row.iter().map(|y| f64::from(*y)).sum()).collect();
    let (mut total, mut moments, mut hidden) = (0.0, [[0.0f64; 2]; 2], 0.0);
    let grid: Vec<f64> = (0..300).map(|k| (f64::from(k) + 0.5) / 300.0).collect();
    for &psi in &grid {
        for &p in &grid {
            let prior = psi.ln() + 2.0 * (1.0 - psi).ln() + p.ln() + (1.0 - p).ln();
            let missed = psi * (1.0 - p).powi(4);
            let each = found.iter().map(|&n| {
                let detected = psi.ln() + n * p.ln() + (4.0 - n) * (1.0 - p).ln();
                if n > 0.0 { detected } else { (missed + 1.0 - psi).ln() }
            });
            let weight = (prior + each.sum::<f64>() + 70.0).exp();
            total += weight;
            hidden += weight * missed / (missed + 1.0 - psi);
            for (moment, value) in moments.iter_mut().zip([psi, p]) {
                moment[0] += weight * value;
                moment[1] += weight * value * value;
            }
        }
    }
    for (name, [first, second]) in ["psi", "p"].iter().zip(moments) {
        let mean: f64 = first / total;
        let sd = (second / total - mean * mean).sqrt();
        let row = &rows(&fitted, name)[0];
        assert!((row.mean - mean).abs() < 0.06 * sd + 4.0 * row.mcse, "{name}: {} for {mean}", row.mean);
        assert!((row.sd / sd).ln().abs() < 0.08, "{name}: {} for {sd}", row.sd);
    }
    let hidden = hidden / total;
    let z = rows(&fitted, "z");
    for (row, n) in z.iter().zip(&found) {
        let wanted = if *n > 0.0 { 1.0 } else { hidden };
        assert!((row.mean - wanted).abs() < 0.01, "{}: {} for {wanted}", row.name, row.mean);
    }
}
