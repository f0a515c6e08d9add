//! Functions of repeated rows of data: evaluated once for each distinct row, and counted.

use std::collections::HashMap;

use super::Condenser;
use crate::graph::{Axis, Node, Op};

/// Distinct rows are to be fewer than one in so many.
const REPEATED: usize = 4;

/// The sum over rows of an element-wise function of constants and scalars, over the distinct rows of the constants.
pub(super) fn sum(c: &mut Condenser, node: Node, axes: &[Axis]) -> Option<Node> {
    let mut constants = vec![];
    frontier(c, node, axes, &mut constants)?;
    if constants.is_empty() {
        return None;
    }
    let columns: Vec<Vec<f64>> = constants.iter().map(|&node| c.values(node, axes)).collect();
    let (firsts, counts) = distinct(&columns, c.length(axes))?;
    let axis = c.b.axis("distinct", firsts.len());
    let mut known: HashMap<Node, Node> = HashMap::new();
    for (&node, column) in constants.iter().zip(&columns) {
        let values: Vec<f64> = firsts.iter().map(|&row| column[row]).collect();
        known.insert(node, c.b.data(&[axis], values));
    }
    let value = rebuild(c, node, axes, &mut known);
    let counts = c.b.data(&[axis], counts);
    Some(c.b.contract(counts, value, &[axis]))
}

/// Collects the constants that vary over the rows; none if the node is not element-wise in them and in scalars.
fn frontier(c: &mut Condenser, node: Node, axes: &[Axis], found: &mut Vec<Node>) -> Option<()> {
    if c.is_free(node, axes) {
        return c.b.axes_of(node).is_empty().then_some(());
    }
    if found.contains(&node) {
        return Some(());
    }
    let data = c.b.graph().node(node).clone();
    if c.is_constant(node) {
        found.push(node);
        return data.axes.iter().all(|axis| axes.contains(axis)).then_some(());
    }
    match data.op {
        Op::Unary(_) | Op::Binary(_) | Op::Ternary(_) | Op::Select | Op::Expand(_) => {
            data.inputs.iter().try_for_each(|&input| frontier(c, input, axes, found))
        }
        _ => None,
    }
}

/// The first row of each distinct kind and how many there are of it; none if there are too many.
fn distinct(columns: &[Vec<f64>], rows: usize) -> Option<(Vec<usize>, Vec<f64>)> {
    let mut kinds: HashMap<Vec<u64>, usize> = HashMap::new();
    let (mut firsts, mut counts) = (vec![], vec![]);
    for row in 0..rows {
        let key = columns.iter().map(|column| column[row].to_bits()).collect();
        let kind = *kinds.entry(key).or_insert_with(|| {
            firsts.push(row);
            counts.push(0.0);
            firsts.len() - 1
        });
        counts[kind] += 1.0;
        if firsts.len() * REPEATED > rows {
            return None;
        }
    }
    Some((firsts, counts))
}

/// The same function of the distinct rows.
fn rebuild(c: &mut Condenser, node: Node, axes: &[Axis], known: &mut HashMap<Node, Node>) -> Node {
    if let Some(&done) = known.get(&node) {
        return done;
    }
    if c.is_free(node, axes) {
        return node;
    }
    let data = c.b.graph().node(node).clone();
    let inputs: Vec<Node> = data.inputs.iter().map(|&input| rebuild(c, input, axes, known)).collect();
    let done = match data.op {
        Op::Unary(op) => c.b.unary(op, inputs[0]),
        Op::Binary(op) => c.b.binary(op, inputs[0], inputs[1]),
        Op::Ternary(op) => c.b.ternary(op, [inputs[0], inputs[1], inputs[2]]),
        Op::Select => c.b.select(inputs[0], inputs[1], inputs[2]),
        // A scalar along the rows is a scalar along the distinct ones.
        _ => inputs[0],
    };
    known.insert(node, done);
    done
}
