//! Making recurrences: their leaves, their bodies, what a body captures, and what it saves for its pullback.

use std::collections::{HashMap, HashSet};

use super::interpret::order;
use super::{Axis, Binary, Builder, Direction, Node, Op, ScanBody, ScanId};

impl Builder {
    /// Starts a scan: reserves its identity, so that leaves can be made.
    pub fn begin_scan(&mut self, axis: Axis, direction: Direction) -> ScanId {
        self.graph.scans.push(ScanBody {
            axis,
            direction,
            carries: vec![],
            sequences: vec![],
            constants: vec![],
            next: vec![],
            outputs: vec![],
        });
        ScanId(self.graph.scans.len() as u32 - 1)
    }

    /// A leaf of a scan's body, over `axes`.
    pub fn leaf(&mut self, scan: ScanId, slot: u32, axes: &[Axis]) -> Node {
        self.make(Op::Leaf { scan, slot }, vec![], axes.to_vec())
    }

    /// Ends a scan: states its body and gives it its inputs. Returns the scan node, read by [`Builder::output`].
    ///
    /// Initial and next carries are expanded to their leaves' axes, sequences to the scan's axis. What the body uses
    /// of the graph around it becomes a constant input, so bodies may refer to outer nodes freely.
    pub fn end_scan(
        &mut self,
        scan: ScanId,
        mut body: ScanBody,
        initial: &[Node],
        sequences: &[Node],
        constants: &[Node],
    ) -> Node {
        assert_eq!(body.carries.len(), initial.len(), "a leaf for each carry");
        assert_eq!(body.sequences.len(), sequences.len(), "a leaf for each sequence");
        assert_eq!(body.constants.len(), constants.len(), "a leaf for each constant");
        assert_eq!(body.carries.len(), body.next.len(), "a next value for each carry");
        let mut inputs = vec![];
        for ((&carry, next), &initial) in body.carries.iter().zip(&mut body.next).zip(initial) {
            let axes = self.axes_of(carry).to_vec();
            *next = self.expand(*next, &axes);
            inputs.push(self.expand(initial, &axes));
        }
        for &sequence in sequences {
            inputs.push(self.expand(sequence, &[body.axis]));
        }
        inputs.extend(constants);
        inputs.extend(self.capture(scan, &mut body));
        self.graph.scans[scan.0 as usize] = body;
        self.make(Op::Scan(scan), inputs, vec![])
    }

    /// The k-th result of a scan: stacked outputs first, then final carries.
    pub fn output(&mut self, scan: Node, k: usize) -> Node {
        let Op::Scan(id) = self.graph.node(scan).op else { unreachable!("output of a scan") };
        let body = self.graph.scan(id);
        let axes = match body.outputs.get(k) {
            Some(&output) => {
                let mut axes = self.axes_of(output).to_vec();
                axes.push(body.axis);
                axes.sort();
                axes
            }
            None => self.axes_of(body.carries[k - body.outputs.len()]).to_vec(),
        };
        self.make(Op::Output(k as u32), vec![scan], axes)
    }

    /// Copies of nodes in which some nodes are replaced.
    pub(super) fn substitute(&mut self, nodes: &[Node], replacements: &HashMap<Node, Node>) -> Vec<Node> {
        let mut copies = replacements.clone();
        for node in order(&self.graph, nodes) {
            if copies.contains_key(&node) {
                continue;
            }
            let data = self.graph.node(node).clone();
            let inputs: Vec<Node> = data.inputs.iter().map(|input| copies[input]).collect();
            let copy = if inputs == data.inputs { node } else { self.make(data.op, inputs, data.axes) };
            copies.insert(node, copy);
        }
        nodes.iter().map(|node| copies[node]).collect()
    }

