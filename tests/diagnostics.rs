//! Every diagnostic has a case under `tests/diagnostics/`: a model whose first lines say what is expected of it.
//!
//! `# expect: V0301 5:27` is a code and the place of its primary label in the model, `# expect: V0704 data 1:8` in the
//! data file beside it (the same name with `.json` or `.csv`). A case without such a line has no diagnostics.
//! `VIC_UPDATE=1 cargo test --test diagnostics` writes the lines; read them before they are committed.
#![allow(clippy::disallowed_methods, reason = "tests read files and one variable")]

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Once;

use vic::data::BoundModel;
use vic::diagnostics::codes::{CATALOGUE, Row};
use vic::diagnostics::render::{Files, Style, json, render, short};
use vic::diagnostics::{Diagnostic, File, Severity, allow, apply};
use vic::driver;
use vic::inference::{FamilyChoice, Options, Unwatched};
use vic::lower::Objective;
use vic::source::Source;

/// What opens a line of expectation.
const EXPECT: &str = "# expect: ";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics")
}

struct Case {
    path: PathBuf,
    name: String,
    model: Source,
    data: Vec<Source>,
}

/// All cases; their lines of expectation are written first, once, where that is asked for.
fn cases() -> Vec<Case> {
    static UPDATED: Once = Once::new();
    if std::env::var_os("VIC_UPDATE").is_some() {
        UPDATED.call_once(|| {
            read_cases().into_iter().for_each(|case| {
                update(case);
            });
        });
    }
    read_cases()
}

fn read_cases() -> Vec<Case> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder())
        .expect("the folder of cases")
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "vi"))
        .collect();
    paths.sort();
    paths.into_iter().map(case).collect()
}

fn case(path: PathBuf) -> Case {
    let name = path.file_stem().and_then(|stem| stem.to_str()).expect("a plain name").to_owned();
    let model = Source::new("model.vi", fs::read_to_string(&path).expect("a readable case"));
    let beside = ["json", "csv"].map(|extension| (extension, path.with_extension(extension)));
    let data = beside.iter().filter_map(|(extension, path)| {
        Some(Source::new(format!("data.{extension}"), fs::read_to_string(path).ok()?))
    });
    Case { data: data.collect(), path, name, model }
}

/// All that `vic check` says, and where the density has no finite start, what `vic fit` adds.
fn diagnose(source: &Source, data: &[Source]) -> Vec<Diagnostic> {
    let checked = driver::check(source);
    let mut found = checked.diagnostics;
    let binds = !data.is_empty() || source.text().contains("# data: none");
    let Some(model) = checked.model.filter(|_| binds) else { return found };
    let (bound, diagnostics) = driver::bind(&model, data);
    found.extend(diagnostics);
    let Some(bound) = bound else { return found };
    match driver::lower(&bound) {
        Ok(objective) => {
            let start = driver::fault::at_start(&bound, &objective);
            let fits = source.text().contains("# fit: yes");
            let fault = || driver::fit(&bound, &objective, &Options::default(), 1, &mut Unwatched).fault;
            let fault = if fits { fault() } else { start };
            found.extend(fault.map(|traced| traced.located(&bound, data)));
            found.extend(asked(source, &bound, &objective));
        }
        Err(refusal) => found.push(*refusal),
    }
    allow::withhold(&mut found, source);
    found
}

/// What other commands add, where a case asks for them: `# asks: full-rank` or another family, `# asks: calibrate`, `# asks: compare`, the
/// last against the eight schools.
fn asked(source: &Source, bound: &BoundModel, objective: &Objective) -> Option<Diagnostic> {
    let asks = source.text().lines().find_map(|line| line.strip_prefix("# asks: "))?;
    let with_family = |family| {
        let options = Options { family: Some(family), ..Options::default() };
        driver::request::check(bound, objective, &options)
    };
    let refused = match asks {
        "full-rank" => with_family(FamilyChoice::FullRank),
        "block" => with_family(FamilyChoice::Block),
        "informed" => with_family(FamilyChoice::Informed),
        "flow" => with_family(FamilyChoice::Flow),
        "calibrate" => vic::lower::simulate(bound).map(|_| ()),
        "compare" => driver::compare::check_data(bound, Some(("eight_schools.vi", &eight_schools()))),
        other => panic!("no case asks for {other}"),
    };
    refused.err().map(|refused| *refused)
}

fn eight_schools() -> BoundModel {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let read = |name: &str| {
        Source::new(name, fs::read_to_string(models.join(name)).expect("a model of the repository"))
    };
    let model = driver::check(&read("eight_schools.vi")).model.expect("it is right");
    driver::bind(&model, &[read("eight_schools.data.json")]).0.expect("its data fit")
}

