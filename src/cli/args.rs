//! The command line: what can be asked for, and in which words.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use vic::report::text::Rows;

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
    /// Seed of all randomness
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Number of posterior draws, at most: weighted draws stop once they are precise
    #[arg(long, value_name = "N", default_value_t = 4000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    pub draws: u32,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// How many elements of a latent or a result the table shows: a number, or `all`; JSON and CSV have all
    #[arg(long, value_name = "N", default_value = "20", value_parser = rows)]
    pub rows: Rows,
    /// Write summary.json, draws.csv and unconstrained.csv into this folder
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// No progress, no warnings
    #[arg(long, short)]
    pub quiet: bool,
    /// Number of threads; the result does not depend on it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// The variational family, instead of the one that the diagnostics ask for
    #[arg(long, value_enum)]
    pub family: Option<FamilyName>,
    /// Stop after about this many evaluations of the model
    #[arg(long, value_name = "N")]
    pub max_evaluations: Option<u64>,
    /// Print no posterior, but what the N-th evaluation of this fit saw: latents, terms of the density, faults
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub replay: Option<u64>,
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

/// A length of time.
fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds >= 0.0 && seconds.is_finite() => Ok(seconds),
        _ => Err("not a number of seconds, such as 2.5".to_string()),
    }
}

/// `vic check`
#[derive(Debug, Args)]
pub struct CheckArguments {
    /// The model, a `.vi` file
    pub model: PathBuf,
    #[command(flatten)]
    pub data: DataArguments,
    /// Print a stage of the compilation (graph and program need data)
    #[arg(long, value_enum)]
    pub emit: Option<Stage>,
    /// Make the edits that are certain in the model file, then check what is left
    #[arg(long)]
    pub fix: bool,
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

/// The variational families.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FamilyName {
    MeanField,
    FullRank,
}
