//! Latents that meet near elements only, against the same model by a dense matrix, and against a smoother.

use serde_json::{Value, json};

use vic::driver::target::CompiledTarget;
use vic::graph::Op;
use vic::graph::interpret::interpret;
use vic::inference::Target;

use super::{Compiled, close, compile, generic, named};

fn noise(k: usize) -> f64 {
    ((k * 7919 + 13) % 1009) as f64 / 504.5 - 1.0
}

/// A series of so many steps, every seventh missing.
fn series(steps: usize) -> Value {
    let each = (0..steps).map(|t| (t % 7 != 3).then(|| 2.0 * (t as f64 / 15.0).sin() + noise(t)));
    json!({"y": each.collect::<Vec<Option<f64>>>(), "x": (0..steps).map(|t| noise(3 * t + 1)).collect::<Vec<_>>()})
}

/// The compiled density, its gradient and its curvature are those of the interpreter.
fn agree(model: &Compiled, position: &[f64]) {
    let mut target = CompiledTarget::new(&model.objective, 1);
    let d = position.len();
    let (mut value, mut gradient, mut product) = ([0.0], vec![0.0; d], vec![0.0; d]);
    let direction = generic(d);
    target.evaluate(position, &mut value, &mut gradient);
    target.hessian_vector(position, &direction, &mut product);
    let objective = &model.objective;
    close(value[0], model.density(position), 1e-11);
    let wanted = interpret(&objective.graph, position, &direction, &objective.gradient).concat();
    gradient.iter().zip(&wanted).for_each(|(found, wanted)| close(*found, *wanted, 1e-9));
    let wanted = interpret(&objective.graph, position, &direction, &objective.hessian_vector).concat();
    product.iter().zip(&wanted).for_each(|(found, wanted)| close(*found, *wanted, 1e-8));
}

/// Rows of the largest matrix that is factorised.
fn widest(model: &Compiled) -> usize {
    let graph = &model.objective.graph;
    let rows = graph.nodes().filter_map(|node| match graph.node(node).op {
        Op::Cholesky { row, .. } => Some(graph.axis_size(row)),
        _ => None,
    });
    rows.max().unwrap_or(0)
}

const HEAD: &str = "dim time\ndata y[time]: real?\ndata x[time]: real\nlatent sd ~ half_normal(1)\nlatent noise ~ half_normal(1)\n";

/// What goes in a band, and as a dense matrix where the model asks for it: density, slopes, curvature and draws.
#[test]
fn a_band_is_the_dense_matrix() {
    let walk = "latent l[t: time] ~ if t == 1 then normal(0, 3) else normal(0.9 * l[t-1], sd)EXACT\nobserve y ~ normal(l, noise)\n";
    let second = "latent m ~ normal(0, 2)\nlatent b ~ normal(0, 1)\n\
                  latent l[t: time] ~ if t <= 2 then normal(m, 3) else normal(m + 0.5 * (l[t-1] - m) - 0.3 * (l[t-2] - m), sd)EXACT\n\
                  observe y ~ normal(l + b * x, noise)\n";
    let trend = "latent v[t: time] ~ if t == 1 then normal(0, 1) else normal(v[t-1], 0.1)\n\
                 latent l[t: time] ~ if t == 1 then normal(0, 3) else normal(l[t-1] + v[t-1], sd)EXACT\n\
                 observe y ~ normal(l, noise)\n";
    for (text, steps) in [(walk, 131), (second, 133), (trend, 70)] {
        let data = series(steps);
        let [band, dense] = ["", " using exact"]
            .map(|asked| compile(&format!("{HEAD}{}", text.replace("EXACT", asked)), &data));
        let dimension = band.objective.layout.dimension;
        assert_eq!([dimension, dense.objective.layout.dimension], [2, 2], "sd and noise are left");
        assert!(widest(&band) <= 4 && widest(&dense) > 128, "{} and {} rows", widest(&band), widest(&dense));
        let position = generic(2);
        close(band.density(&position), dense.density(&position), 1e-10);
        band.check_gradient(&position);
        agree(&band, &position);
        let [one, two] = [&band, &dense].map(|model| model.sites(&position, 400));
        let [one, two] = [&one, &two].map(|sites| &named(sites, "l").values);
        for t in 0..steps {
            let moments = |values: &[f64]| {
                let own = || values.iter().skip(t).step_by(steps);
                let mean = own().sum::<f64>() / 400.0;
                (mean, own().map(|x| (x - mean).powi(2)).sum::<f64>() / 400.0)
            };
            let ((mean, variance), (other, spread)) = (moments(one), moments(two));
            assert!((mean - other).abs() < 0.3 * spread.sqrt(), "{t}: {mean} {other} {spread}");
            assert!((variance / spread).ln().abs() < 0.4, "{t}: {variance} {spread}");
        }
    }
}

