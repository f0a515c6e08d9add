//! Times in the processor time of one thread, of things run in turn: what else the machine does falls on all alike.

use cpu_time::ThreadTime;

/// Seconds of one round at least.
const ROUND: f64 = 0.02;
/// Rounds at least, and seconds that they may take together.
const ROUNDS: usize = 9;
const BUDGET: f64 = 2.0;

/// Something that is timed.
pub type Work<'a> = Box<dyn FnMut() + 'a>;

/// Median seconds of a call of each, and the median of the quotient of the first to each, round by round.
pub fn interleaved(works: &mut [Work]) -> (Vec<f64>, Vec<f64>) {
    let repeats: Vec<usize> = works.iter_mut().map(|work| repeats(work)).collect();
    let mut times: Vec<Vec<f64>> = vec![vec![]; works.len()];
    let start = ThreadTime::now();
    while times[0].len() < ROUNDS || start.elapsed().as_secs_f64() < BUDGET && times[0].len() < 200 {
        for ((work, &repeats), times) in works.iter_mut().zip(&repeats).zip(&mut times) {
            times.push(time(work, repeats));
        }
    }
    let quotient = |other: &Vec<f64>| median(times[0].iter().zip(other).map(|(a, b)| a / b).collect());
    let quotients = times.iter().map(quotient).collect();
    (times.into_iter().map(median).collect(), quotients)
}

/// Seconds of a call.
fn time(work: &mut Work, repeats: usize) -> f64 {
    let start = ThreadTime::now();
    (0..repeats).for_each(|_| work());
    start.elapsed().as_secs_f64() / repeats as f64
}

/// How often to call for a round to be long enough.
fn repeats(work: &mut Work) -> usize {
    let mut repeats = 1;
    loop {
        let seconds = time(work, repeats) * repeats as f64;
        if seconds > ROUND / 2.0 {
            return ((repeats as f64 * ROUND / seconds).ceil() as usize).max(1);
        }
        repeats *= 4;
    }
}

/// The middle one.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
