//! Simulation-based calibration: a model whose posterior is exact passes, planted faults are caught, the result is the
//! same on any number of threads; and what is drawn follows the model.

use serde_json::{Value, json};

use vic::data::BoundModel;
use vic::driver::calibrate::{self, Observer, Settings};
use vic::driver::{self, Fitted};
use vic::inference::{Options, Watch};
use vic::lower::{self, Limits};
use vic::posterior;
use vic::report::calibration::{Calibration, Finding};
use vic::source::Source;

fn bind(text: &str, data: &Value) -> BoundModel {
    let checked = driver::check(&Source::new("m.vi", text));
    let model = checked.model.unwrap_or_else(|| panic!("{text}\n{:?}", checked.diagnostics));
    let (bound, found) = driver::bind(&model, &[Source::new("d.json", data.to_string())]);
    bound.unwrap_or_else(|| panic!("{found:?}"))
}

fn fit(bound: &BoundModel, options: &Options, watch: &mut dyn Watch) -> Option<Fitted> {
    calibrate::fit(bound, &Limits::default(), options, watch)
}

struct Silent;

impl Observer for Silent {
    fn finished(&self, _: usize, _: usize) {}
    fn should_stop(&self) -> bool {
        false
    }
}

fn settings(replicates: usize, threads: usize) -> Settings {
    Settings { replicates, options: Options { seed: 5, ..Options::default() }, threads }
}

fn calibrated(bound: &BoundModel, replicates: usize) -> Calibration {
    calibrate::calibrate(bound, &settings(replicates, 2), &fit, &Silent).expect("it can be drawn")
}

const LINE: &str = "dim obs\ndata x[obs]: real\ndata y[obs]: real\nlatent a ~ normal(1, 2)\nlatent b ~ normal(0, 1)\n\
                    observe y ~ normal(a + b * x, 1.5)\n";

fn line() -> BoundModel {
    bind(LINE, &json!({ "x": [0.5, 1.0, 2.0, 2.5, 3.0], "y": [0, 0, 0, 0, 0] }))
}

#[test]
fn a_conjugate_regression_is_calibrated() {
    let found = calibrated(&line(), 400);
    assert_eq!(found.finding(), Finding::Calibrated, "{found:#?}");
    assert_eq!((found.done, found.trust), (400, 400));
    for latent in &found.latents {
        let ranks = latent.all.as_ref().expect("many ranks");
        assert_eq!(ranks.bins.iter().sum::<usize>(), 400);
        assert!(ranks.shift.abs() < 3.5 && ranks.spread.abs() < 3.5, "{latent:?}");
    }
}

#[test]
fn scales_and_eight_schools_are_calibrated() {
    let text = include_str!("../models/eight_schools.vi");
    let data: Value = serde_json::from_str(include_str!("../models/eight_schools.data.json")).expect("data");
    let found = calibrated(&bind(text, &data), 100);
    assert_eq!(found.finding(), Finding::Calibrated, "{found:#?}");
    assert!(found.trust >= 80, "{found:#?}");
}

/// A fit whose draws are moved by a planted fault.
fn spoiled(fault: fn(&mut Fitted)) -> Calibration {
    let fitter = |bound: &BoundModel, options: &Options, watch: &mut dyn Watch| -> Option<Fitted> {
        let mut fitted = fit(bound, options, watch)?;
        fault(&mut fitted);
        Some(fitted)
    };
    calibrate::calibrate(&line(), &settings(200, 2), &fitter, &Silent).expect("it can be drawn")
}

/// Each draw of a scalar moved by a function of its distance from the mean.
fn change(fitted: &mut Fitted, name: &str, to: fn(f64, f64) -> f64) {
    let Some(site) = fitted.sites.iter_mut().find(|site| site.names == [name]) else { return };
    let weight = |k: usize| fitted.weights.as_ref().map_or(1.0 / fitted.count as f64, |weights| weights[k]);
    let mean: f64 = site.values.iter().enumerate().map(|(k, value)| weight(k) * value).sum();
    let square: f64 = site.values.iter().enumerate().map(|(k, x)| weight(k) * (x - mean).powi(2)).sum();
    site.values.iter_mut().for_each(|value| *value = to(*value - mean, square.sqrt()) + mean);
}

#[test]
fn a_posterior_that_is_too_narrow_is_caught_and_named() {
    let found = spoiled(|fitted| change(fitted, "b", |gap, _| 0.6 * gap));
    assert_eq!(found.miscalibrated().iter().map(|latent| latent.name.as_str()).collect::<Vec<_>>(), ["b"]);
    assert!(found.latents[1].all.as_ref().expect("ranks").spread > 4.0);
}

#[test]
fn a_posterior_that_is_too_wide_or_shifted_is_caught() {
    let wide = spoiled(|fitted| change(fitted, "a", |gap, _| 1.8 * gap));
    assert!(wide.latents[0].all.as_ref().expect("ranks").spread < -4.0, "{wide:#?}");
    assert_eq!(wide.finding(), Finding::Miscalibrated);
    let shifted = spoiled(|fitted| change(fitted, "a", |gap, deviation| gap + 0.5 * deviation));
    assert!(shifted.latents[0].all.as_ref().expect("ranks").shift < -4.0, "{shifted:#?}");
    assert_eq!(shifted.finding(), Finding::Miscalibrated);
}

