//! Fitting a model file and comparing with reference posteriors; shared by the tests and by `examples/posteriordb.rs`.
#![allow(dead_code, clippy::disallowed_methods, reason = "each user takes a part, and tests read files")]

pub mod judge;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use vic::diagnostics::render::{Files, Style, render};
use vic::driver::{self, Fitted};
use vic::inference::{Options, Unwatched, Watch};
use vic::posterior::{Row, summarise};
use vic::source::Source;

/// Mean and standard deviation of each scalar, with the Monte Carlo error of the mean.
pub type Reference = BTreeMap<String, Moments>;

/// Reference moments of a scalar, and its 5, 50 and 95 % quantiles where the file has them.
#[derive(Clone, Copy, Debug)]
pub struct Moments {
    pub mean: f64,
    pub sd: f64,
    pub mcse: f64,
    pub quantiles: Option<[f64; 3]>,
}

/// A fitted model file.
pub struct Outcome {
    pub fitted: Fitted,
    pub rows: Vec<Row>,
}

/// The largest deviations from a reference, in its standard deviations and in log standard deviations.
#[derive(Clone, Debug, Default)]
pub struct Deviation {
    pub mean: f64,
    pub mean_at: String,
    pub mean_average: f64,
    pub sd: f64,
    pub sd_at: String,
    pub sd_average: f64,
    pub compared: usize,
    pub missing: Vec<String>,
}

pub fn source(path: &Path) -> Source {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Source::new(path.display().to_string(), text)
}

/// Fits a model to data files; what is wrong with them as text.
pub fn fit(model: &Path, data: &[PathBuf], options: &Options) -> Result<Outcome, String> {
    fit_watched(model, data, options, &mut Unwatched)
}

/// The same with somebody who watches.
pub fn fit_watched(
    model: &Path,
    data: &[PathBuf],
    options: &Options,
    watch: &mut dyn Watch,
) -> Result<Outcome, String> {
    let model_source = source(model);
    let data_sources: Vec<Source> = data.iter().map(|path| source(path)).collect();
    let checked = driver::check(&model_source);
    let files = Files { model: &model_source, data: &data_sources };
    let Some(model) = &checked.model else {
        return Err(render(&checked.diagnostics, &files, Style::Plain, 100));
    };
    let (bound, diagnostics) = driver::bind(model, &data_sources);
    let Some(bound) = bound else { return Err(render(&diagnostics, &files, Style::Plain, 100)) };
    let objective = driver::lower(&bound).map_err(|refusal| refusal.message)?;
    let fitted = driver::fit(&bound, &objective, options, 1, watch);
    let rows = fitted.sites.iter().flat_map(|site| summarise(site, fitted.weights.as_deref())).collect();
    Ok(Outcome { fitted, rows })
}

/// A file of reference moments: an object of scalars, or one with such an object under `summary`.
pub fn reference(path: &Path) -> Option<Reference> {
    let text = std::fs::read_to_string(path).ok()?;
    let value: serde_json::Value = serde_json::from_str(&text).expect("a reference file is JSON");
    let scalars = value.get("summary").unwrap_or(&value).as_object().expect("a reference is an object");
    let number = |scalar: &serde_json::Value, key: &str| scalar.get(key).and_then(serde_json::Value::as_f64);
    let moments = scalars.iter().filter_map(|(name, scalar)| {
        let (mean, sd) = (number(scalar, "mean")?, number(scalar, "sd")?);
        let quantile = |key| number(scalar, key);
        let quantiles = match (quantile("q05"), quantile("q50"), quantile("q95")) {
            (Some(low), Some(middle), Some(high)) => Some([low, middle, high]),
            _ => None,
        };
        let mcse = number(scalar, "mcse").unwrap_or(0.0);
        Some((name.clone(), Moments { mean, sd, mcse, quantiles }))
    });
    Some(moments.collect())
}

/// Compares rows with a reference, scalar by scalar.
pub fn compare(rows: &[Row], reference: &Reference) -> Deviation {
    let mut deviation = Deviation::default();
    for (name, truth) in reference {
        let Some(row) = rows.iter().find(|row| row.name == *name) else {
            deviation.missing.push(name.clone());
            continue;
        };
        let mean = (row.mean - truth.mean).abs() / truth.sd;
        let sd = (row.sd / truth.sd).ln().abs();
        deviation.compared += 1;
        deviation.mean_average += mean;
        deviation.sd_average += sd;
        if mean.is_nan() || mean > deviation.mean {
            (deviation.mean, deviation.mean_at) = (mean, name.clone());
        }
        if sd.is_nan() || sd > deviation.sd {
            (deviation.sd, deviation.sd_at) = (sd, name.clone());
        }
    }
    deviation.mean_average /= deviation.compared.max(1) as f64;
    deviation.sd_average /= deviation.compared.max(1) as f64;
    deviation
}

/// The folder of benchmark data and references: `POSTERIORDB`, or `../shared/posteriordb` beside the checkout.
pub fn posteriordb() -> Option<PathBuf> {
    let given = std::env::var_os("POSTERIORDB").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/posteriordb");
    given.into_iter().chain([beside]).find(|folder| folder.join("data").is_dir())
}

/// The model files of a folder of the repository, by name.
pub fn models(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = std::fs::read_dir(&folder).expect("a folder of models").flatten();
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "vi"))
        .collect();
    paths.sort();
    paths
}

/// The name of a model file without its extension.
pub fn stem(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().to_string()).unwrap_or_default()
}

/// The data file of a posterior: what is before the first `-` of its name.
pub fn posterior_data(folder: &Path, name: &str) -> PathBuf {
    folder.join("data").join(format!("{}.json", name.split('-').next().unwrap_or(name)))
}
