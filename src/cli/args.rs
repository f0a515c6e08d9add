//! The command line: what can be asked for, and in which words.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use vic::inference::{FamilyChoice, Options};
use vic::lower::{Limits, Matrices};
use vic::report::text::Rows;
use vic::source::{Decimal, Table};

use super::watch::Line;

/// A compiler and inference engine for Bayesian models.
#[derive(Debug, Parser)]
#[command(name = "vic", version, about, max_term_width = 100, arg_required_else_help = true)]
#[command(
    after_help = "Examples:\n  vic fit models/eight_schools.vi\n  vic fit model.vi --data rows.csv --format json\n  vic check model.vi\n  vic explain V0301"
)]
pub struct CommandLine {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// When to use colour.
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto, value_name = "WHEN")]
    pub color: Colour,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Fit a model to data and print the posterior
    Fit(FitArguments),
    /// Compare models of the same data: leave-one-out prediction (PSIS-LOO) and evidence
    Compare(CompareArguments),
    /// Fit many data sets drawn from the model itself, and see whether the posterior holds the truth as often as it says
    Calibrate(CalibrateArguments),
    /// Check a model (and its data, if given) without fitting; report all errors
    Check(CheckArguments),
    /// Tell how a model is compiled, or explain a diagnostic's code (V0101)
    Explain(ExplainArguments),
    /// Format a model; comments are kept
    Fmt(FormatArguments),
}

/// `vic fit`
#[derive(Debug, Args)]
pub struct FitArguments {
    /// The model, a `.vi` file
    pub model: PathBuf,
    #[command(flatten)]
    pub data: DataArguments,
    #[command(flatten)]
    pub engine: EngineArguments,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// How many elements of a latent or a result the table shows: a number, or `all`; JSON and CSV have all
    #[arg(long, value_name = "N", default_value = "20", value_parser = rows)]
    pub rows: Rows,
    /// Print no posterior, but what the N-th evaluation of this fit saw: latents, terms of the density, faults
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub replay: Option<u64>,
    /// Write summary.json, draws.csv and unconstrained.csv into this folder
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// `vic compare`
#[derive(Debug, Args)]
pub struct CompareArguments {
    /// The models, `.vi` files that observe the same data
    #[arg(required = true)]
    pub models: Vec<PathBuf>,
    #[command(flatten)]
    pub data: DataArguments,
    #[command(flatten)]
    pub engine: EngineArguments,
    /// What to print
    #[arg(long, value_enum, default_value_t = TextFormat::Table)]
    pub format: TextFormat,
}

/// `vic calibrate`
#[derive(Debug, Args)]
pub struct CalibrateArguments {
    /// The model, a `.vi` file
    pub model: PathBuf,
    #[command(flatten)]
    pub data: DataArguments,
    /// Number of data sets to draw and fit
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(20..=1_000_000))]
    pub replicates: u32,
    #[command(flatten)]
    pub engine: EngineArguments,
    /// What to print
    #[arg(long, value_enum, default_value_t = TextFormat::Table)]
    pub format: TextFormat,
}

/// How a model is fitted.
#[derive(Debug, Args)]
pub struct EngineArguments {
    #[command(flatten)]
    pub sums: SumArguments,
    /// Seed of all randomness
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Number of posterior draws, at most: weighted draws stop once they are precise
    #[arg(long, value_name = "N", default_value_t = 4000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    pub draws: u32,
    /// No progress, no warnings
    #[arg(long, short)]
    pub quiet: bool,
    /// How the constant matrices of products are held where single precision would change them
    #[arg(long, value_enum, default_value_t = MatrixStore::Exact)]
    pub matrices: MatrixStore,
    /// Number of threads; the result does not depend on it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// The variational family, instead of the one that the diagnostics ask for
    #[arg(long, value_enum)]
    pub family: Option<FamilyName>,
    /// Stop after this many evaluations of the model
    #[arg(long, value_name = "N")]
    pub max_evaluations: Option<u64>,
    /// Stop after about this many seconds
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub max_time: Option<f64>,
}

/// `all`, or how many.
fn rows(text: &str) -> Result<Rows, String> {
    match text.parse() {
        _ if text == "all" => Ok(Rows::All),
        Ok(most) => Ok(Rows::First(most)),
        Err(_) => Err("neither a number nor `all`".to_string()),
    }
}

impl EngineArguments {
    /// What inference is to do.
    pub fn options(&self) -> Options {
        let defaults = Options::default();
        Options {
            seed: self.seed,
            draws: self.draws as usize,
            family: self.family.map(|family| match family {
                FamilyName::MeanField => FamilyChoice::MeanField,
                FamilyName::Block => FamilyChoice::Block,
                FamilyName::FullRank => FamilyChoice::FullRank,
                FamilyName::PartlyCentred => FamilyChoice::PartlyCentred,
                FamilyName::Informed => FamilyChoice::Informed,
                FamilyName::Flow => FamilyChoice::Flow,
                FamilyName::Matched => FamilyChoice::Matched,
            }),
            max_evaluations: self.max_evaluations.unwrap_or(defaults.max_evaluations),
            ..defaults
        }
    }

    /// What its objective may cost.
    pub fn limits(&self) -> Limits {
        let matrices = match self.matrices {
            MatrixStore::Exact => Matrices::Exact,
            MatrixStore::Single => Matrices::Single,
        };
        Limits { matrices, ..self.sums.limits() }
    }

    /// On how many threads.
    pub fn threads(&self) -> usize {
        let available = || std::thread::available_parallelism().map_or(1, usize::from);
        self.threads.map_or_else(available, usize::from)
    }

