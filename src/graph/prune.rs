//! A graph cut down to what some of its nodes need.

use std::collections::HashMap;

use super::interpret::order;
use super::{DataId, Graph, Node, NodeData, Op, ScanBody, ScanId};

impl Graph {
    /// Elements that computing a node visits: its own, and those that a sum or a product takes in.
    pub fn work_of(&self, node: Node) -> f64 {
        let data = self.node(node);
        if matches!(
            data.op,
            Op::Constant(_) | Op::Data(_) | Op::Parameter { .. } | Op::Iota(_) | Op::Leaf { .. }
        ) {
            return 0.0;
        }
        let mut axes: Vec<_> = data.axes.clone();
        axes.extend(data.inputs.iter().flat_map(|&input| self.axes_of(input)));
        axes.sort();
        axes.dedup();
        axes.into_iter().map(|axis| self.axis_size(axis) as f64).product()
    }

    /// The part of the graph that `roots` need, scan bodies included, with the roots' nodes in it. Axes are kept as
    /// they are.
    pub fn pruned(&self, roots: &[Node]) -> (Graph, Vec<Node>) {
        let mut pruning = Pruning {
            from: self,
            to: Graph { axes: self.axes.clone(), ..Graph::default() },
            new: HashMap::new(),
        };
        let mut needed = vec![false; self.size()];
        pruning.mark(roots, &mut needed);
        // One pass in the old order: inputs come first, and so do the bodies of scans.
        for node in self.nodes().filter(|node| needed[node.0 as usize]) {
            pruning.copy(node);
        }
        let roots = roots.iter().map(|root| pruning.new[root]).collect();
        (pruning.to, roots)
    }
}

struct Pruning<'a> {
    from: &'a Graph,
    to: Graph,
    new: HashMap<Node, Node>,
}

impl Pruning<'_> {
    fn mark(&self, roots: &[Node], needed: &mut [bool]) {
        for node in order(self.from, roots) {
            if std::mem::replace(&mut needed[node.0 as usize], true) {
                continue;
            }
            if let Op::Scan(scan) = self.from.node(node).op {
                let body = self.from.scan(scan);
                let parts = [&body.carries, &body.sequences, &body.constants, &body.next, &body.outputs]
                    .map(Vec::as_slice);
                self.mark(&parts.concat(), needed);
            }
        }
    }

    fn copy(&mut self, node: Node) {
        let data = self.from.node(node);
        let op = match &data.op {
            Op::Data(id) => {
                self.to.data.push(self.from.data(*id).clone());
                Op::Data(DataId(self.to.data.len() as u32 - 1))
            }
            Op::Scan(scan) => self.copy_scan(*scan),
            other => other.clone(),
        };
        let inputs = data.inputs.iter().map(|input| self.new[input]).collect();
        self.to.nodes.push(NodeData { op, inputs, axes: data.axes.clone(), origin: data.origin });
        self.new.insert(node, Node(self.to.nodes.len() as u32 - 1));
    }

    /// Leaves keep the old scan's identity as a mere label; the scan itself gets a new one.
    fn copy_scan(&mut self, scan: ScanId) -> Op {
        let body = self.from.scan(scan);
        let renamed = |nodes: &[Node]| nodes.iter().map(|node| self.new[node]).collect();
        let body = ScanBody {
            axis: body.axis,
            direction: body.direction,
            carries: renamed(&body.carries),
            sequences: renamed(&body.sequences),
            constants: renamed(&body.constants),
            next: renamed(&body.next),
            outputs: renamed(&body.outputs),
        };
        self.to.scans.push(body);
        Op::Scan(ScanId(self.to.scans.len() as u32 - 1))
    }
}
