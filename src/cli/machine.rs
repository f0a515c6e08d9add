//! The instruction set of this process: the widest of the machine, or the one that `VIC_ISA` names.
#![allow(clippy::disallowed_methods, reason = "one variable is read here")]

use vic::numeric::dispatch::InstructionSet;

/// Settles which instruction set programs are compiled for.
///
/// # Errors
/// If the variable names none that this machine has: a sentence that says which there are.
pub fn choose_instruction_set() -> Result<(), String> {
    let Some(name) = std::env::var("VIC_ISA").ok().filter(|name| !name.is_empty()) else { return Ok(()) };
    let set = InstructionSet::named(&name).ok_or_else(|| {
        let known: Vec<_> = InstructionSet::all().into_iter().map(InstructionSet::name).collect();
        format!("`VIC_ISA={name}`: this machine has {}", known.join(", "))
    })?;
    set.choose();
    Ok(())
}
