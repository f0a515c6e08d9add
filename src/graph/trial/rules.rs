//! How a trial passes through each operation.

use super::super::{Axis, Binary, Node, NodeData, Op};
use super::branch::{Branch, Match};
use super::{Trial, Untried};

impl Trial<'_> {
    /// The branches of a node, given those of its inputs.
    pub(super) fn through(&mut self, node: Node) -> Result<Vec<Branch>, Untried> {
        let data = self.builder.graph().node(node).clone();
        match &data.op {
            Op::Unary(_)
            | Op::Binary(_)
            | Op::Ternary(_)
            | Op::Select
            | Op::Expand(_)
            | Op::Stack(_)
            | Op::StopGradient => {
                let each = self.aligned(&data.inputs);
                Ok(self.pointwise(&data.inputs, &each, &mut |trial, inputs| trial.apply(&data, inputs)))
            }
            Op::Sum(axes) => {
                let input = data.inputs[0];
                let branches = self.branches(input);
                Ok(self.summed(node, input, branches, axes))
            }
            Op::Contract(axes) => Ok(self.contracted(node, &data, axes)),
            Op::Rename(pairs) => Ok(self.renamed(&data, pairs)),
            Op::Gather(gone) => Ok(self.gathered(&data, gone)),
            Op::Max(axes) | Op::LogSumExp(axes) => Ok(self.whole(&data, axes)),
            Op::CumulativeSum(axis, _) => Ok(self.whole(&data, &[*axis])),
            Op::Cholesky { row, column }
            | Op::SolveTriangular { row, column, .. }
            | Op::Inverse { row, column }
            | Op::LogAbsDet { row, column } => Ok(self.whole(&data, &[*row, *column])),
            Op::Scatter { axes, .. } => {
                let all: Vec<Axis> =
                    data.inputs.iter().flat_map(|&input| self.builder.axes_of(input).to_vec()).collect();
                let gone: Vec<Axis> = all.into_iter().filter(|axis| !axes.contains(axis)).collect();
                Ok(self.whole(&data, &gone))
            }
            Op::Scan(_) | Op::Output(_) => Err(Untried),
            Op::Constant(_) | Op::Data(_) | Op::Parameter { .. } | Op::Iota(_) | Op::Leaf { .. } => {
                Ok(vec![])
            }
        }
    }

    /// An operation on the rows of its inputs: for each list of places that an input has, the operation of the values there.
    fn pointwise(
        &mut self,
        inputs: &[Node],
        each: &[Vec<Branch>],
        apply: &mut dyn FnMut(&mut Self, &[Node]) -> Node,
    ) -> Vec<Branch> {
        let mut places: Vec<Vec<Match>> = Vec::new();
        for branch in each.iter().flatten() {
            if !places.contains(&branch.places) {
                places.push(branch.places.clone());
            }
        }
        let mut found = Vec::new();
        for (k, own) in places.iter().enumerate() {
            let values: Vec<Node> = inputs
                .iter()
                .zip(each)
                .map(|(&input, branches)| self.value_at(input, branches, (&places, k)))
                .collect();
            found.push(Branch { places: own.clone(), value: apply(self, &values) });
        }
        found
    }

    /// What an input is in the rows that the k-th places have.
    fn value_at(&mut self, input: Node, branches: &[Branch], (places, k): (&[Vec<Match>], usize)) -> Node {
        let of = |places: &Vec<Match>| branches.iter().find(|branch| branch.places == *places);
        let mut value = of(&places[k]).map_or(input, |branch| branch.value);
        if of(&places[k]).is_none() {
            for later in &places[k + 1..] {
                if let Some(branch) = of(later)
                    && let Some(both) = self.overlap(&places[k], later)
                {
                    value = self.builder.select(both, branch.value, value);
                }
            }
        }
        for earlier in &places[..k] {
            if let Some(both) = self.overlap(earlier, &places[k]) {
                value = self.builder.select(both, input, value);
            }
        }
        value
    }

    /// The branches of several inputs, all sparse along the same axes.
    fn aligned(&mut self, inputs: &[Node]) -> Vec<Vec<Branch>> {
        let each: Vec<Vec<Branch>> = inputs.iter().map(|&input| self.branches(input)).collect();
        let dense: Vec<usize> = (0..self.own.len())
            .filter(|&j| each.iter().flatten().any(|branch| branch.places[j] == Match::All))
            .collect();
        self.all_dense(inputs, each, &dense)
    }

    /// The branches of several inputs, made dense along some of the input's axes.
    fn all_dense(&mut self, inputs: &[Node], each: Vec<Vec<Branch>>, dense: &[usize]) -> Vec<Vec<Branch>> {
        let pairs = inputs.iter().zip(each);
        pairs
            .map(|(&input, branches)| {
                let made = branches.iter().map(|branch| self.dense(input, branch, dense)).collect();
                self.settled(input, made)
            })
            .collect()
    }

    /// Branches of a node whose differences add up, as branches of which the first owns each row: all sparse along the
    /// same axes, one for each list of places.
    fn settled(&mut self, node: Node, branches: Vec<Branch>) -> Vec<Branch> {
        let dense: Vec<usize> = (0..self.own.len())
            .filter(|&j| branches.iter().any(|branch| branch.places[j] == Match::All))
            .collect();
        let mut settled: Vec<Branch> = Vec::new();
        for branch in branches {
            let branch = self.dense(node, &branch, &dense);
            match settled.iter().position(|known| known.places == branch.places) {
                Some(k) => settled[k].value = self.both_changes(node, settled[k].value, branch.value),
                None => settled.push(branch),
            }
        }
        for later in 1..settled.len() {
            for earlier in 0..later {
                let Some(both) = self.overlap(&settled[earlier].places, &settled[later].places) else {
                    continue;
                };
                let (first, second) = (settled[earlier].value, settled[later].value);
                let sum = self.both_changes(node, first, second);
                settled[earlier].value = self.builder.select(both, sum, first);
                settled[later].value = self.builder.select(both, node, second);
            }
        }
        settled
    }

    /// `node` with the changes of two of its values.
    fn both_changes(&mut self, node: Node, first: Node, second: Node) -> Node {
        let change = self.builder.sub(second, node);
        self.builder.add(first, change)
    }

    /// A sum over axes: linear, so only the differences are summed.
    fn summed(&mut self, node: Node, input: Node, branches: Vec<Branch>, axes: &[Axis]) -> Vec<Branch> {
        let made: Vec<Branch> = branches
            .into_iter()
            .map(|branch| {
                let along = branch.along(self.builder, axes);
                let value = self.spread(branch.value, input);
                if along.is_empty() {
                    return Branch { value: self.builder.sum(value, axes), places: branch.places };
                }
                let change = self.builder.sub(value, input);
                let change = self.brought(change, &branch, axes);
                self.moved(node, branch, &along, change)
            })
            .collect();
        self.settled(node, made)
    }

    /// `node` plus a change that varies over the elements along some axes.
    fn moved(&mut self, node: Node, branch: Branch, along: &[usize], change: Node) -> Branch {
        let mut places = branch.places;
        along.iter().for_each(|&j| places[j] = Match::All);
        if places.iter().all(|place| *place == Match::All) {
            self.shifts.insert(node, change);
        }
        Branch { places, value: self.builder.add(node, change) }
    }

    fn contracted(&mut self, node: Node, data: &NodeData, axes: &[Axis]) -> Vec<Branch> {
        let [x, y] = [data.inputs[0], data.inputs[1]];
        let (varying, fixed) = match (self.known.contains_key(&x), self.known.contains_key(&y)) {
            (true, false) => (x, y),
            (false, true) => (y, x),
            _ => {
                let product = self.builder.mul(x, y);
                let each = self.aligned(&[x, y]);
                let multiply =
                    &mut |trial: &mut Self, inputs: &[Node]| trial.builder.mul(inputs[0], inputs[1]);
                let branches = self.pointwise(&[x, y], &each, multiply);
                return self.summed(node, product, branches, axes);
            }
        };
        let made: Vec<Branch> = self
            .branches(varying)
            .into_iter()
            .map(|branch| {
                let along = branch.along(self.builder, axes);
                let value = self.spread(branch.value, varying);
                if along.is_empty() {
                    return Branch {
                        value: self.builder.contract(value, fixed, axes),
                        places: branch.places,
                    };
                }
                let change = self.builder.sub(value, varying);
                let change = self.contracted_change((change, fixed), &branch, (&along, axes));
                self.moved(node, branch, &along, change)
            })
            .collect();
        self.settled(node, made)
    }

    /// A change times what is fixed, summed over axes, brought to the elements: `X @ z` changes by a column of `X`.
    fn contracted_change(
        &mut self,
        (change, fixed): (Node, Node),
        branch: &Branch,
        (along, axes): (&[usize], &[Axis]),
    ) -> Node {
        let mut renamed: Vec<(Axis, Axis)> = Vec::new();
        for &j in along {
            match branch.places[j] {
                Match::Here(axis) if !renamed.iter().any(|&(from, _)| from == axis) => {
                    renamed.push((axis, self.tried[j]));
                }
                _ => {
                    let product = self.builder.mul(change, fixed);
                    return self.brought(product, branch, axes);
                }
            }
        }
        let rest: Vec<Axis> =
            axes.iter().copied().filter(|axis| !renamed.iter().any(|(from, _)| from == axis)).collect();
        let change = self.builder.rename(change, &renamed);
        let fixed = self.builder.rename(fixed, &renamed);
        if rest.is_empty() {
            self.builder.mul(change, fixed)
        } else {
            self.builder.contract(change, fixed, &rest)
        }
    }

    fn renamed(&mut self, data: &NodeData, pairs: &[(Axis, Axis)]) -> Vec<Branch> {
        let to = |axis: Axis| pairs.iter().find(|(from, _)| *from == axis).map_or(axis, |(_, to)| *to);
        let branches = self.branches(data.inputs[0]);
        let each = branches.into_iter().map(|branch| {
            let places = branch.places.iter().map(|&place| match place {
                Match::Here(axis) => Match::Here(to(axis)),
                Match::At(positions) => Match::At(self.builder.rename(positions, pairs)),
                Match::All => Match::All,
            });
            let places = places.collect();
            Branch { places, value: self.builder.rename(branch.value, pairs) }
        });
        each.collect()
    }

    /// A gather. Where only the source is tried, its places move to the positions; otherwise the source is tried whole
    /// along what is gathered.
    fn gathered(&mut self, data: &NodeData, gone: &[Axis]) -> Vec<Branch> {
        let (source, positions) = (data.inputs[0], &data.inputs[1..]);
        let at: Vec<(Axis, Node)> = gone.iter().copied().zip(positions.iter().copied()).collect();
        if !positions.iter().any(|position| self.known.contains_key(position)) {
            let clamped: Vec<(Axis, Node)> =
                at.iter().map(|&(axis, node)| (axis, self.clamped(node, axis))).collect();
            let branches = self.branches(source);
            let each = branches.into_iter().map(|branch| {
                let places = branch.places.iter().map(|&place| match place {
                    Match::Here(axis) => match clamped.iter().find(|(own, _)| *own == axis) {
                        Some(&(_, node)) => Match::At(node),
                        None => Match::Here(axis),
                    },
                    Match::At(node) => Match::At(self.builder.gather(node, &at)),
                    Match::All => Match::All,
                });
                let places = places.collect();
                Branch { places, value: self.builder.gather(branch.value, &at) }
            });
            return each.collect();
        }
        let dense: Vec<usize> =
            self.branches(source).iter().flat_map(|branch| branch.along(self.builder, gone)).collect();
        self.denser(data, &dense)
    }

    /// Positions within an axis.
    fn clamped(&mut self, positions: Node, axis: Axis) -> Node {
        if self.builder.is_within(positions, axis) {
            return positions;
        }
        let zero = self.builder.constant(0.0);
        let last = self.builder.constant(self.builder.graph().axis_size(axis) as f64 - 1.0);
        let low = self.builder.binary(Binary::Max, positions, zero);
        self.builder.binary(Binary::Min, low, last)
    }

    /// An operation that takes some axes whole: the trial is made dense along what they address.
    fn whole(&mut self, data: &NodeData, axes: &[Axis]) -> Vec<Branch> {
        let mut dense: Vec<usize> = Vec::new();
        for &input in &data.inputs {
            for branch in self.branches(input) {
                dense.extend(branch.along(self.builder, axes));
            }
        }
        self.denser(data, &dense)
    }

    /// An operation on inputs made dense along some of the tried input's axes.
    fn denser(&mut self, data: &NodeData, dense: &[usize]) -> Vec<Branch> {
        let each = self.aligned(&data.inputs);
        let each = self.all_dense(&data.inputs, each, dense);
        self.pointwise(&data.inputs, &each, &mut |trial, inputs| trial.apply(data, inputs))
    }

    /// The operation of a node on other inputs, which may have more axes.
    fn apply(&mut self, data: &NodeData, inputs: &[Node]) -> Node {
        let more: Vec<Axis> = self.tried.iter().chain(&self.more).copied().collect();
        if matches!(data.op, Op::Unary(_) | Op::Binary(_) | Op::Select) {
            return self.builder.apply(&data.op, inputs, &more);
        }
        // A value that does not vary along an axis that the operation takes whole has it all the same.
        let full: Vec<Node> = inputs
            .iter()
            .zip(&data.inputs)
            .map(|(&value, &input)| if value == input { value } else { self.spread(value, input) })
            .collect();
        self.builder.apply(&data.op, &full, &more)
    }
}