    /// Whether progress is shown.
    pub fn line(&self) -> Line {
        if self.quiet { Line::Hidden } else { Line::Shown }
    }
}

/// A length of time.
fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds >= 0.0 && seconds.is_finite() => Ok(seconds),
        _ => Err("not a number of seconds, such as 2.5".to_string()),
    }
}

/// A character that parts columns.
fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        b"tab" | b"\\t" | b"\t" => Ok(b'\t'),
        [byte]
            if byte.is_ascii() && !byte.is_ascii_alphanumeric() && !matches!(byte, b'"' | b'\n' | b'\r') =>
        {
            Ok(*byte)
        }
        _ => Err("one character such as `;`, or `tab`".to_string()),
    }
}

/// The sign before decimals.
fn decimal(text: &str) -> Result<Decimal, String> {
    match text {
        "." => Ok(Decimal::Point),
        "," => Ok(Decimal::Comma),
        _ => Err("`.` or `,`".to_string()),
    }
}

/// `vic check`
#[derive(Debug, Args)]
pub struct CheckArguments {
    /// The model, a `.vi` file
    pub model: PathBuf,
    #[command(flatten)]
    pub data: DataArguments,
    #[command(flatten)]
    pub sums: SumArguments,
    /// Print a stage of the compilation (graph and program need data)
    #[arg(long, value_enum)]
    pub emit: Option<Stage>,
    /// Make the edits that are certain in the model file, then check what is left
    #[arg(long)]
    pub fix: bool,
    /// Compare every estimator with values that it has no part in (needs data)
    #[arg(long)]
    pub gradients: bool,
    /// How to print diagnostics
    #[arg(long, value_enum, default_value_t = DiagnosticFormat::Full)]
    pub format: DiagnosticFormat,
}

/// `vic explain`
#[derive(Debug, Args)]
pub struct ExplainArguments {
    /// The model, or a code such as V0101
    pub what: String,
    #[command(flatten)]
    pub data: DataArguments,
    #[command(flatten)]
    pub sums: SumArguments,
    /// How to tell the story of a model
    #[arg(long, value_enum, default_value_t = StoryFormat::Text)]
    pub format: StoryFormat,
    /// Seed of what is measured where prices do not decide: that of the fit it is about
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// `vic fmt`
#[derive(Debug, Args)]
pub struct FormatArguments {
    /// Models to format in place; `-` formats standard input to standard output
    #[arg(required = true)]
    pub models: Vec<PathBuf>,
    /// Change nothing; exit with 1 if something would change
    #[arg(long)]
    pub check: bool,
}

/// Where data come from.
#[derive(Debug, Args)]
pub struct DataArguments {
    /// A JSON or CSV file; later ones add fields; `-` is standard input. Default: MODEL.data.json beside the model
    #[arg(long, value_name = "FILE")]
    pub data: Vec<PathBuf>,
    /// What parts the columns of the tables: a character, or `tab`
    #[arg(long, value_name = "CHARACTER", value_parser = delimiter)]
    pub delimiter: Option<u8>,
    /// What stands before the decimals in the tables: `.` or `,` (then `;` parts the columns, unless another is named)
    #[arg(long, value_name = "CHARACTER", value_parser = decimal)]
    pub decimal: Option<Decimal>,
}

impl DataArguments {
    /// How tables are written, if anything was said of that.
    pub fn table(&self) -> Option<Table> {
        let said = self.delimiter.is_some() || self.decimal.is_some();
        let decimal = self.decimal.unwrap_or(Decimal::Point);
        said.then_some(Table { delimiter: self.delimiter, decimal })
    }
}

/// What exact sums may cost.
#[derive(Clone, Copy, Debug, Args)]
pub struct SumArguments {
    /// Elements of the largest table that summing discrete latents out may build
    #[arg(long, value_name = "N", default_value = "2e7", value_parser = elements)]
    pub max_states: f64,
}

impl SumArguments {
    /// The limits that were asked for.
    pub fn limits(self) -> Limits {
        Limits { max_states: self.max_states, ..Limits::default() }
    }
}

/// A number of elements, `20000000` or `2e7`.
fn elements(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number >= 1.0 => Ok(number),
        _ => Err("not a number of elements, such as 2e7".to_string()),
    }
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On terminals, unless NO_COLOR is set
    Auto,
    Always,
    Never,
}

/// What `fit` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Table,
    Json,
    Csv,
}

/// What `compare` and `calibrate` print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TextFormat {
    Table,
    Json,
}

/// What `explain` prints of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StoryFormat {
    /// For people
    Text,
    /// One object, for tools
    Json,
    /// Who depends on whom, for Graphviz
    Dot,
}

/// How `check` prints diagnostics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DiagnosticFormat {
    /// With source excerpts
    Full,
    /// One line each
    Short,
    /// An array of objects
    Json,
}

/// A stage that `check --emit` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Stage {
    Tree,
    Model,
    Graph,
    Program,
}

/// How matrices are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MatrixStore {
    /// As they are: in single precision only if that changes nothing
    Exact,
    /// Rounded to single precision, half the memory, unless that moves an entry by 1e-4 sd of its column
    Single,
}

/// The variational families.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FamilyName {
    /// Independent Gaussians; standard deviations by linear response
    MeanField,
    /// A Gaussian whose precision has the blocks of the model's plates
    Block,
    /// One Gaussian, up to 256 coordinates
    FullRank,
    /// A Gaussian of latents that keep a learned share of their location and scale
    PartlyCentred,
    /// The same with shares for each element (model-informed flow)
    Informed,
    /// A Gaussian bent by coupling layers (RealNVP), up to 50 coordinates
    Flow,
    /// Independent latents, each of the family that matches its domain
    Matched,
}
