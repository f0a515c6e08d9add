//! `vic fmt`: models rewritten in the normal layout.

use std::path::Path;

use vic::syntax;

use super::args::FormatArguments;
use super::{Status, files, terminal};

/// Runs the command.
pub fn run(arguments: &FormatArguments) -> Status {
    let results: Vec<Status> = arguments.models.iter().map(|path| one(path, arguments)).collect();
    if results.iter().all(|&status| status == Status::Done) { Status::Done } else { Status::Wrong }
}

fn one(path: &Path, arguments: &FormatArguments) -> Status {
    let source = match files::read(path) {
        Ok(source) => source,
        Err(problem) => {
            terminal::problem(&problem);
            return Status::Wrong;
        }
    };
    let formatted = match syntax::format(&source) {
        Ok(formatted) => formatted,
        Err(diagnostics) => {
            terminal::diagnostics(&diagnostics, &source, &[]);
            return Status::Wrong;
        }
    };
    let name = path.display();
    if name.to_string() == "-" && !arguments.check {
        terminal::result(&formatted);
        return Status::Done;
    }
    match (formatted == source.text(), arguments.check) {
        (true, _) => Status::Done,
        (false, true) => {
            terminal::remark(&format!("{name}: not in the normal layout; `vic fmt {name}` rewrites it"));
            Status::Wrong
        }
        (false, false) => match files::write(path, &formatted) {
            Ok(()) => Status::Done,
            Err(problem) => {
                terminal::problem(&problem);
                Status::Wrong
            }
        },
    }
}
