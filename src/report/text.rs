//! A report for people: the posterior in aligned columns, then how it came about and whether to trust it.

use std::fmt::Write as _;

use super::columns::{aligned, as_sentence, decimals, fixed, grouped};
use super::{Elbo, Learned, Matrix, Point, Report, Row, Rung, Verdict};

/// How the text is dressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Letters alone.
    Plain,
    /// With the colours of a terminal.
    Colour,
}

/// How many elements of a site have a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// Every element.
    All,
    /// The first ones of a long site, and a line that tells how many are not shown.
    First(usize),
}

/// The whole report.
pub fn table(report: &Report, rows: Rows, style: Style) -> String {
    let mut text = String::new();
    for line in summary(&report.summary, rows) {
        text.push_str(&line);
        text.push('\n');
    }
    if !report.summary.is_empty() {
        text.push('\n');
    }
    for line in report.learned.iter().flat_map(|learned| self::learned(learned, rows)) {
        text.push_str(&line);
        text.push('\n');
    }
    for (name, value) in facts(report).into_iter().chain(tried(report)) {
        let _ = writeln!(text, "{name:<12} {value}");
    }
    text.push('\n');
    let _ = writeln!(text, "{}", verdict(report.verdict, style));
    for sentence in report.reasons.iter().chain(&report.notes) {
        let _ = writeln!(text, "  {}", as_sentence(sentence));
    }
    text
}

/// An evaluation of a fit: latents, then terms of the log density.
pub fn point(point: &Point) -> String {
    let total = ("log density".to_string(), point.log_density);
    let pairs = || point.latents.iter().chain(&point.terms).chain([&total]);
    let width = pairs().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let mut text = format!("evaluation {} of the fit with seed {}\n\n", point.evaluation, point.seed);
    for (nth, (name, value)) in pairs().enumerate() {
        if nth == point.latents.len() {
            text.push('\n');
        }
        let _ = writeln!(text, "{name:<width$}  {value}");
    }
    text
}

/// Values without a posterior, in lines.
fn learned(learned: &Learned, rows: Rows) -> Vec<String> {
    let shown = match rows {
        Rows::All => learned.values.len(),
        Rows::First(count) => count.min(learned.values.len()),
    };
    let starts =
        if learned.starts == 1 { String::new() } else { format!(", the best of {} starts", learned.starts) };
    let head = format!("learned, without a posterior ({} evaluations{starts})", grouped(learned.evaluations));
    let width = learned.values[..shown].iter().map(|one| one.name.chars().count()).max().unwrap_or(0);
    let each =
        learned.values[..shown].iter().map(|one| format!("{:<width$}  {}", one.name, significant(one.value)));
    let more = learned.values.len() - shown;
    let rest = (more > 0).then(|| format!("… {more} more with `--rows all`"));
    [head].into_iter().chain(each).chain(rest).chain([String::new()]).collect()
}

/// A number with five digits that count.
fn significant(value: f64) -> String {
    if !value.is_finite() || value == 0.0 {
        return value.to_string();
    }
    fixed(value, (4 - value.abs().log10().floor() as i32).clamp(0, 12))
}

fn facts(report: &Report) -> Vec<(&'static str, String)> {
    let elbo = report.elbo;
    let bound = if is_rough(&elbo) {
        "not known: a few draws far out rule its estimate".to_owned()
    } else if elbo.se.is_finite() && elbo.se > 0.0 {
        // An exact bound has the error of rounding: four decimals are enough then.
        let digits = decimals(elbo.se / 10.0).min(4);
        format!("{} ± {}", fixed(elbo.value, digits), fixed(elbo.se, digits))
    } else {
        fixed(elbo.value, 2)
    };
    let mut facts = vec![("ELBO", bound), ("family", report.family.clone()), ("draws", draws(report))];
    if let Some(khat) = report.khat {
        facts.push(("k-hat", fixed(khat, 2)));
    }
    facts.push(("evaluations", grouped(report.evaluations)));
    facts.push(("stopped", report.stopped.clone()));
    for matrix in &report.matrices {
        facts.push(("matrix", matrix_words(matrix)));
    }
    facts.push(("seconds", fixed(report.seconds.total, 2)));
    facts.push(("seed", report.seed.to_string()));
    facts
}

fn matrix_words(matrix: &Matrix) -> String {
    let held = if matrix.rounded { "rounded to single precision" } else { "kept in double precision" };
    format!(
        "{} x {}, {held}: that moves an entry by {:.0e} sd of its column at most",
        grouped(matrix.rows as u64),
        grouped(matrix.columns as u64),
        matrix.moved
    )
}

/// A standard error, in nats, beyond which an estimated bound says nothing.
const ROUGH: f64 = 10.0;

fn is_rough(elbo: &Elbo) -> bool {
    !elbo.value.is_finite() || elbo.se > ROUGH
}

fn draws(report: &Report) -> String {
    let draws = report.draws;
    let count = grouped(draws.count as u64);
    match draws.corrected {
        false if report.family == "none" => format!("{count}, exact"),
        true => format!("{count}, weighted by importance; worth {}", grouped(draws.effective.round() as u64)),
        false => format!("{count} of the family, not corrected"),
    }
}

