//! Values of data sites: lengths, kinds, missing entries.

use crate::array::Array;
use crate::diagnostics::{Code, Diagnostic};
use crate::library::Rank;
use crate::model::{Kind, Site, SiteId, SiteKind, Term};
use crate::source::{Decimal, Source};

use super::bind::{Binder, Input};
use super::codes;
use super::fields::{Field, Values};
use super::spread::spread;
use super::words::{counted, shown};

/// No more elements than this are pointed at in one diagnostic.
const SHOWN: usize = 3;
/// Above this, not every integer is a number of the machine.
const LARGEST_INTEGER: f64 = 9_007_199_254_740_992.0;

/// Elements at fault: the first few, and how many there are.
#[derive(Clone, Debug, Default)]
pub(super) struct Offenders {
    /// Row-major positions, ascending.
    pub first: Vec<usize>,
    /// All of them.
    pub count: usize,
}

impl Offenders {
    /// The elements that are wrong.
    pub fn find<T>(values: &[T], wrong: impl Fn(&T) -> bool) -> Option<Self> {
        let mut offenders = Self::default();
        for (at, value) in values.iter().enumerate() {
            if wrong(value) {
                offenders.add(at);
            }
        }
        (offenders.count > 0).then_some(offenders)
    }

    /// One more.
    pub fn add(&mut self, at: usize) {
        self.count += 1;
        if self.first.len() < SHOWN {
            self.first.push(at);
        }
    }

    /// ` (and 11 more)`, or nothing.
    pub fn others(&self) -> String {
        if self.count > 1 { format!(" (and {} more)", self.count - 1) } else { String::new() }
    }
}

