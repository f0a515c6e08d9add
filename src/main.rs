//! The command `vic`: arguments, files, printing, exit status. Everything else is in the library.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
