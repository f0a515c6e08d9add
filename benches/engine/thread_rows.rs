//! Rows about two threads, in time of the clock: quotients of one call of each in turn.

use std::time::Instant;

use vic::driver::team::Team;
use vic::program::Share;

use crate::evaluation::Evaluation;
use crate::measure::median;
use crate::models;
use crate::report::Report;

/// Pairs of calls whose quotients' median is one figure, and figures of which the best counts: a machine that has
/// other work gives two threads less than two cores.
const PAIRS: usize = 40;
const FIGURES: usize = 8;

/// All rows.
pub fn run(report: &mut Report) {
    type Make = fn() -> models::Model;
    let models: [(&str, Make); 2] =
        [("m2", || models::logistic(100_000, 50)), ("m3", || models::negative_binomial(100_000, 1000))];
    for (name, make) in models {
        for samples in [1, 10] {
            let name = format!("{name}_{samples}_samples_two_threads_time_over_one");
            if report.wants(&name) {
                two_threads(report, &name, &mut Evaluation::of(&make(), samples));
            }
        }
    }
}

fn two_threads(report: &mut Report, name: &str, evaluation: &mut Evaluation) {
    let team = Team::new(2);
    let figures: Vec<[f64; 3]> = (0..FIGURES).map(|_| figure(evaluation, &team)).collect();
    let middle = median(figures.iter().map(|figure| figure[0]).collect());
    let best = figures.iter().min_by(|a, b| a[0].total_cmp(&b[0])).expect("some figures");
    let [quotient, two, one] = best;
    report.note(&format!(
        "two threads {:.2} us, one {:.2} us; best median of {PAIRS} pairs {quotient:.3}, middle {middle:.3}",
        two * 1e6,
        one * 1e6
    ));
    report.target(name, *quotient, 1.0 / 1.7);
}

/// Median of the quotients, and median seconds of two threads and of one.
fn figure(evaluation: &mut Evaluation, team: &Team) -> [f64; 3] {
    let (mut quotients, mut twos, mut ones) = (vec![], vec![], vec![]);
    for _ in 0..PAIRS {
        let start = Instant::now();
        evaluation.call_shared(&|shares| team.each(shares, Share::run));
        let two = start.elapsed().as_secs_f64();
        let start = Instant::now();
        evaluation.call();
        let one = start.elapsed().as_secs_f64();
        quotients.push(two / one);
        twos.push(two);
        ones.push(one);
    }
    [median(quotients), median(twos), median(ones)]
}
