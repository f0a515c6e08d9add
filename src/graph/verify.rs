//! The invariants of a graph, as a check that stages run on each other's work.
//!
//! - Inputs come before the nodes that read them; axes ascend and are what the operation makes of its inputs' axes.
//! - Data and parameters fill their axes. Renamed axes and matrix axes agree in size.
//! - A scan has an input for each leaf, with the leaf's axes; its body knows nothing of its axis, and of all leaves
//!   only its own; no scan is fed by its own leaves. Only `Output` reads a scan.

use super::interpret::order;
use super::{Axis, Graph, Node, NodeData, Op, ScanId};

/// The first fault found, if any.
pub fn verify(graph: &Graph) -> Result<(), String> {
    for node in graph.nodes() {
        verify_node(graph, node).map_err(|fault| {
            let data = graph.node(node);
            format!("node %{} ({:?} of {:?}): {fault}", node.0, data.op, data.inputs)
        })?;
    }
    Ok(())
}

fn verify_node(graph: &Graph, node: Node) -> Result<(), String> {
    let data = graph.node(node);
    (data.inputs.iter().all(|input| *input < node)).or_fault("an input comes later")?;
    (data.axes.windows(2).all(|pair| pair[0] < pair[1])).or_fault("axes do not ascend")?;
    let reads_scan = data.inputs.iter().any(|&input| matches!(graph.node(input).op, Op::Scan(_)));
    (!reads_scan || matches!(data.op, Op::Output(_))).or_fault("a scan is read directly")?;
    let arity = arity(graph, &data.op);
    (arity.is_none_or(|arity| data.inputs.len() == arity)).or_fault("wrong number of inputs")?;
    let own = |k: usize| graph.axes_of(data.inputs[k]);
    match &data.op {
        Op::Data(id) => (graph.data(*id).len() == graph.len_of(node)).or_fault("data do not fill their axes"),
        Op::Constant(_) => same(&data.axes, &[]),
        Op::Iota(axis) => same(&data.axes, &[*axis]),
        Op::Parameter { .. } | Op::Leaf { .. } => Ok(()),
        Op::Unary(_) | Op::StopGradient => same(&data.axes, own(0)),
        Op::Binary(_) | Op::Ternary(_) | Op::Select => same(&data.axes, &union(graph, &data.inputs)),
        Op::Sum(over) | Op::Max(over) | Op::LogSumExp(over) => {
            (over.iter().all(|axis| own(0).contains(axis))).or_fault("a reduced axis is absent")?;
            same(&data.axes, &without(own(0), over))
        }
        Op::Contract(over) => {
            let all = union(graph, &data.inputs);
            (over.iter().all(|axis| all.contains(axis))).or_fault("a contracted axis is absent")?;
            same(&data.axes, &without(&all, over))
        }
        Op::Expand(added) => {
            (added.iter().all(|axis| !own(0).contains(axis))).or_fault("an added axis is there")?;
            same(&data.axes, &[own(0), added].concat())
        }
        Op::Rename(pairs) => {
            let sizes_agree = pairs.iter().all(|&(from, to)| graph.axis_size(from) == graph.axis_size(to));
            sizes_agree.or_fault("renamed axes differ in size")?;
            let renamed =
                |axis: &Axis| pairs.iter().find(|(from, _)| from == axis).map_or(*axis, |pair| pair.1);
            same(&data.axes, &own(0).iter().map(renamed).collect::<Vec<_>>())
        }
        Op::Gather(gone) => {
            (gone.iter().all(|axis| own(0).contains(axis))).or_fault("an axis read is absent")?;
            let kept = without(own(0), gone);
            same(&data.axes, &merged(&kept, &union(graph, &data.inputs[1..])))
        }
        Op::Scatter { targets, axes } => {
            (targets.iter().all(|axis| axes.contains(axis))).or_fault("a target is absent")?;
            same(&data.axes, axes)
        }
        Op::Stack(axis) => {
            let all = union(graph, &data.inputs);
            (!all.contains(axis)).or_fault("the stacked axis is in an element")?;
            same(&data.axes, &merged(&all, &[*axis]))
        }
        Op::CumulativeSum(axis, _) => {
            (own(0).contains(axis)).or_fault("the axis is absent")?;
            same(&data.axes, own(0))
        }
        Op::Cholesky { .. } | Op::SolveTriangular { .. } | Op::Inverse { .. } | Op::LogAbsDet { .. } => {
            verify_matrix(graph, data)
        }
        Op::Scan(id) => verify_scan(graph, data, *id),
        Op::Output(k) => verify_output(graph, data, *k as usize),
    }
}