/// Intercept and slope are correlated by -0.8 here: independent Gaussians of the same bound are too narrow.
#[test]
fn independent_gaussians_without_correction_are_caught() {
    let found = spoiled(|fitted| {
        // The conditional standard deviation of a regression's coefficient: sd * sqrt(1 - correlation^2).
        change(fitted, "a", |gap, _| 0.55 * gap);
        change(fitted, "b", |gap, _| 0.55 * gap);
    });
    assert_eq!(found.miscalibrated().len(), 2, "{found:#?}");
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let one = calibrate::calibrate(&line(), &settings(30, 1), &fit, &Silent).expect("drawn");
    let three = calibrate::calibrate(&line(), &settings(30, 3), &fit, &Silent).expect("drawn");
    assert_eq!(one, three);
}

#[test]
fn an_interrupted_calibration_gives_what_is_there() {
    struct After(std::sync::atomic::AtomicUsize);
    impl Observer for After {
        fn finished(&self, done: usize, _: usize) {
            self.0.store(done, std::sync::atomic::Ordering::SeqCst);
        }
        fn should_stop(&self) -> bool {
            self.0.load(std::sync::atomic::Ordering::SeqCst) >= 25
        }
    }
    let after = After(std::sync::atomic::AtomicUsize::new(0));
    let found = calibrate::calibrate(&line(), &settings(200, 1), &fit, &after).expect("drawn");
    assert_eq!((found.done, found.asked), (25, 200));
    let whole = calibrate::calibrate(&line(), &settings(25, 1), &fit, &Silent).expect("drawn");
    assert_eq!(found.latents, whole.latents, "the same replicates as if fewer had been asked for");
}

#[test]
fn discrete_latents_are_ranked_too() {
    let text = "dim obs\ndata y[obs]: real\nlatent p: unit ~ uniform\nlatent z[obs] ~ bernoulli(p)\n\
                observe y ~ normal(3 * z, 1)\n";
    let found = calibrated(&bind(text, &json!({ "y": [0, 0, 0, 0] })), 200);
    assert_eq!(found.latents.len(), 5);
    assert_eq!(found.finding(), Finding::Calibrated, "{found:#?}");
}

/// Moments of the simulated data over many replicates.
fn moments_of(bound: &BoundModel, site: usize, cell: usize) -> (f64, f64) {
    let simulation = lower::simulate(bound).expect("it can be drawn");
    let drawn = posterior::simulate(bound, &simulation, 0..20_000, 3).expect("no circle");
    let values: Vec<f64> = drawn.data.iter().map(|data| data[site].1.values[cell]).collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / values.len() as f64;
    (mean, variance)
}

#[test]
fn a_value_that_reads_the_one_before_is_drawn_after_it() {
    // An autoregression from a known first value: y_t = 0.5 y_{t-1} + e, e ~ normal(0, 1), y_1 = 4.
    let text = "dim t\ndata y[t]: real\nlatent a ~ normal(0, 0.001)\n\
                observe y[t: t where t > 1] ~ normal(a + 0.5 * y[t-1], 1)\n";
    let bound = bind(text, &json!({ "y": [4.0, 100.0, 100.0, 100.0] }));
    let expected = [(4.0, 0.0), (2.0, 1.0), (1.0, 1.25), (0.5, 1.3125)];
    for (cell, (mean, variance)) in expected.into_iter().enumerate() {
        let (found_mean, found_variance) = moments_of(&bound, 0, cell);
        assert!((found_mean - mean).abs() < 0.04, "{cell}: {found_mean}");
        assert!((found_variance - variance).abs() < 0.06, "{cell}: {found_variance}");
    }
}

#[test]
fn chains_of_latents_are_drawn_in_order() {
    let text = "dim t\ndata y[t]: real\nlatent z[t: t] ~ bernoulli(if t > 1 then (if z[t-1] then 0.9 else 0.2) else 1)\n\
                observe y ~ normal(z, 0.01)\n";
    let bound = bind(text, &json!({ "y": [0, 0, 0] }));
    // P(z_1) = 1, P(z_2) = 0.9, P(z_3) = 0.9 * 0.9 + 0.1 * 0.2.
    for (cell, chance) in [1.0, 0.9, 0.83].into_iter().enumerate() {
        let (mean, _) = moments_of(&bound, 0, cell);
        assert!((mean - chance).abs() < 0.012, "{cell}: {mean}");
    }
}

#[test]
fn what_is_computed_from_observed_data_follows_a_replicate() {
    let text = "dim obs\ndata y[obs]: real\ndata x[obs]: real\nlet total = sum(y)\nlet c[obs] = x - mean(x)\n\
                latent m ~ normal(0, 1)\nobserve y ~ normal(m + c, 1)\ngenerate excess = total - m\n";
    let bound = bind(text, &json!({ "y": [1, 2, 3], "x": [4, 5, 9] }));
    let model = bound.model();
    let [y, total, c] = ["y", "total", "c"].map(|name| model.site_named(name).expect("a site"));
    let other = bound.with_values(vec![(y, vic::array::Array::new(vec![3], vec![10.0, 20.0, 30.0]))]);
    let value =
        |site: vic::model::SiteId| other.bindings().values[site.0].clone().expect("known").values.to_vec();
    assert_eq!(value(y), [10.0, 20.0, 30.0]);
    assert_eq!(value(total), [60.0]);
    assert_eq!(value(c), [-2.0, -1.0, 3.0]);
}

#[test]
fn ordered_latents_are_drawn_in_order() {
    let text = "dim obs\ndim state = 2\ndata s[obs]: state\ndata y[obs]: real\n\
                latent mu[state]: ordered ~ normal(2, 3)\nobserve y ~ normal(mu[s], 1)\n";
    let found = calibrated(&bind(text, &json!({ "s": [1, 1, 2, 2, 2], "y": [0, 0, 0, 0, 0] })), 200);
    assert_eq!(found.finding(), Finding::Calibrated, "{found:#?}");
}
