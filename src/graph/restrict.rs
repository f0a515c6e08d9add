//! A node at some positions of an axis, computed for these alone wherever that is possible.

use std::collections::HashMap;

use super::interpret::order;
use super::{Axis, Builder, Node, Op};

/// The node with the numbers `from..to` of `axis` in place of the axis: along a new one, which comes last.
pub fn restrict(b: &mut Builder, node: Node, axis: Axis, (from, to): (usize, usize)) -> Node {
    let label = b.graph().axis(axis).label.clone();
    let taken = b.axis(label, to - from);
    let positions: Vec<f64> = (from..to).map(|position| position as f64).collect();
    let positions = b.data(&[taken], positions);
    let mut some = Some { axis, taken, positions, known: HashMap::new() };
    for node in order(b.graph(), &[node]) {
        let restricted = some.restricted(b, node);
        some.known.insert(node, restricted);
    }
    some.known[&node]
}

/// What is restricted, and how.
struct Some {
    axis: Axis,
    taken: Axis,
    positions: Node,
    known: HashMap<Node, Node>,
}

impl Some {
    /// A node whose inputs are known.
    fn restricted(&self, b: &mut Builder, node: Node) -> Node {
        let data = b.graph().node(node).clone();
        if !b.axes_of(node).contains(&self.axis) {
            return node;
        }
        let input = |k: usize| self.known[&data.inputs[k]];
        match &data.op {
            Op::Iota(_) => self.positions,
            Op::Unary(op) => b.unary(*op, input(0)),
            Op::Binary(op) => b.binary(*op, input(0), input(1)),
            Op::Ternary(op) => b.ternary(*op, [input(0), input(1), input(2)]),
            Op::Select => b.select(input(0), input(1), input(2)),
            Op::Sum(axes) => b.sum(input(0), axes),
            Op::Max(axes) => b.max(input(0), axes),
            Op::LogSumExp(axes) => b.log_sum_exp(input(0), axes),
            Op::Contract(axes) => b.contract(input(0), input(1), axes),
            Op::Expand(axes) => {
                let axes: Vec<Axis> =
                    axes.iter().map(|&axis| if axis == self.axis { self.taken } else { axis }).collect();
                b.expand(input(0), &axes)
            }
            // Where the axis is read at positions, it comes back from them.
            Op::Gather(gone) => {
                let source = if gone.contains(&self.axis) { data.inputs[0] } else { input(0) };
                let at: Vec<(Axis, Node)> =
                    gone.iter().enumerate().map(|(k, &axis)| (axis, input(k + 1))).collect();
                b.gather(source, &at)
            }
            _ => b.gather(node, &[(self.axis, self.positions)]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::interpret::interpret;
    use crate::graph::{Direction, Unary, Vector};

    /// Every kind of node that has the axis, and one whose elements need each other.
    #[test]
    fn a_restricted_node_has_the_numbers_of_the_whole() {
        let mut b = Builder::new();
        let [g, n, p] = [("g", 4), ("n", 11), ("p", 3)].map(|(label, size)| b.axis(label, size));
        let x = b.data(&[n, p], (0..33).map(|k| f64::from(k).sin()).collect::<Vec<_>>());
        let group = b.data(&[n], (0..11).map(|k| f64::from(k * 7 % 4)).collect::<Vec<_>>());
        let back = b.data(&[n], (0..11).map(|k| f64::from(k * 5 % 11)).collect::<Vec<_>>());
        let beta = b.parameter(Vector::Position, 0, &[p]);
        let effects = b.parameter(Vector::Position, 3, &[g]);
        let own = b.parameter(Vector::Position, 7, &[n]);
        let linear = b.contract(x, beta, &[p]);
        let gathered = b.gather(effects, &[(g, group)]);
        let eta = b.add(linear, gathered);
        let eta = b.add(eta, own);
        let turned = b.gather(eta, &[(n, back)]);
        let iota = b.iota(n);
        let condition = b.unary(Unary::Tanh, iota);
        let chosen = b.select(condition, turned, eta);
        let wide = b.mul(x, chosen);
        let summed = b.log_sum_exp(wide, &[p]);
        let running = b.cumulative_sum(summed, n, Direction::Forward);
        let all = b.mul(running, effects);
        let position: Vec<f64> = (0..18).map(|k| f64::from(k * k).cos()).collect();
        for node in [own, gathered, turned, wide, summed, running, all] {
            let whole = interpret(b.graph(), &position, &[], &[node]).remove(0);
            let (axes, [from, to]) = (b.axes_of(node).to_vec(), [3, 8]);
            let some = restrict(&mut b, node, n, (from, to));
            let got = interpret(b.graph(), &position, &[], &[some]).remove(0);
            let place = axes.iter().position(|&axis| axis == n).expect("they all have it");
            let size = |axes: &[Axis]| axes.iter().map(|&axis| b.graph().axis_size(axis)).product::<usize>();
            let (outer, inner) = (size(&axes[..place]), size(&axes[place + 1..]));
            let want = (0..outer * inner).flat_map(|other| {
                let first = other / inner * 11 * inner + other % inner;
                let whole = &whole;
                (from..to).map(move |k| whole[first + k * inner])
            });
            assert_eq!(got, want.collect::<Vec<_>>(), "{:?}", b.graph().node(node).op);
        }
    }
}
