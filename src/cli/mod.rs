//! The commands of `vic`: the only code that touches files, the terminal, the clock and the environment.

mod args;
mod calibrate;
mod check;
mod compare;
mod explain;
mod files;
mod fit;
mod format;
mod machine;
mod output;
mod terminal;
mod watch;

use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

use clap::Parser;

use args::{Command, CommandLine};

use vic::driver::stack;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It did what was asked.
    Done,
    /// The model or the data is wrong.
    Wrong,
    /// The command line is wrong.
    Usage,
    /// The fit must not be used.
    DoNotUse,
    /// A fault of our own.
    Fault,
}

impl Status {
    fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Wrong => 1,
            Self::Usage => 2,
            Self::DoNotUse => 3,
            Self::Fault => 70,
        }
    }
}

/// Reads the command line and runs it.
pub fn run() -> ExitCode {
    let line = CommandLine::parse();
    terminal::choose_colour(line.color);
    terminal::quiet_panics();
    if let Err(why) = machine::choose_instruction_set() {
        terminal::problem(&why);
        return ExitCode::from(Status::Usage.code());
    }
    let run = || stack::ample(|| dispatch(&line));
    let status = panic::catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
        terminal::report_fault();
        Status::Fault
    });
    ExitCode::from(status.code())
}

fn dispatch(line: &CommandLine) -> Status {
    match &line.command {
        Command::Fit(arguments) => fit::run(arguments),
        Command::Compare(arguments) => compare::run(arguments),
        Command::Calibrate(arguments) => calibrate::run(arguments),
        Command::Check(arguments) => check::run(arguments),
        Command::Explain(arguments) => explain::run(arguments),
        Command::Fmt(arguments) => format::run(arguments),
    }
}