/// None where any number goes or another rule counts.
fn arity(graph: &Graph, op: &Op) -> Option<usize> {
    Some(match op {
        Op::Constant(_) | Op::Data(_) | Op::Parameter { .. } | Op::Iota(_) | Op::Leaf { .. } => 0,
        Op::Binary(_) | Op::Contract(_) | Op::SolveTriangular { .. } => 2,
        Op::Ternary(_) | Op::Select => 3,
        Op::Gather(gone) => 1 + gone.len(),
        Op::Scatter { targets, .. } => 1 + targets.len(),
        Op::Stack(axis) => graph.axis_size(*axis),
        Op::Scan(_) => return None,
        _ => 1,
    })
}

fn verify_matrix(graph: &Graph, data: &NodeData) -> Result<(), String> {
    let (Op::Cholesky { row, column }
    | Op::SolveTriangular { row, column, .. }
    | Op::Inverse { row, column }
    | Op::LogAbsDet { row, column }) = data.op
    else {
        unreachable!("only matrix operations come here")
    };
    let matrix = graph.axes_of(data.inputs[0]);
    (row != column && [row, column].iter().all(|axis| matrix.contains(axis))).or_fault("not a matrix")?;
    (graph.axis_size(row) == graph.axis_size(column)).or_fault("the matrix is not square")?;
    match data.op {
        Op::LogAbsDet { .. } => same(&data.axes, &without(matrix, &[row, column])),
        Op::SolveTriangular { direction, .. } => {
            let (known, unknown) = match direction {
                super::Direction::Forward => (row, column),
                super::Direction::Reverse => (column, row),
            };
            let right = graph.axes_of(data.inputs[1]);
            (right.contains(&known) && !right.contains(&unknown))
                .or_fault("the right-hand side does not fit")?;
            let batch = without(&union(graph, &data.inputs), &[known, unknown]);
            same(&data.axes, &merged(&batch, &[unknown]))
        }
        _ => same(&data.axes, matrix),
    }
}

fn verify_scan(graph: &Graph, data: &NodeData, id: ScanId) -> Result<(), String> {
    let body = graph.scan(id);
    let counts = (body.carries.len(), body.sequences.len(), body.constants.len());
    (data.inputs.len() == counts.0 + counts.1 + counts.2).or_fault("an input for each leaf is due")?;
    let leaves = [body.carries.as_slice(), &body.sequences, &body.constants].concat();
    for (k, (&leaf, &input)) in leaves.iter().zip(&data.inputs).enumerate() {
        let is_sequence = (counts.0..counts.0 + counts.1).contains(&k);
        let slice: &[Axis] = if is_sequence { &[body.axis] } else { &[] };
        same(graph.axes_of(input), &merged(graph.axes_of(leaf), slice))?;
    }
    (body.carries.len() == body.next.len()).or_fault("a next value for each carry is due")?;
    for (&carry, &next) in body.carries.iter().zip(&body.next) {
        same(graph.axes_of(next), graph.axes_of(carry))?;
    }
    for inner in order(graph, &[body.next.as_slice(), &body.outputs].concat()) {
        let is_foreign = matches!(graph.node(inner).op, Op::Leaf { .. }) && !leaves.contains(&inner);
        (!is_foreign).or_fault("the body uses a leaf that is not its own")?;
        let is_late = matches!(graph.node(inner).op, Op::Scan(other) if other == id);
        (!is_late).or_fault("the body contains its own scan")?;
    }
    for outer in order(graph, &data.inputs) {
        (!leaves.contains(&outer)).or_fault("the scan is fed by its own leaf")?;
    }
    ([&body.next, &body.outputs]
        .iter()
        .all(|nodes| nodes.iter().all(|&n| !graph.axes_of(n).contains(&body.axis))))
    .or_fault("the body yields the scan's axis")
}