/// The families that were tried, if several were.
fn tried(report: &Report) -> Vec<(&'static str, String)> {
    if report.rungs.len() < 2 {
        return Vec::new();
    }
    let line = |(k, rung): (usize, &Rung)| {
        let seconds = rung.seconds.map_or(String::new(), |seconds| format!(", {} s", fixed(seconds, 2)));
        let kept = if rung.kept { "; kept" } else { "" };
        let text = format!(
            "{} ({}): ELBO {}, k-hat {}, {} evaluations{seconds}{kept}",
            rung.family,
            rung.parameterisation,
            if is_rough(&rung.elbo) { "not known".to_owned() } else { fixed(rung.elbo.value, 2) },
            fixed(rung.khat, 2),
            grouped(rung.evaluations)
        );
        (if k == 0 { "tried" } else { "" }, text)
    };
    let mut lines: Vec<(&str, String)> = report.rungs.iter().enumerate().map(line).collect();
    lines.push(("kept", report.chosen.clone()));
    lines
}

fn verdict(verdict: Verdict, style: Style) -> String {
    let (words, colour) = match verdict {
        Verdict::Trust => ("Verdict: trust.", "32"),
        Verdict::Check => ("Verdict: check before use.", "33"),
        Verdict::DoNotUse => ("Verdict: do not use.", "31"),
    };
    match style {
        Style::Plain => words.to_owned(),
        Style::Colour => format!("\u{1b}[1;{colour}m{words}\u{1b}[0m"),
    }
}

/// A header, then the sites with their rows; of a long site, the first rows and what is left out.
fn summary(rows: &[Row], limit: Rows) -> Vec<String> {
    let sites: Vec<&[Row]> = rows.chunk_by(|one, next| site(one) == site(next)).collect();
    let shown: Vec<&[Row]> = sites.iter().map(|rows| &rows[..shown(rows.len(), limit)]).collect();
    let mut aligned = lines(&shown.concat()).into_iter();
    let mut lines: Vec<String> = aligned.next().into_iter().collect();
    for (all, shown) in sites.iter().zip(&shown) {
        lines.extend(aligned.by_ref().take(shown.len()));
        if shown.len() < all.len() {
            let left = all.len() - shown.len();
            lines.push(format!("  … {left} more rows of {} (--rows all)", site(&all[0])));
        }
    }
    lines
}

/// `theta` of `theta[3]`.
fn site(row: &Row) -> &str {
    row.name.split('[').next().unwrap_or_default()
}

/// How many of a site's rows are shown. A line that says that one row is missing would cost as much as the row.
fn shown(rows: usize, limit: Rows) -> usize {
    match limit {
        Rows::First(most) if rows > most + 1 => most,
        _ => rows,
    }
}

/// A header and one line for each row; decimal points stand below each other.
fn lines(rows: &[Row]) -> Vec<String> {
    if rows.is_empty() {
        return Vec::new();
    }
    let headers = ["mean", "sd", "q05", "q50", "q95", "mcse"];
    let cells: Vec<[String; 6]> = rows.iter().map(cells).collect();
    let mut names: Vec<&str> = vec![""];
    names.extend(rows.iter().map(|row| row.name.as_str()));
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let mut lines: Vec<String> =
        names.iter().map(|name| format!("{name}{}", " ".repeat(width - name.chars().count()))).collect();
    for (at, header) in headers.iter().enumerate() {
        let column: Vec<&str> = cells.iter().map(|row| row[at].as_str()).collect();
        for (line, cell) in lines.iter_mut().zip(aligned(header, &column)) {
            let _ = write!(line, "  {cell}");
        }
    }
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

/// The numbers of a row, to the digits that mean something: down to the Monte Carlo error of the mean, and not
/// finer than a thousandth of the standard deviation.
fn cells(row: &Row) -> [String; 6] {
    // What varies less than rounding does not vary: the diagonal of a correlation matrix.
    let rounding = 1e-12 * row.mean.abs();
    let known = |number: f64| number.is_finite() && number > rounding;
    let unit = match (known(row.mcse), known(row.sd)) {
        (true, true) => row.mcse.max(row.sd / 1000.0),
        (true, false) => row.mcse,
        (false, true) => row.sd / 100.0,
        (false, false) => 0.01,
    };
    let whole = [row.q05, row.q50, row.q95].iter().all(|number| number.fract() == 0.0);
    // Of states and counts, the rarest that a person asks for.
    let digits = if whole && row.mean.abs() < 1e6 { decimals(unit).min(4) } else { decimals(unit) };
    let error = if known(row.mcse) && !whole {
        fixed(row.mcse, decimals(row.mcse / 10.0))
    } else {
        fixed(row.mcse, digits)
    };
    let [mean, sd, q05, q50, q95] =
        [row.mean, row.sd, row.q05, row.q50, row.q95].map(|number| fixed(number, digits));
    [mean, sd, q05, q50, q95, error]
}