impl Binder<'_> {
    /// A data site, if the sizes it needs are known by now.
    pub fn try_data(&mut self, site: SiteId) {
        if self.bindings.values[site.0].is_some() {
            return;
        }
        let declared = self.model.site(site);
        let Some(shape) = self.shape_of(&declared.axes) else { return };
        if let Kind::Index(dim) = declared.value
            && self.bindings.sizes[dim.0].is_none()
        {
            return;
        }
        let value = match self.inputs[site.0].clone() {
            Input::Computed | Input::Faulty => return,
            Input::Default(term) => match self.default_value(site, term) {
                Some(array) => Ok(array),
                None => return,
            },
            Input::Field(field, lengths) => self
                .check_lengths(site, field, (&lengths, &shape))
                .map_err(|diagnostic| vec![*diagnostic])
                .and_then(|()| self.convert(site, field))
                .map(|values| Array::new(shape, values)),
        };
        match value {
            Ok(array) => {
                if let Some(gaps) = declared.gaps() {
                    let missing = self.missing(site, gaps, array.values.len());
                    self.bindings.values[gaps.0] = Some(Array::new(array.shape.clone(), missing));
                }
                self.bindings.values[site.0] = Some(array);
            }
            Err(found) => {
                self.diagnostics.extend(found);
                self.inputs[site.0] = Input::Faulty;
            }
        }
    }

    fn default_value(&self, site: SiteId, term: &Term) -> Option<Array> {
        let declared = self.model.site(site);
        let array = spread(&self.value_of(term)?, &term.axes, &declared.axes, &self.bindings.sizes)?;
        match (declared.value, term.value) {
            (Kind::Index(dim), Kind::Int | Kind::Real) => {
                let lookup = self.lookup(dim);
                let positions: Vec<f64> = array
                    .values
                    .iter()
                    .map(|&code| lookup.position(code).map_or(f64::NAN, |at| at as f64))
                    .collect();
                Some(Array::new(array.shape, positions))
            }
            _ => Some(array),
        }
    }

    fn check_lengths(
        &self,
        site: SiteId,
        field: &Field,
        (lengths, shape): (&[Option<usize>], &[usize]),
    ) -> Result<(), Box<Diagnostic>> {
        let declared = self.model.site(site);
        let differs = |(at, (length, size)): (usize, (&Option<usize>, &usize))| {
            length.filter(|length| length != size).map(|length| (at, length, *size))
        };
        let found = lengths.iter().zip(shape).enumerate().find_map(differs);
        let Some((axis, found, wanted)) = found else {
            let fits = field.len() == shape.iter().product::<usize>();
            return if fits { Ok(()) } else { Err(Box::new(self.empty_list(site, field))) };
        };
        let dim = self.model.dim(declared.axes[axis].dim);
        let (found, wanted) = (counted(found, "value"), counted(wanted, "element"));
        let message = format!("`{}` has {found} along `{}`, which has {wanted}", field.name, dim.name);
        Err(Box::new(
            Diagnostic::new(codes::LENGTH, message)
                .in_file(field.file(), field.origin.key, found)
                .at(dim.span, wanted)
                .at(declared.span, "declared over it")
                .help(format!("write `dim {}` alone to take its size from the data", dim.name)),
        ))
    }

    fn empty_list(&self, site: SiteId, field: &Field) -> Diagnostic {
        let message = format!("`{}` is empty, and the dims it is declared over are not", field.name);
        Diagnostic::new(codes::LENGTH, message)
            .in_file(field.file(), field.origin.key, "an empty list")
            .at(self.model.site(site).span, "declared here")
    }

    /// For each value of a site that may have gaps, whether it is missing: 0 or 1.
    fn missing(&self, site: SiteId, gaps: SiteId, length: usize) -> Vec<f64> {
        let mut missing = vec![0.0; length];
        let (Input::Field(field, _), SiteKind::Gaps { code, .. }) =
            (&self.inputs[site.0], &self.model.site(gaps).kind)
        else {
            return missing;
        };
        field.missing.iter().for_each(|&at| missing[at] = 1.0);
        if let Values::Numbers(numbers) = &field.values {
            for (missing, number) in missing.iter_mut().zip(numbers) {
                if number.is_nan() || *code == Some(*number) {
                    *missing = 1.0;
                }
            }
        }
        missing
    }

    /// A field whose missing values are replaced by one that is there (or that could be), so that every number is one:
    /// nothing that the model computes depends on it.
    fn filled(&self, site: SiteId, gaps: SiteId, field: &Field) -> Field {
        let Values::Numbers(numbers) = &field.values else { return field.clone() };
        let missing = self.missing(site, gaps, numbers.len());
        let there =
            numbers.iter().zip(&missing).find(|(_, missing)| **missing == 0.0).map(|(number, _)| *number);
        let could_be = self.model.site(site).domain.domain.inside.first().and_then(|(row, ..)| row.first());
        let filler = there.or(could_be.copied()).unwrap_or(0.0);
        let fill = |(number, missing): (&f64, &f64)| if *missing == 0.0 { *number } else { filler };
        let numbers = numbers.iter().zip(&missing).map(fill).collect();
        Field { values: Values::Numbers(numbers), missing: Vec::new(), ..field.clone() }
    }

    /// The numbers of a field, as the site's kind wants them; or all that is wrong with them, each kind once.
    fn convert(&self, site: SiteId, field: &Field) -> Result<Vec<f64>, Vec<Diagnostic>> {
        if let Some(gaps) = self.model.site(site).gaps() {
            return self.convert_present(site, &self.filled(site, gaps, field), None);
        }
        let missing = self.check_present(site, field).err();
        self.convert_present(site, field, missing.map(|missing| *missing))
    }

    /// The same, given what was said of missing values.
    fn convert_present(
        &self,
        site: SiteId,
        field: &Field,
        missing: Option<Diagnostic>,
    ) -> Result<Vec<f64>, Vec<Diagnostic>> {
        if let Kind::Index(dim) = self.model.site(site).value {
            return match missing {
                Some(missing) => Err(vec![missing]),
                None => self.positions(site, field, dim).map_err(|wrong| vec![*wrong]),
            };
        }
        let (wrong, numbers) = match &field.values {
            Values::Numbers(numbers) => (self.check_numbers(site, field, numbers).err(), &numbers[..]),
            _ => (self.text_for_number(site, field).map(Box::new), &[][..]),
        };
        let mut found: Vec<Diagnostic> = missing.into_iter().chain(wrong.map(|wrong| *wrong)).collect();
        if found.is_empty() {
            return Ok(numbers.to_vec());
        }
        found.extend(self.outside_among(site, numbers).map(|outside| self.out_of_support(site, &outside)));
        Err(found)
    }

    fn check_numbers(&self, site: SiteId, field: &Field, numbers: &[f64]) -> Result<(), Box<Diagnostic>> {
        if let Some(infinite) = Offenders::find(numbers, |value| value.is_infinite()) {
            let message = self.fact(site, &infinite, |at| format!("is {}", shown(numbers[at])));
            let diagnostic = self.blame(codes::NOT_FINITE, message, (site, field), &infinite);
            return Err(Box::new(diagnostic.help("an infinite value has no density; drop or mend it")));
        }
        self.check_kind(site, field, numbers)
    }

    /// Integers are integers, bools 0 or 1; missing values have been reported.
    pub fn check_kind(&self, site: SiteId, field: &Field, numbers: &[f64]) -> Result<(), Box<Diagnostic>> {
        let kind = self.model.site(site).value;
        let (code, wanted, wrong): (Code, &str, fn(&f64) -> bool) = match kind {
            Kind::Real => return Ok(()),
            Kind::Int => {
                (codes::NOT_INTEGER, "not an integer", |value| !value.is_nan() && value.fract() != 0.0)
            }
            Kind::Index(_) => {
                (codes::NOT_INTEGER, "not an integer", |value| value.fract() != 0.0 || value.is_infinite())
            }
            Kind::Bool => (codes::NOT_BOOL, "neither 0 nor 1", |value| {
                !value.is_nan() && *value != 0.0 && *value != 1.0
            }),
        };
        if let Some(offenders) = Offenders::find(numbers, wrong) {
            let message = self.fact(site, &offenders, |at| format!("is {}, {wanted}", shown(numbers[at])));
            let name = &self.model.site(site).name;
            let help = match kind {
                Kind::Bool if offenders.first.iter().all(|&at| numbers[at].fract() == 0.0) => {
                    format!("correct these values; if `{name}` counts something, declare it `count`")
                }
                Kind::Bool => format!("correct these values; if `{name}` is a share, declare it `unit`"),
                Kind::Index(_) => "the elements of a dim are counted: correct these values".to_owned(),
                _ => format!(
                    "correct these values; if `{name}` is measured and not counted, declare it `real`"
                ),
            };
            return Err(Box::new(self.blame(code, message, (site, field), &offenders).help(help)));
        }
        if let Some(large) = Offenders::find(numbers, |value| value.abs() > LARGEST_INTEGER) {
            let message =
                self.fact(site, &large, |at| format!("is {}, too large an integer", shown(numbers[at])));
            let diagnostic = self.blame(codes::NOT_INTEGER, message, (site, field), &large);
            return Err(Box::new(diagnostic.help("integers are exact up to 2^53")));
        }
        Ok(())
    }

    fn check_present(&self, site: SiteId, field: &Field) -> Result<(), Box<Diagnostic>> {
        let mut offenders = Offenders {
            first: field.missing.iter().copied().take(SHOWN).collect(),
            count: field.missing.len(),
        };
        if let Values::Numbers(numbers) = &field.values
            && let Some(unknown) = Offenders::find(numbers, |value| value.is_nan())
        {
            offenders = unknown;
        }
        if offenders.count == 0 {
            return Ok(());
        }
        let all = match field.shape.as_slice() {
            [rows] => format!(" of {}", counted(*rows, "row")),
            _ => format!(" of {}", counted(field.len(), "value")),
        };
        let message = if field.len() == 1 {
            format!("`{}` is missing", self.element(site, 0))
        } else {
            let verb = if offenders.count == 1 { "is" } else { "are" };
            format!("`{}`: {}{all} {verb} missing", self.model.site(site).name, offenders.count)
        };
        let diagnostic = self.blame(codes::MISSING_VALUE, message, (site, field), &offenders);
        let declared = self.model.site(site);
        let ty = match declared.value {
            Kind::Index(_) => None,
            _ => Some(declared.domain.domain).filter(|domain| domain.rank == Rank::Scalar),
        };
        Err(Box::new(diagnostic.help(match ty {
            Some(ty) => format!(
                "declare that they may be missing, `{}: {}?`, if `{0}` is observed; else drop these rows, or fill them in before the fit",
                declared.name, ty.name
            ),
            None => "drop these rows, or fill them in before the fit".to_owned(),
        })))
    }

    /// Texts where numbers are wanted; none where all of them stand for missing values.
    fn text_for_number(&self, site: SiteId, field: &Field) -> Option<Diagnostic> {
        let Values::Text(texts) = &field.values else {
            unreachable!("a field that is not broken is numbers or texts")
        };
        let places = field.places(self.files, &(0..texts.len()).collect::<Vec<_>>());
        let source = self.files.get(field.origin.file);
        let written: Vec<&str> =
            places.iter().map(|span| source.map_or("", |source| source.slice(*span)).trim()).collect();
        let decimal = source.and_then(Source::table).map_or(Decimal::Point, |table| table.decimal);
        let number = |text: &str| super::csv::written_number(text, decimal);
        let present = |at: &usize| field.missing.binary_search(at).is_err();
        let find = |wrong: &dyn Fn(&str) -> bool| {
            let mut offenders = Offenders::default();
            let all = (0..written.len()).filter(present);
            all.filter(|at| wrong(written[*at])).for_each(|at| offenders.add(at));
            (offenders.count > 0).then_some(offenders)
        };
        let offenders = find(&|text: &str| number(text.trim_matches('"')).is_none())
            .or_else(|| find(&|text: &str| text.starts_with('"')))
            .or_else(|| find(&|_: &str| true))?;
        let at = offenders.first[0];
        let numeric = texts.get(at).is_some_and(|text| number(text).is_some());
        let message = self.fact(site, &offenders, |at| {
            format!("is the text \"{}\", not a number", texts.get(at).map_or("", String::as_str))
        });
        let diagnostic = self.blame(codes::TEXT, message, (site, field), &offenders);
        let text = texts.get(at).map_or("", String::as_str);
        Some(if numeric {
            diagnostic.help("take away the quotes")
        } else if super::fields::number(&text.replacen(',', ".", 1)).is_some() {
            diagnostic.help("decimals are written with a point; for a table with commas, say `--decimal ','`")
        } else if let Some(help) = self.two_words(site, texts) {
            diagnostic.help(help)
        } else if let Some((amount, unit)) = with_unit(text) {
            diagnostic.help(format!(
                "numbers stand alone: write `{amount}`, and `{unit}` into the name of the field"
            ))
        } else {
            diagnostic.help(stray_text(text, self.model.site(site)))
        })
    }

    /// What to do about `yes` and `no` where 0 and 1 are wanted.
    fn two_words(&self, site: SiteId, texts: &[String]) -> Option<String> {
        let (declared, mut words) = (self.model.site(site), texts.to_vec());
        words.retain(|word| !word.is_empty());
        words.sort_unstable();
        words.dedup();
        let [first, second] = &words[..] else { return None };
        let positive = ["yes", "y", "true", "t", "1", "male", "m", "on", "positive", "success"];
        let (no, yes) =
            if positive.contains(&first.to_lowercase().as_str()) { (second, first) } else { (first, second) };
        (declared.value == Kind::Bool).then(|| {
            let name = &declared.name;
            format!(
                "read it as labels and compare: `dim answer = [\"{no}\", \"{yes}\"]`, `data {name}_answer[…]: answer from \"{name}\"`, `let {name}[…] = {name}_answer == \"{yes}\"`; or write 1 for \"{yes}\" and 0 for \"{no}\" in the file"
            )
        })
    }

    /// "`y[17]` is -1, not … (and 11 more)".
    pub fn fact(&self, site: SiteId, offenders: &Offenders, words: impl Fn(usize) -> String) -> String {
        let first = offenders.first.first().copied().unwrap_or(0);
        format!("`{}` {}{}", self.element(site, first), words(first), offenders.others())
    }

    /// A diagnostic that points at elements in the data and at the declaration.
    pub fn blame(
        &self,
        code: Code,
        message: String,
        (site, field): (SiteId, &Field),
        offenders: &Offenders,
    ) -> Diagnostic {
        let mut diagnostic = Diagnostic::new(code, message);
        for (span, &at) in field.places(self.files, &offenders.first).into_iter().zip(&offenders.first) {
            diagnostic = diagnostic.in_file(field.file(), span, self.element(site, at));
        }
        diagnostic.at(self.model.site(site).span, format!("declared as {}", self.declared_words(site)))
    }

    fn declared_words(&self, site: SiteId) -> String {
        match self.model.site(site).value {
            Kind::Index(dim) => format!("an element of `{}`", self.model.dim(dim).name),
            _ => self.model.site(site).domain.domain.words.to_owned(),
        }
    }
}

/// Marks that tables have for values that are missing.
const MISSING_MARKS: [&str; 10] = ["n/a", "#n/a", "n.a.", "n.d.", ".", "-", "--", "?", "missing", "unknown"];

/// What to do about a text where a number is wanted.
fn stray_text(text: &str, declared: &Site) -> String {
    if MISSING_MARKS.contains(&text.to_lowercase().as_str()) {
        return format!(
            "if it stands for a missing value, leave the field empty, and declare `{}: {}?`",
            declared.name, declared.domain.domain.name
        );
    }
    format!(
        "texts name the elements of a dim: declare `dim kind`, and `{0}` with it as its type, then give each an effect, `latent b[kind]`, `b[{0}]`, or compare it, `{0} == \"{text}\"`",
        declared.name
    )
}

/// `1.2kg` as its number and what stands behind it.
fn with_unit(text: &str) -> Option<(&str, &str)> {
    let is_unit = |c: char| c.is_alphabetic() || matches!(c, '%' | '°' | '$' | '€');
    let begins = text.find(is_unit).filter(|at| *at > 0)?;
    let (amount, unit) = text.split_at(begins);
    super::fields::number(amount.trim()).map(|_| (amount.trim(), unit.trim()))
}