    /// Replaces what a body uses of the graph around it by leaves; returns what those leaves stand for.
    fn capture(&mut self, scan: ScanId, body: &mut ScanBody) -> Vec<Node> {
        let roots = [body.next.as_slice(), &body.outputs].concat();
        let nodes = order(&self.graph, &roots);
        let mut own = HashSet::new();
        for &node in &nodes {
            let data = self.graph.node(node);
            let is_leaf = matches!(data.op, Op::Leaf { scan: of, .. } if of == scan);
            if is_leaf || data.inputs.iter().any(|input| own.contains(input)) {
                own.insert(node);
            }
        }
        let used =
            nodes.iter().filter(|node| own.contains(node)).flat_map(|&node| &self.graph.node(node).inputs);
        let mut outer: Vec<Node> = used.chain(&roots).copied().filter(|node| !own.contains(node)).collect();
        outer.sort();
        outer.dedup();
        outer.retain(|&node| self.known_constant(node).is_none() && !self.is_position_or_data(node));
        let slots = nodes.iter().chain(&body.carries).chain(&body.sequences).chain(&body.constants);
        let first = slots.filter_map(|&node| self.slot(scan, node)).max().map_or(0, |slot| slot + 1);
        let mut replacements = HashMap::new();
        for (slot, &node) in (first..).zip(&outer) {
            let axes = self.axes_of(node).to_vec();
            let leaf = self.leaf(scan, slot, &axes);
            body.constants.push(leaf);
            replacements.insert(node, leaf);
        }
        body.next = self.substitute(&body.next, &replacements);
        body.outputs = self.substitute(&body.outputs, &replacements);
        outer
    }

    fn is_position_or_data(&self, node: Node) -> bool {
        matches!(self.graph.node(node).op, Op::Data(_) | Op::Iota(_))
    }

    fn slot(&self, of: ScanId, node: Node) -> Option<u32> {
        match self.graph.node(node).op {
            Op::Leaf { scan, slot } if scan == of => Some(slot),
            _ => None,
        }
    }

    /// Makes a scan keep, among its outputs, each carry as it was before each step, if its pullback needs it.
    ///
    /// This changes the body in place, where it is shared; results that are already read keep their nodes, and the
    /// numbers of final carries move up. Nothing is computed twice, and nothing is kept unless a derivative is taken.
    pub(super) fn save_carries(&mut self, id: ScanId) {
        let body = self.graph.scan(id).clone();
        let wanted = body.carries.iter().zip(&body.next);
        let wanted: Vec<Node> = wanted
            .filter(|&(carry, next)| {
                !body.outputs.contains(carry) && !self.only_accumulates(&body, *carry, *next)
            })
            .map(|(&carry, _)| carry)
            .collect();
        if wanted.is_empty() {
            return;
        }
        self.renumber_final_carries(id, body.outputs.len(), wanted.len());
        self.graph.scans[id.0 as usize].outputs.extend(wanted);
    }

    /// The stacked values of the k-th carry before each step; none if they do not matter.
    pub(super) fn saved_carry(&mut self, scan: Node, id: ScanId, k: usize) -> Option<Node> {
        let body = self.graph.scan(id);
        let index = body.outputs.iter().position(|output| *output == body.carries[k])?;
        Some(self.output(scan, index))
    }

    /// Whether a carry is a running sum that only its own next value reads, and nothing reads that: then no
    /// derivative depends on its value.
    pub(super) fn only_accumulates(&self, body: &ScanBody, carry: Node, next: Node) -> bool {
        let roots = [body.next.as_slice(), &body.outputs].concat();
        let is_sum = self.graph.node(next).op == Op::Binary(Binary::Add);
        let sums_once = roots.iter().filter(|&&root| root == next).count() == 1 && !roots.contains(&carry);
        let mut all = order(&self.graph, &roots).into_iter().map(|node| (node, self.graph.node(node)));
        is_sum
            && sums_once
            && all.all(|(node, data)| {
                !data.inputs.contains(&next) && (node == next || !data.inputs.contains(&carry))
            })
    }

    fn renumber_final_carries(&mut self, id: ScanId, outputs: usize, added: usize) {
        let of_scan = |data: &super::NodeData| match data.op {
            Op::Output(k) if k as usize >= outputs => self.graph.node(data.inputs[0]).op == Op::Scan(id),
            _ => false,
        };
        let moved: Vec<Node> = self.graph.nodes().filter(|&node| of_scan(self.graph.node(node))).collect();
        for &node in &moved {
            let data = self.graph.node(node).clone();
            self.known.remove(&(data.op, data.inputs, data.axes));
        }
        for node in moved {
            let data = &mut self.graph.nodes[node.0 as usize];
            if let Op::Output(k) = &mut data.op {
                *k += added as u32;
            }
            let key = (data.op.clone(), data.inputs.clone(), data.axes.clone());
            self.known.insert(key, node);
        }
    }
}
