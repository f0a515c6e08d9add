//! Peak memory of a fit of many latents: twice as many must not take much more than twice as much.

use vic::driver;
use vic::inference::{Options, Unwatched};
use vic::source::Source;

use super::report::Report;

/// Largest growth of memory for twice the latents: linear is 2, quadratic 4.
const GROWTH: f64 = 2.5;

/// Measures it, where the system tells the peak.
pub fn measure(report: &mut Report) {
    if !report.wants("memory") {
        return;
    }
    let peaks: Vec<Option<f64>> = [500, 5_000, 10_000].map(fitted).into_iter().collect();
    match peaks[..] {
        [Some(base), Some(half), Some(whole)] => {
            report.note(&format!(
                "peak of 5,000 latents {half:.0} MiB, of 10,000 latents {whole:.0} MiB; 10,000 squared are 763 MiB"
            ));
            report.target("memory_10000_over_5000_latents", (whole - base) / (half - base), GROWTH);
        }
        _ => report.note("memory: this system does not tell the peak"),
    }
}

/// Peak memory, in MiB, after a fit of so many latents.
fn fitted(count: usize) -> Option<f64> {
    let text = "dim row\ndata k[row]: count\nlatent mu ~ normal(0, 2)\n\
                latent z[row] ~ normal(mu, 1)\nobserve k ~ poisson(log = z)";
    let counts: Vec<String> = (0..count).map(|i| ((i * 7) % 5).to_string()).collect();
    let data = Source::new("rows.json", format!(r#"{{"k": [{}]}}"#, counts.join(", ")));
    let bound = driver::bind(driver::check(&Source::new("rows.vi", text)).model.as_ref()?, &[data]).0?;
    let objective = driver::lower(&bound).ok()?;
    let fitted = driver::fit(&bound, &objective, &Options::default(), 1, &mut Unwatched);
    assert!(!fitted.fit.draws.is_empty(), "a fit of {count} latents has draws");
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<f64>().ok().map(|kib| kib / 1024.0)
}
