//! The command's contract: what it prints where, and how it ends.
#![allow(clippy::disallowed_methods, reason = "tests read and write files")]

mod bad_data;
mod commands;
mod comparing;
mod fitting;
mod tables;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The model that most tests fit.
pub const SCHOOLS: &str = "eight_schools.vi";

/// A folder of its own for a test, with the eight schools in it.
pub struct Room {
    pub folder: PathBuf,
}

/// What a run of the command gave.
pub struct Run {
    pub status: i32,
    pub out: String,
    pub err: String,
}

impl Room {
    pub fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli").join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder for the test");
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
        for file in [SCHOOLS, "eight_schools.data.json"] {
            fs::copy(models.join(file), folder.join(file)).expect("the eight schools");
        }
        Self { folder }
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.folder.join(name), content).expect("a file of the test");
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vic"));
        command
            .current_dir(&self.folder)
            .env_remove("NO_COLOR")
            .env_remove("COLUMNS")
            .env_remove("VIC_ISA")
            .stdin(Stdio::null());
        command
    }

    /// Runs the command; arguments are cut at spaces.
    pub fn run(&self, arguments: &str) -> Run {
        finish(self.command().args(arguments.split_whitespace()).output().expect("the command starts"))
    }

    /// Runs the command, and interrupts it after some seconds.
    #[cfg(unix)]
    pub fn interrupt(&self, arguments: &str) -> Run {
        let mut command = self.command();
        command.args(arguments.split_whitespace()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().expect("the command starts");
        std::thread::sleep(std::time::Duration::from_secs(3));
        let id = child.id().to_string();
        let sent = Command::new("kill").args(["-INT", &id]).status().expect("kill is there");
        assert!(sent.success(), "it was still running");
        finish(child.wait_with_output().expect("the command ends"))
    }

    /// The same with a text on standard input.
    pub fn pipe(&self, arguments: &str, input: &[u8]) -> Run {
        let mut command = self.command();
        command.args(arguments.split_whitespace());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the command starts");
        child.stdin.take().expect("piped").write_all(input).expect("standard input is read");
        finish(child.wait_with_output().expect("the command ends"))
    }
}

fn finish(output: Output) -> Run {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
    let status = output.status.code().expect("no signal");
    Run { status, out: text(output.stdout), err: text(output.stderr) }
}

impl Run {
    /// Ended as it should, with nothing on the stream that is not for this.
    #[track_caller]
    pub fn fine(self) -> Self {
        assert_eq!(self.status, 0, "{}{}", self.out, self.err);
        self
    }

    /// Refused: nothing on standard output, all of `words` on standard error.
    #[track_caller]
    pub fn refused(self, status: i32, words: &[&str]) -> Self {
        assert_eq!(self.status, status, "{}{}", self.out, self.err);
        assert_eq!(self.out, "", "a refusal prints no result");
        let plain = self.err.split_whitespace().collect::<Vec<_>>().join(" ");
        for word in words {
            assert!(plain.contains(word), "no {word:?} in:\n{}", self.err);
        }
        self
    }
}
