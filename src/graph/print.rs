//! A graph as text, one node a line; the same graph always gives the same text.

use super::interpret::order;
use super::{Direction, Graph, Node, Op, ScanId, Vector};

/// The nodes that some named roots need, inputs first, then the roots. Bodies of scans stand indented under them.
pub fn print(graph: &Graph, roots: &[(&str, Node)]) -> String {
    let nodes: Vec<Node> = roots.iter().map(|(_, node)| *node).collect();
    let mut text = String::new();
    print_nodes(graph, &nodes, "", &mut text);
    for (name, node) in roots {
        text.push_str(&format!("{name} = %{}\n", node.0));
    }
    text
}

fn print_nodes(graph: &Graph, roots: &[Node], indent: &str, text: &mut String) {
    for node in order(graph, roots) {
        text.push_str(&format!("{indent}{}\n", line(graph, node)));
        if let Op::Scan(id) = graph.node(node).op {
            print_body(graph, id, &format!("{indent}  "), text);
        }
    }
}

fn print_body(graph: &Graph, id: ScanId, indent: &str, text: &mut String) {
    let body = graph.scan(id);
    let leaves = [&body.carries, &body.sequences, &body.constants].map(|nodes| names(nodes));
    text.push_str(&format!("{indent}carries{} sequences{} constants{}\n", leaves[0], leaves[1], leaves[2]));
    print_nodes(graph, &[body.next.as_slice(), &body.outputs].concat(), indent, text);
    text.push_str(&format!("{indent}next{} outputs{}\n", names(&body.next), names(&body.outputs)));
}

/// `%12 [obs] = mul %3 %11`
fn line(graph: &Graph, node: Node) -> String {
    let data = graph.node(node);
    let labels: Vec<&str> = data.axes.iter().map(|&axis| graph.axis(axis).label.as_str()).collect();
    format!("%{} [{}] = {}{}", node.0, labels.join(", "), operation(graph, &data.op), names(&data.inputs))
}

fn names(nodes: &[Node]) -> String {
    nodes.iter().map(|node| format!(" %{}", node.0)).collect()
}

fn operation(graph: &Graph, op: &Op) -> String {
    let label = |axis: &super::Axis| graph.axis(*axis).label.clone();
    let labels = |axes: &[super::Axis]| axes.iter().map(label).collect::<Vec<_>>().join(", ");
    let way = |direction: &Direction| match direction {
        Direction::Forward => "forward",
        Direction::Reverse => "reverse",
    };
    match op {
        Op::Constant(bits) => format!("constant {}", f64::from_bits(*bits)),
        Op::Data(id) => format!("data {}", id.0),
        Op::Parameter { vector: Vector::Position, offset } => format!("position {offset}"),
        Op::Parameter { vector: Vector::Direction, offset } => format!("direction {offset}"),
        Op::Iota(axis) => format!("iota({})", label(axis)),
        Op::Leaf { scan, slot } => format!("leaf {}.{slot}", scan.0),
        Op::Unary(super::Unary::Polygamma(order)) => format!("polygamma({order})"),
        Op::Unary(op) => op.row().name.into(),
        Op::Binary(op) => op.row().name.into(),
        Op::Ternary(op) => op.row().name.into(),
        Op::Select => "select".into(),
        Op::Sum(axes) => format!("sum({})", labels(axes)),
        Op::Max(axes) => format!("largest({})", labels(axes)),
        Op::LogSumExp(axes) => format!("log_sum_exp({})", labels(axes)),
        Op::Contract(axes) => format!("contract({})", labels(axes)),
        Op::Expand(axes) => format!("expand({})", labels(axes)),
        Op::Rename(pairs) => {
            let pairs = pairs.iter().map(|(from, to)| format!("{} -> {}", label(from), label(to)));
            format!("rename({})", pairs.collect::<Vec<_>>().join(", "))
        }
        Op::Gather(axes) => format!("gather({})", labels(axes)),
        Op::Scatter { targets, .. } => format!("scatter({})", labels(targets)),
        Op::Stack(axis) => format!("stack({})", label(axis)),
        Op::CumulativeSum(axis, direction) => format!("cumulative_sum({}, {})", label(axis), way(direction)),
        Op::Cholesky { row, column } => format!("cholesky({}, {})", label(row), label(column)),
        Op::SolveTriangular { row, column, direction } => {
            format!("solve_triangular({}, {}, {})", label(row), label(column), way(direction))
        }
        Op::Inverse { row, column } => format!("inverse({}, {})", label(row), label(column)),
        Op::LogAbsDet { row, column } => format!("log_abs_det({}, {})", label(row), label(column)),
        Op::Scan(id) => {
            let body = graph.scan(*id);
            format!("scan {} ({}, {})", id.0, label(&body.axis), way(&body.direction))
        }
        Op::Output(k) => format!("output {k} of"),
        Op::StopGradient => "stop_gradient".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Builder, ScanBody};

    #[test]
    fn a_scan_is_shown_with_its_body() {
        let mut b = Builder::new();
        let time = b.axis("time", 4);
        let x = b.parameter(Vector::Position, 0, &[time]);
        let start = b.constant(0.5);
        let scan = b.begin_scan(time, Direction::Forward);
        let (carry, slice) = (b.leaf(scan, 0, &[]), b.leaf(scan, 1, &[]));
        let next = b.mul(carry, slice);
        let body = ScanBody {
            axis: time,
            direction: Direction::Forward,
            carries: vec![carry],
            sequences: vec![slice],
            constants: vec![],
            next: vec![next],
            outputs: vec![next],
        };
        let run = b.end_scan(scan, body, &[start], &[x], &[]);
        let output = b.output(run, 0);
        let expected = "\
%0 [time] = position 0
%1 [] = constant 0.5
%5 [] = scan 0 (time, forward) %1 %0
  carries %2 sequences %3 constants
  %2 [] = leaf 0.0
  %3 [] = leaf 0.1
  %4 [] = mul %2 %3
  next %4 outputs %4
%6 [time] = output 0 of %5
y = %6
";
        assert_eq!(print(b.graph(), &[("y", output)]), expected);
    }
}