fn place(diagnostic: &Diagnostic, case: &Case) -> String {
    let Some(label) = diagnostic.labels.first() else { return String::new() };
    match label.file {
        File::Model => format!(" {}", case.model.position(label.span.start)),
        File::Data(nth) => format!(" data {}", case.data[nth].position(label.span.start)),
    }
}

fn expectation(found: &[Diagnostic], case: &Case) -> Vec<String> {
    found.iter().map(|diagnostic| format!("{}{}", diagnostic.code, place(diagnostic, case))).collect()
}

fn expected(text: &str) -> Vec<String> {
    text.lines().filter_map(|line| line.strip_prefix(EXPECT)).map(str::to_owned).collect()
}

/// Writes the lines of expectation; their own number moves the places, so the case is read again.
fn update(case_: Case) -> Case {
    let bare: String = case_.model.text().lines().filter(|line| !line.starts_with(EXPECT)).fold(
        String::new(),
        |mut text, line| {
            text.push_str(line);
            text.push('\n');
            text
        },
    );
    let count = diagnose(&Source::new("model.vi", bare.clone()), &case_.data).len();
    let padded = Source::new("model.vi", format!("{}{bare}", format!("{EXPECT}\n").repeat(count)));
    let case_ = Case { model: padded, ..case_ };
    let mut text = String::new();
    for line in expectation(&diagnose(&case_.model, &case_.data), &case_) {
        let _ = writeln!(text, "{EXPECT}{line}");
    }
    fs::write(&case_.path, text + &bare).expect("a case can be written");
    case(case_.path)
}