/// The log density of the data, and the mean and variance of each state given all of them (Rauch, Tung and Striebel 1965).
fn smoother(y: &[Option<f64>], (first, step, noise): (f64, f64, f64)) -> (f64, Vec<(f64, f64)>) {
    let (mut total, mut filtered, mut predicted) = (0.0, Vec::new(), Vec::new());
    let (mut mean, mut variance) = (0.0, first);
    for (t, seen) in y.iter().enumerate() {
        if t > 0 {
            variance += step;
        }
        predicted.push((mean, variance));
        if let Some(y) = seen {
            let all = variance + noise;
            total -= 0.5 * ((y - mean).powi(2) / all + all.ln() + std::f64::consts::TAU.ln());
            let gain = variance / all;
            mean += gain * (y - mean);
            variance *= 1.0 - gain;
        }
        filtered.push((mean, variance));
    }
    let mut smooth = filtered.clone();
    for t in (0..y.len() - 1).rev() {
        let (mean, variance) = filtered[t];
        let back = variance / predicted[t + 1].1;
        let next = smooth[t + 1];
        smooth[t] = (
            mean + back * (next.0 - predicted[t + 1].0),
            variance + back * back * (next.1 - predicted[t + 1].1),
        );
    }
    (total, smooth)
}

/// Two thousand steps, far more than a dense matrix allows.
#[test]
fn a_long_walk_is_smoothed() {
    let text = format!(
        "{HEAD}latent l[t: time] ~ if t == 1 then normal(0, 3) else normal(l[t-1], sd)\nobserve y ~ normal(l, noise)\n"
    );
    let (steps, count) = (2000, 200);
    let data = series(steps);
    let model = compile(&text, &data);
    assert_eq!(model.objective.layout.dimension, 2);
    let position = [-1.3, -0.4];
    let [sd, noise] = position.map(f64::exp);
    let y: Vec<Option<f64>> = data["y"].as_array().expect("an array").iter().map(Value::as_f64).collect();
    let (total, smooth) = smoother(&y, (9.0, sd * sd, noise * noise));
    let prior = |x: f64| 0.5 * (2.0 / std::f64::consts::PI).ln() - 0.5 * x * x + x.ln();
    close(model.density(&position), total + prior(sd) + prior(noise), 1e-10);
    let drawn = model.sites(&position, count);
    let drawn = &named(&drawn, "l").values;
    let (mut off, mut spread) = (0.0, 0.0);
    for (t, (mean, variance)) in smooth.iter().enumerate() {
        let gaps = || drawn.iter().skip(t).step_by(steps).map(|x| (x - mean) / variance.sqrt());
        let gap = gaps().sum::<f64>() / count as f64;
        assert!(gap.abs() < 5.0 / (count as f64).sqrt(), "{t}: {gap}");
        off += gap * gap * count as f64 / steps as f64;
        spread += gaps().map(|gap| gap * gap).sum::<f64>() / (count * steps) as f64;
    }
    assert!(off < 1.5, "means are off by {off} times their variance");
    assert!((spread - 1.0).abs() < 0.02, "variances are {spread} of what they should be");
}
