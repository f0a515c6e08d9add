//! Rows that need the whole line from text to fit: the time until a program is ready, and the memory of a fit.

use std::fmt::Write;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use vic::data::BoundModel;
use vic::driver;
use vic::inference::{Options, Unwatched};
use vic::program::Program;
use vic::source::Source;

use crate::measure::{Work, interleaved};
use crate::models;
use crate::report::Report;

/// Rows and columns of the regression whose memory is watched.
const SHAPE: (usize, usize) = (20_000, 50);
/// What blocks, samples, guide and code may take, in bytes.
const SLACK: f64 = 24e6;
/// Tells the process that it is the one to be watched.
const CHILD: &str = "VIC_BENCH_CHILD";

/// All rows.
pub fn run(report: &mut Report) {
    if report.wants("milliseconds_from_bound_model_to_program") {
        ready(report);
    }
    if report.wants("peak_memory_over_allowance") {
        memory(report);
    }
}

fn read(path: &Path) -> Source {
    let text = std::fs::read_to_string(path).expect("a file of the repository");
    Source::new(path.display().to_string(), text)
}

/// The largest model of the repository that has at most 500 nodes, value and gradient.
fn ready(report: &mut Report) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let mut largest: Option<(usize, PathBuf, BoundModel)> = None;
    for entry in std::fs::read_dir(folder).expect("the models").flatten() {
        let path = entry.path();
        let data = path.with_extension("data.json");
        if path.extension().is_none_or(|extension| extension != "vi") || !data.exists() {
            continue;
        }
        let Some(model) = driver::check(&read(&path)).model else { continue };
        let Some(bound) = driver::bind(&model, &[read(&data)]).0 else { continue };
        let Ok(objective) = driver::lower(&bound) else { continue };
        let roots = [vec![objective.log_joint], objective.gradient.clone()].concat();
        let nodes = objective.graph.pruned(&roots).0.size();
        if nodes <= 500 && largest.as_ref().is_none_or(|(size, ..)| *size < nodes) {
            largest = Some((nodes, path, bound));
        }
    }
    let (nodes, path, bound) = largest.expect("some model is small");
    let mut compile = || {
        let objective = driver::lower(black_box(&bound)).expect("it was lowered before");
        let roots = [vec![objective.log_joint], objective.gradient.clone()].concat();
        black_box(Program::compile(&objective.graph, &roots));
    };
    let mut works: Vec<Work> = vec![Box::new(&mut compile)];
    let (times, _) = interleaved(&mut works);
    let name = path.file_stem().unwrap_or_default().to_string_lossy().to_string();
    report.note(&format!("{name}: {nodes} nodes, from bound model to program {:.3} ms", times[0] * 1e3));
    report.target("milliseconds_from_bound_model_to_program", times[0] * 1e3, 1.0);
}

/// Whether this process is the one whose memory is watched.
pub fn is_child() -> bool {
    std::env::var(CHILD).is_ok()
}

/// Fits a logistic regression and prints, in bytes, what was held before and the most that was held during the fit.
pub fn child() {
    let (rows, columns) = SHAPE;
    let bound = {
        let text = "dim n\ndim p\ndata x[n, p]: real\ndata y[n]: count\n\
            latent a ~ normal(0, 2.5)\nlatent b[p] ~ normal(0, 1)\n\
            observe y ~ bernoulli(logit = a + x @ b)";
        let model = driver::check(&Source::new("logistic.vi", text)).model.expect("the model is right");
        bound(&model, &Source::new("logistic.json", data(rows, columns)))
    };
    let before = status("VmRSS");
    // Forgets the peak of reading the data.
    std::fs::write("/proc/self/clear_refs", "5").expect("one's own peak may be reset");
    let objective = driver::lower(&bound).expect("nothing is discrete");
    black_box(driver::fit(&bound, &objective, &Options::default(), 1, &mut Unwatched));
    println!("{before} {}", status("VmHWM"));
}

fn bound(model: &Arc<vic::model::Model>, data: &Source) -> BoundModel {
    driver::bind(model, std::slice::from_ref(data)).0.expect("the data fit")
}

fn data(rows: usize, columns: usize) -> String {
    let (x, y) = models::logistic_data(rows, columns);
    let mut text = String::from("{\"x\": [");
    for (row, values) in x.chunks_exact(columns).enumerate() {
        write!(text, "{}{values:?}", if row > 0 { ", " } else { "" }).expect("a string takes all");
    }
    write!(text, "], \"y\": {:?}}}", y.iter().map(|&y| y as u8).collect::<Vec<_>>())
        .expect("a string takes all");
    text
}

/// A figure of /proc/self/status, in bytes.
fn status(name: &str) -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").expect("a Linux system");
    let line = text.lines().find(|line| line.starts_with(name)).expect("a figure of memory");
    let number = line.split_whitespace().nth(1).and_then(|word| word.parse::<f64>().ok());
    number.expect("kilobytes") * 1024.0
}

fn memory(report: &mut Report) {
    if !cfg!(target_os = "linux") {
        return report.note("peak memory: only where /proc tells");
    }
    let own = std::env::current_exe().expect("this program");
    let output = Command::new(own).env(CHILD, "1").output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let figures: Vec<f64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [before, peak] = figures[..] else { return report.note(&format!("peak memory: no figures: {text}")) };
    let matrix = (SHAPE.0 * SHAPE.1 * 8) as f64;
    let allowance = before + 1.2 * matrix + SLACK;
    let mega = |bytes: f64| bytes / 1e6;
    report.note(&format!(
        "before the fit {:.0} MB, X {:.0} MB, peak {:.0} MB",
        mega(before),
        mega(matrix),
        mega(peak)
    ));
    report.target("peak_memory_over_allowance", peak / allowance, 1.0);
}
