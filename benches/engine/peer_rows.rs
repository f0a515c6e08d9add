//! The engine's side of the comparisons in `benches/peers`: run only when asked for by name.

use crate::evaluation::Evaluation;
use crate::measure::{Work, interleaved};
use crate::models;
use crate::report::Report;

/// All rows: `PEER_ENGINE model samples seconds values`.
pub fn run(report: &mut Report) {
    type Make = fn() -> models::Model;
    let models: [(&str, Make); 2] =
        [("m2", || models::logistic(100_000, 50)), ("m3", || models::negative_binomial(100_000, 1000))];
    for (name, make) in models {
        for samples in [1, 10] {
            if report.asks(&format!("peer_{name}_{samples}")) {
                let mut evaluation = Evaluation::of(&make(), samples);
                evaluation.call();
                let outputs = evaluation.outputs();
                let values: Vec<String> = outputs[..samples].iter().map(f64::to_string).collect();
                let values = values.join(" ");
                let mut works: Vec<Work> = vec![Box::new(|| evaluation.call())];
                let (times, _) = interleaved(&mut works);
                report.note(&format!("\nPEER_ENGINE {name} {samples} {} {values}", times[0]));
            }
        }
    }
}
