//! Room for large arrays: what is not read any more gives its room to what is made later. Small arrays keep a place of
//! their own, which costs little and makes programs easier to read.

use std::collections::HashMap;

use crate::graph::{Node, Op};

use super::code::Offset;
use super::compile::Compiler;
use super::schedule::{Batch, Schedule};

/// Elements of an array whose room is used again.
const LARGE: usize = 32_768;

/// A stretch of memory that nothing needs any more.
struct Free {
    first: Offset,
    length: usize,
}

/// Gives the large arrays of a plan their places, batch by batch; `roots` are read at the end. Recurrences are left as they
/// are: their bodies run again and again.
pub(super) fn assign(compiler: &mut Compiler, schedule: &Schedule, roots: &[Node], batches: &[Batch]) {
    let large = schedule.kept.iter().any(|&node| compiler.graph.len_of(node) >= LARGE);
    if !large || compiler.graph.nodes().any(|node| matches!(compiler.graph.node(node).op, Op::Scan(_))) {
        return;
    }
    let last = last_reads(compiler, schedule, roots, batches);
    let mut free: Vec<Free> = vec![];
    for (number, batch) in batches.iter().enumerate() {
        let made: Vec<Node> =
            batch.nodes().iter().copied().filter(|node| schedule.kept.contains(node)).collect();
        for node in made {
            let length = compiler.graph.len_of(node);
            if length >= LARGE && !compiler.homes.contains_key(&node) {
                let home = take(&mut free, length).unwrap_or_else(|| compiler.allocate(length));
                compiler.homes.insert(node, home);
            }
        }
        // What this batch reads is not overwritten by it.
        let done = last.iter().filter(|(_, last)| **last == number).map(|(node, _)| *node);
        let mut done: Vec<Node> = done.filter(|&node| compiler.graph.len_of(node) >= LARGE).collect();
        done.sort();
        free.extend(
            done.into_iter()
                .map(|node| Free { first: compiler.homes[&node], length: compiler.graph.len_of(node) }),
        );
    }
}

/// The last batch that reads each array that some batch makes and that is no root.
fn last_reads(
    compiler: &Compiler,
    schedule: &Schedule,
    roots: &[Node],
    batches: &[Batch],
) -> HashMap<Node, usize> {
    let mut last: HashMap<Node, usize> = HashMap::new();
    for (number, batch) in batches.iter().enumerate() {
        for &node in batch.nodes() {
            if schedule.kept.contains(&node) && !roots.contains(&node) {
                last.insert(node, number);
            }
            for (input, _) in compiler.roles.reads(node, &schedule.roles) {
                last.entry(input).and_modify(|last| *last = number);
            }
        }
    }
    last
}

fn take(free: &mut [Free], length: usize) -> Option<Offset> {
    let at = free.iter().position(|free| free.length >= length)?;
    let rest = &mut free[at];
    let first = rest.first;
    *rest = Free { first: first + length, length: rest.length - length };
    Some(first)
}

#[cfg(test)]
mod tests {
    use super::LARGE;
    use crate::graph::interpret::interpret;
    use crate::graph::{Builder, Vector};
    use crate::numeric::dispatch::InstructionSet;
    use crate::program::Program;

    /// Arrays, each made from the one before read backwards and from the sum of that one, so that none is written where
    /// what it reads still stands. The room of two serves, and a third for the one that is asked for.
    #[test]
    fn what_is_not_read_any_more_gives_its_room() {
        let count = LARGE + 3;
        let mut b = Builder::new();
        let axes = [b.axis("n", count), b.axis("m", count)];
        let spread = b.data(&[axes[0]], (0..count).map(|k| (k as f64 * 0.37).sin()).collect::<Vec<_>>());
        let theta = b.parameter(Vector::Position, 0, &[]);
        let first = b.mul(theta, spread);
        let first = b.exp(first);
        let (mut array, mut wanted) = (first, first);
        for step in 1..6 {
            let (from, to) = (axes[(step + 1) % 2], axes[step % 2]);
            let sum = b.sum_all(array);
            let backwards = b.data(&[to], (0..count).rev().map(|k| k as f64).collect::<Vec<_>>());
            let read = b.gather(array, &[(from, backwards)]);
            let share = b.div(read, sum);
            let shifted = b.add(share, theta);
            array = b.exp(shifted);
            wanted = if step == 2 { array } else { wanted };
        }
        let total = b.sum_all(array);
        let graph = b.finish();
        let roots = [total, wanted];
        let program = Program::compile(&graph, &roots);
        assert!(program.code.memory < 3 * count + 1000, "{} elements", program.code.memory);
        let positions = [0.3, -0.7, 0.1, 0.9, -0.2, 0.4, 0.6, -0.5, 0.8, 0.2];
        for set in InstructionSet::all() {
            let program = program.clone().with_instruction_set(set);
            for samples in [1, 10] {
                let mut outputs = [vec![0.0; samples], vec![0.0; samples * count]];
                let mut slices: Vec<&mut [f64]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
                program.run(&mut program.workspace(samples), &positions[..samples], &[], &mut slices);
                let want = interpret(&graph, &positions[samples - 1..samples], &[], &roots);
                let last = [&outputs[0][samples - 1..], &outputs[1][(samples - 1) * count..]];
                for (got, want) in last.iter().zip(&want) {
                    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-12 * b.abs().max(1.0);
                    assert!(got.iter().zip(want).all(near), "{} samples, {}", samples, set.name());
                }
            }
        }
    }
}