#[test]
fn every_case_has_its_diagnostics_at_their_places() {
    let mut wrong = String::new();
    for case in cases() {
        let found = expectation(&diagnose(&case.model, &case.data), &case);
        let wanted = expected(case.model.text());
        if found != wanted {
            let _ = writeln!(wrong, "{}: expected {wanted:?}, found {found:?}", case.name);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_case_is_drawn_as_before() {
    insta::with_settings!({ snapshot_path => "diagnostics/drawn", prepend_module_to_snapshot => false, omit_expression => true }, {
        for case in cases() {
            let found = diagnose(&case.model, &case.data);
            let files = Files { model: &case.model, data: &case.data };
            let drawn = render(&found, &files, Style::Plain, 80);
            let lines = short(&found, &files);
            let object = json(&found, &files);
            insta::assert_snapshot!(case.name.clone(), format!("{drawn}\n{lines}\n{object:#}"));
        }
    });
}

#[test]
fn no_line_is_wider_than_asked() {
    for case in cases() {
        let drawn = render(
            &diagnose(&case.model, &case.data),
            &Files { model: &case.model, data: &case.data },
            Style::Plain,
            80,
        );
        for line in drawn.lines() {
            assert!(line.chars().count() <= 110, "{}: {line}", case.name);
        }
    }
}

#[test]
fn messages_keep_the_house_rules() {
    for case in cases() {
        for diagnostic in diagnose(&case.model, &case.data) {
            let (message, name) = (&diagnostic.message, &case.name);
            assert!(!message.ends_with('.'), "{name}: a full stop ends {message}");
            assert!(!message.contains("illegal"), "{name}: {message}");
            let begins = message.chars().next().is_some_and(|first| !first.is_uppercase());
            assert!(begins, "{name}: not in lower case: {message}");
            // A whole file that is empty or absent has no narrower place.
            let placeless = matches!(diagnostic.code.0, 713 | 714);
            assert!(placeless || !diagnostic.labels.is_empty(), "{name}: no place for {message}");
        }
    }
}

/// Fixes are legal edits: once all of them are made, what they mend is not reported again.
#[test]
fn fixes_mend_what_they_were_offered_for() {
    for case in cases() {
        let found = diagnose(&case.model, &case.data);
        let edits: Vec<_> = found
            .iter()
            .flat_map(|diagnostic| &diagnostic.help)
            .flat_map(|help| help.edits.clone())
            .collect();
        if edits.is_empty() {
            continue;
        }
        let mended = Source::new("model.vi", apply(case.model.text(), &edits));
        let left = diagnose(&mended, &case.data);
        for diagnostic in
            found.iter().filter(|diagnostic| diagnostic.help.iter().any(|help| !help.edits.is_empty()))
        {
            let again = left
                .iter()
                .find(|other| other.code == diagnostic.code && other.message == diagnostic.message);
            assert!(again.is_none(), "{}: still {}\n{}", case.name, diagnostic.message, mended.text());
        }
    }
}

/// Errors as (code, message), sorted.
fn errors(found: &[Diagnostic]) -> Vec<(String, String)> {
    let errors = found.iter().filter(|diagnostic| diagnostic.is_error());
    let mut errors: Vec<_> = errors.map(|error| (error.code.to_string(), error.message.clone())).collect();
    errors.sort();
    errors
}

/// Cases in which making an edit lets a part of the file be read that was not read before, with what is then found.
const UNCOVERED: [(&str, &str); 1] = [("name_other_thing", "V0308")];

#[test]
fn each_edit_alone_takes_its_error_away_and_brings_no_new_one() {
    let mut wrong = String::new();
    for case in cases() {
        let found = diagnose(&case.model, &case.data);
        for diagnostic in &found {
            for help in diagnostic.help.iter().filter(|help| !help.edits.is_empty()) {
                let mended = Source::new("model.vi", apply(case.model.text(), &help.edits));
                let left = diagnose(&mended, &case.data);
                let gone = !left
                    .iter()
                    .any(|other| (other.code, &other.message) == (diagnostic.code, &diagnostic.message));
                let before = errors(&found);
                let new = errors(&left)
                    .into_iter()
                    .find(|error| !before.contains(error) && !UNCOVERED.contains(&(&case.name, &error.0)));
                if !gone || new.is_some() {
                    let _ = writeln!(
                        wrong,
                        "{}: `{}` for {}: gone {gone}, new {new:?}\n{}",
                        case.name,
                        help.text,
                        diagnostic.message,
                        mended.text()
                    );
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn each_warning_is_silenced_by_its_name_and_nothing_else_is() {
    let mut seen = BTreeSet::new();
    for case in cases() {
        let found = diagnose(&case.model, &case.data);
        for warning in found.iter().filter(|diagnostic| !diagnostic.is_error()) {
            let slug = warning.code.row().slug;
            seen.insert(warning.code);
            let allowed = Source::new("model.vi", format!("# allow: {slug}\n\n{}", case.model.text()));
            let left: Vec<_> = diagnose(&allowed, &case.data).iter().map(|other| other.code).collect();
            let expected: Vec<_> =
                found.iter().map(|other| other.code).filter(|code| *code != warning.code).collect();
            assert_eq!(left, expected, "{}: {slug}", case.name);
        }
    }
    let lints = rows().into_iter().filter(|row| row.severity == Severity::Warning);
    let unseen: Vec<&str> = lints.filter(|row| !seen.contains(&row.code)).map(|row| row.slug).collect();
    assert!(unseen.is_empty(), "warnings without a case: {unseen:?}");
}

/// A correct model in which mistakes are planted.
const SOUND: &str = include_str!("diagnostics/planted/sound.vi");

/// A line of the sound model, what is written instead, and the code of what is then said.
const PLANTED: &[(&str, &str, u16)] = &[
    ("dim item = 3", "dim item = 3;", 108),
    ("data x[obs]: real", "data x[obs]: float", 208),
    ("data n[obs]: count", "data n[obs] count", 101),
    ("data d[obs]: bool", "data d[rows]: bool", 207),
    ("latent a ~ normal(0, 5)", "latent a ~ nromal(0, 5)", 204),
    ("latent b ~ normal(0, 5)", "latent b = normal(0, 5)", 120),
    ("latent c ~ normal(0, 1)", "latent c", 407),
    ("latent u[county] ~ normal(0, 1)", "latent u[county] ~ normal(0, scael = 1)", 402),
    ("latent v[item] ~ normal(0, 1)", "latent v[item] ~ normal(0)", 401),
    ("latent s ~ half_normal(1)", "latent s ~ HalfNormal(1)", 206),
    ("latent t ~ half_normal(1)", "t ~ half_normal(1)", 106),
    ("latent p ~ beta(2, 2)", "latent p ~ beta(2, 2", 102),
    ("latent q ~ beta(2, 2)", "latent q: real(1..0) ~ uniform", 506),
    ("let mean_x = mean(x)", "let mean_x = maen(x)", 205),
    ("let line[obs] = a + b * (x - mean_x)", "let line[obs] = a + b * (x − mean_x)", 112),
    ("let shift[obs] = u[county]", "let shift[obs] = u", 302),
    ("let level = v[2]", "let level = v[4]", 312),
    ("observe y ~ normal(line + shift, s)", "observe y ~ normal(line + shift, sgima)", 201),
    ("observe z ~ normal(level, t)", "observe z ~ normal(level, c)", 501),
    ("observe n ~ poisson(log = c + line)", "observe n ~ poisson(c)", 501),
    ("observe d ~ bernoulli(p)", "observe d ~ p", 403),
    ("observe m ~ binomial(n, q)", "observe log(m) ~ normal(0, 1)", 604),
    ("generate far = a > 1", "generate far = 0 < a < 1", 118),
    ("generate both = line + shift", "generate both = sum(u - line)", 301),
];

/// The next number of a fixed sequence (Knuth's MMIX generator).
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

fn planted(chosen: &[usize]) -> (String, Vec<u16>) {
    let mut text = SOUND.to_owned();
    let mut codes = Vec::new();
    for (line, wrong, code) in chosen.iter().map(|at| PLANTED[*at]) {
        assert!(text.contains(&format!("{line}\n")), "the sound model has no line `{line}`");
        text = text.replacen(&format!("{line}\n"), &format!("{wrong}\n"), 1);
        codes.push(code);
    }
    codes.sort_unstable();
    (text, codes)
}

/// Whether no mistake is about a name whose own declaration is mistaken: such a mistake is not said, since what
/// follows from another one is noise.
fn independent(chosen: &[usize]) -> bool {
    let words = |line: &str| -> BTreeSet<String> {
        let pieces = line.split(|c: char| !c.is_alphanumeric() && c != '_');
        pieces.filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    let declared = |line: &str| -> Option<String> {
        let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
        let is_declaration = matches!(words.next(), Some("dim" | "data" | "latent" | "let"));
        if is_declaration { words.next().map(str::to_owned) } else { None }
    };
    // All that a line reads, through the lines that declare what it reads.
    let reads = |line: &str, wrong: &str| -> BTreeSet<String> {
        let mut all = &words(line) | &words(wrong);
        for above in SOUND.lines().rev() {
            if declared(above).is_some_and(|name| all.contains(&name)) {
                all.extend(words(above));
            }
        }
        all
    };
    chosen.iter().all(|&one| {
        let read = reads(PLANTED[one].0, PLANTED[one].1);
        chosen
            .iter()
            .filter(|&&other| other != one)
            .all(|&other| declared(PLANTED[other].0).is_none_or(|name| !read.contains(&name)))
    })
}

fn said(text: &str) -> Vec<u16> {
    let found = driver::check(&Source::new("m.vi", text)).diagnostics;
    let mut codes: Vec<u16> = found.iter().map(|diagnostic| diagnostic.code.0).collect();
    codes.sort_unstable();
    codes
}

#[test]
fn three_mistakes_are_three_reports() {
    assert_eq!(said(SOUND), [0u16; 0], "the sound model");
    let mut wrong = String::new();
    for (at, mistake) in PLANTED.iter().enumerate() {
        let (text, codes) = planted(&[at]);
        if said(&text) != codes {
            let _ = writeln!(wrong, "{}: {:?}", mistake.1, said(&text));
        }
    }
    assert!(wrong.is_empty(), "single mistakes: {wrong}");
    let (mut state, mut tried) = (1, 0);
    while tried < 100 {
        let mut chosen = BTreeSet::new();
        while chosen.len() < 3 {
            chosen.insert(next(&mut state) as usize % PLANTED.len());
        }
        let chosen: Vec<usize> = chosen.into_iter().collect();
        if !independent(&chosen) {
            continue;
        }
        tried += 1;
        let (text, codes) = planted(&chosen);
        if said(&text) != codes {
            let lines: Vec<&str> = chosen.iter().map(|at| PLANTED[*at].1).collect();
            let _ = writeln!(wrong, "{lines:?}: expected {codes:?}, said {:?}", said(&text));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

fn rows() -> Vec<&'static Row> {
    CATALOGUE.iter().flat_map(|rows| rows.iter()).collect()
}

#[test]
fn every_code_is_reviewed() {
    let review = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/diagnostics-review.md"))
        .expect("the review");
    let reviewed: Vec<String> = review
        .lines()
        .filter_map(|line| line.strip_prefix("| V"))
        .map(|line| format!("V{}", line.split(' ').next().unwrap_or("")))
        .collect();
    let codes: Vec<String> = rows().iter().map(|row| row.code.to_string()).collect();
    let (reviewed, codes): (BTreeSet<_>, BTreeSet<_>) =
        (reviewed.into_iter().collect(), codes.into_iter().collect());
    let lacking: Vec<_> = codes.symmetric_difference(&reviewed).collect();
    assert!(lacking.is_empty(), "docs/diagnostics-review.md and the catalogue differ: {lacking:?}");
}

#[test]
fn codes_and_slugs_are_unique() {
    let codes: BTreeSet<_> = rows().iter().map(|row| row.code).collect();
    let slugs: BTreeSet<_> = rows().iter().map(|row| row.slug).collect();
    assert_eq!((codes.len(), slugs.len()), (rows().len(), rows().len()));
    for row in rows() {
        let fields = [row.slug, row.summary, row.explanation, row.wrong];
        assert!(fields.iter().all(|field| !field.trim().is_empty()), "{} lacks a field", row.slug);
        assert!(row.slug.contains("::"), "{}", row.slug);
    }
}

/// Rows without a case, each with the reason.
const WITHOUT_CASE: [(u16, &str); 2] = [
    (712, "bytes that are no text: a unit test of the data room"),
    (799, "a fault of our own that no model is known to show"),
];

#[test]
fn every_code_has_a_case() {
    let shown: BTreeSet<String> = cases()
        .iter()
        .flat_map(|case| expected(case.model.text()))
        .filter_map(|line| line.split(' ').next().map(str::to_owned))
        .collect();
    for row in rows().into_iter().filter(|row| !WITHOUT_CASE.iter().any(|(code, _)| row.code.0 == *code)) {
        assert!(shown.contains(&row.code.to_string()), "no case for {} {}", row.code, row.slug);
    }
}

/// The numbers after `Code(` and in the tables of names, wherever diagnostics are made.
#[test]
fn every_code_in_the_sources_has_a_row() {
    let known: BTreeSet<u16> = rows().iter().map(|row| row.code.0).collect();
    let mut used = BTreeSet::new();
    for text in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        for piece in text.split("Code(").skip(1) {
            used.extend(leading_number(piece));
        }
        for piece in text.split("codes! {").skip(1) {
            let block = piece.split('}').next().unwrap_or_default();
            used.extend(block.split('=').skip(1).filter_map(|piece| leading_number(piece.trim())));
        }
    }
    // The row said for a code without one, and the example of the code's own documentation.
    used.retain(|code| *code != 9999);
    let lacking: Vec<&u16> = used.difference(&known).collect();
    assert!(lacking.is_empty(), "codes without a row: {lacking:?}");
    let unused: Vec<&u16> = known.difference(&used).collect();
    assert!(unused.is_empty(), "rows that nothing reports: {unused:?}");
}

fn leading_number(text: &str) -> Option<u16> {
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn sources(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of sources").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(fs::read_to_string(path).expect("a readable source"));
        }
    }
    found
}

/// Rows whose examples are words or need data; cases show them instead.
fn shown_by_cases(row: &Row) -> bool {
    (700..800).contains(&row.code.0)
        || matches!(row.code.0, 807 | 901..=999)
        || DATA_LINTS.contains(&row.code.0)
}

/// Lints that look at data.
const DATA_LINTS: [u16; 3] = [1009, 1010, 1011];

#[test]
fn examples_of_the_catalogue_show_their_rows() {
    for row in rows().into_iter().filter(|row| !shown_by_cases(row)) {
        let codes = |text: &str| -> Vec<_> {
            driver::check(&Source::new("m.vi", text))
                .diagnostics
                .into_iter()
                .map(|found| found.code)
                .collect()
        };
        let wrong = codes(row.wrong);
        assert!(wrong.contains(&row.code), "{}: the wrong example gives {wrong:?}", row.slug);
        let right = codes(row.right);
        assert!(!right.contains(&row.code), "{}: the right example gives {right:?}", row.slug);
        // The catalogue of syntax keeps its examples short: they parse, and may leave names unused.
        let errors: Vec<_> = right.iter().filter(|code| code.row().severity == Severity::Error).collect();
        assert!(errors.is_empty() || row.code.0 < 200, "{}: the right example gives {errors:?}", row.slug);
    }
}

#[test]
fn correct_models_are_accepted() {
    let corpora = [include_str!("corpus/language.txt"), include_str!("corpus/models.txt")];
    for model in corpora.iter().flat_map(|file| file.split("#=== ").skip(1)) {
        let (name, text) = model.split_once('\n').expect("a model has a name line");
        let found = driver::check(&Source::new(name, text)).diagnostics;
        for diagnostic in found.into_iter().filter(Diagnostic::is_error) {
            let coming = matches!(diagnostic.code.0, 801..=806);
            assert!(coming, "{name}: {} {}", diagnostic.code, diagnostic.message);
        }
    }
}
