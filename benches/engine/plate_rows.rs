//! Rows about small and nested plates, and recurrences: what an element costs there, against long loops.

use crate::evaluation::Evaluation;
use crate::measure::{Work, interleaved};
use crate::models::{self, Model};
use crate::report::Report;

/// Rows of the plate that the others are held against.
const LONG: usize = 100_000;

/// All rows.
pub fn run(report: &mut Report) {
    type Make = fn() -> Model;
    let small: [(&str, usize, Make, f64); 4] = [
        ("plate_of_20_nanoseconds_a_row_over_long", 20, || models::robust(20), 8.0),
        ("plate_of_100_nanoseconds_a_row_over_long", 100, || models::robust(100), 3.0),
        ("two_plates_of_20_and_200_nanoseconds_a_row_over_long", 220, || models::two_plates(20, 200), 3.0),
        ("plates_of_8_by_50_nanoseconds_a_row_over_long", 400, || models::nested(8, 50), 3.0),
    ];
    for (name, rows, make, bound) in small {
        for samples in [1, 8] {
            let name = format!("{name}_{samples}_samples");
            if report.wants(&name) {
                small_plate(report, (&name, bound), (rows, samples), &make());
            }
        }
    }
    if report.wants("scan_of_1e5_steps_over_10_times_1e4") {
        scan(report);
    }
}

fn small_plate(
    report: &mut Report,
    (name, bound): (&str, f64),
    (rows, samples): (usize, usize),
    model: &Model,
) {
    let mut evaluations = [Evaluation::of(model, samples), Evaluation::of(&models::robust(LONG), samples)];
    let mut works: Vec<Work> = evaluations.iter_mut().map(|own| Box::new(|| own.call()) as Work).collect();
    let (times, quotients) = interleaved(&mut works);
    let nanoseconds = |time: f64, rows: usize| time * 1e9 / rows as f64;
    report.note(&format!(
        "{:.2} us, {:.2} ns a row; {:.2} ns a row of {LONG}",
        times[0] * 1e6,
        nanoseconds(times[0], rows),
        nanoseconds(times[1], LONG)
    ));
    report.target(name, quotients[1] * LONG as f64 / rows as f64, bound);
}

fn scan(report: &mut Report) {
    let mut evaluations = [100_000, 10_000].map(|steps| Evaluation::of(&models::garch(steps), 1));
    let mut works: Vec<Work> = evaluations.iter_mut().map(|own| Box::new(|| own.call()) as Work).collect();
    let (times, quotients) = interleaved(&mut works);
    report.note(&format!("1e5 steps {:.2} ms, 1e4 steps {:.2} ms", times[0] * 1e3, times[1] * 1e3));
    report.target("scan_of_1e5_steps_over_10_times_1e4", quotients[1] / 10.0, 1.3);
}
