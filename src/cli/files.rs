//! Reading and writing: the only file that touches the disk.
#![allow(clippy::disallowed_methods, reason = "this is the place where files are touched")]

use std::io::Read;
use std::path::{Path, PathBuf};

use vic::source::Source;

/// Why a file could not be read, as a sentence.
pub type Problem = String;

/// Reads a text. `-` is standard input.
pub fn read(path: &Path) -> Result<Source, Problem> {
    let name = path.display().to_string();
    let bytes = if name == "-" { read_standard_input() } else { read_file(path) };
    let bytes = bytes.map_err(|reason| format!("`{name}` cannot be read: {reason}"))?;
    let name = if name == "-" { "standard input".to_string() } else { name };
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Source::new(name, text)),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let line = error.as_bytes()[..at].iter().filter(|&&byte| byte == b'\n').count() + 1;
            Err(format!("`{name}` is not UTF-8 text: byte {at}, on line {line}, starts no character"))
        }
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>, String> {
    if path.is_dir() {
        return Err("it is a directory".to_string());
    }
    std::fs::read(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_string(),
        std::io::ErrorKind::PermissionDenied => "permission is denied".to_string(),
        _ => error.to_string(),
    })
}

fn read_standard_input() -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}

/// The data files asked for, or the one beside the model, or none.
pub fn data_paths(model: &Path, given: &[PathBuf]) -> Vec<PathBuf> {
    if !given.is_empty() {
        return given.to_vec();
    }
    let beside = model.with_extension("data.json");
    if beside.is_file() { vec![beside] } else { vec![] }
}

/// Writes a file whole: beside it first, then renamed over it, so that a killed run leaves the old one.
pub fn write(path: &Path, text: &str) -> Result<(), Problem> {
    let problem = |error: std::io::Error| format!("`{}` cannot be written: {error}", path.display());
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(problem)?;
    }
    let beside = path.with_extension("partial");
    std::fs::write(&beside, text).map_err(problem)?;
    std::fs::rename(&beside, path).map_err(problem)
}