fn verify_output(graph: &Graph, data: &NodeData, k: usize) -> Result<(), String> {
    let Op::Scan(id) = graph.node(data.inputs[0]).op else { return Err("not the output of a scan".into()) };
    let body = graph.scan(id);
    match (body.outputs.get(k), k.checked_sub(body.outputs.len()).and_then(|j| body.carries.get(j))) {
        (Some(&output), _) => same(&data.axes, &merged(graph.axes_of(output), &[body.axis])),
        (None, Some(&carry)) => same(&data.axes, graph.axes_of(carry)),
        (None, None) => Err("the scan has fewer results".into()),
    }
}

/// Reads as a sentence: what must hold, or else the fault.
trait OrFault {
    fn or_fault(self, fault: &str) -> Result<(), String>;
}

impl OrFault for bool {
    fn or_fault(self, fault: &str) -> Result<(), String> {
        if self { Ok(()) } else { Err(fault.into()) }
    }
}

/// Compares axes as sets.
fn same(actual: &[Axis], expected: &[Axis]) -> Result<(), String> {
    let mut expected = expected.to_vec();
    expected.sort();
    if actual == expected { Ok(()) } else { Err(format!("axes are {actual:?}, should be {expected:?}")) }
}

fn without(axes: &[Axis], gone: &[Axis]) -> Vec<Axis> {
    axes.iter().copied().filter(|axis| !gone.contains(axis)).collect()
}

fn merged(x: &[Axis], y: &[Axis]) -> Vec<Axis> {
    let mut axes = [x, y].concat();
    axes.sort();
    axes.dedup();
    axes
}

fn union(graph: &Graph, nodes: &[Node]) -> Vec<Axis> {
    nodes.iter().fold(vec![], |axes, &node| merged(&axes, graph.axes_of(node)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Binary, Builder, Unary, Vector};

    /// A sound graph with two axes, to be spoilt.
    fn sound() -> Graph {
        let mut b = Builder::new();
        let (row, column) = (b.axis("row", 2), b.axis("column", 2));
        let x = b.parameter(Vector::Position, 0, &[row, column]);
        let y = b.exp(x);
        let z = b.sum(y, &[row]);
        b.binary(Binary::Atan2, y, z);
        b.cholesky(x, row, column);
        b.finish()
    }

    fn fault(spoil: impl Fn(&mut Graph)) -> String {
        let mut graph = sound();
        spoil(&mut graph);
        verify(&graph).expect_err("the fault is found")
    }

    fn find(graph: &Graph, op: &Op) -> usize {
        graph.nodes.iter().position(|node| node.op == *op).expect("the node is there")
    }

    #[test]
    fn faults_are_found() {
        assert_eq!(verify(&sound()), Ok(()));
        let exp = Op::Unary(Unary::Exp);
        let late = fault(|graph| {
            let k = find(graph, &exp);
            graph.nodes[k].inputs = vec![Node(k as u32)];
        });
        assert!(late.contains("an input comes later"), "{late}");
        let narrow = fault(|graph| {
            let k = find(graph, &exp);
            graph.nodes[k].axes.pop();
        });
        assert!(narrow.contains("axes are"), "{narrow}");
        let flat = fault(|graph| {
            let k = find(graph, &Op::Cholesky { row: Axis(0), column: Axis(1) });
            graph.nodes[k].op = Op::Cholesky { row: Axis(0), column: Axis(0) };
        });
        assert!(flat.contains("not a matrix"), "{flat}");
        let oblong = fault(|graph| graph.axes[1].size = 3);
        assert!(oblong.contains("not square"), "{oblong}");
    }
}
