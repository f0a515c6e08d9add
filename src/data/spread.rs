//! Values over some axes laid out over others: axes in another order, and axes along which nothing changes.

use crate::array::Array;
use crate::model::AxisVar;

/// More numbers than this are never laid out: the memory would not hold them.
const MOST: usize = 1 << 30;

/// The value, given over `from`, as an array over `to`, which has every axis of `from`.
/// `None` where the shapes do not fit or a size is not known.
pub(super) fn spread(
    array: &Array,
    from: &[AxisVar],
    to: &[AxisVar],
    sizes: &[Option<usize>],
) -> Option<Array> {
    let size = |axis: &AxisVar| sizes.get(axis.dim.0).copied().flatten();
    let shape: Vec<usize> = to.iter().map(size).collect::<Option<_>>()?;
    let given: Vec<usize> = from.iter().map(size).collect::<Option<_>>()?;
    if given != array.shape || from.iter().any(|axis| !to.contains(axis)) {
        return None;
    }
    if from == to {
        return Some(array.clone());
    }
    let strides = strides(&given);
    let steps: Vec<usize> = to
        .iter()
        .map(|axis| from.iter().position(|other| other == axis).map_or(0, |at| strides[at]))
        .collect();
    let count = shape
        .iter()
        .try_fold(1usize, |count, &size| count.checked_mul(size))
        .filter(|&count| count <= MOST)?;
    let values: Vec<f64> = offsets(&shape, &steps, count).map(|at| array.values[at]).collect();
    Some(Array::new(shape, values))
}

/// Row-major strides of a shape.
pub(super) fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for at in (1..shape.len()).rev() {
        strides[at - 1] = strides[at] * shape[at];
    }
    strides
}

/// For each cell of a shape in row-major order, the sum of its indices times `steps`.
pub(super) fn offsets(shape: &[usize], steps: &[usize], count: usize) -> impl Iterator<Item = usize> {
    let mut index = vec![0; shape.len()];
    let mut offset = 0;
    let (shape, steps) = (shape.to_vec(), steps.to_vec());
    (0..count).map(move |_| {
        let here = offset;
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            offset += steps[axis];
            if index[axis] < shape[axis] {
                break;
            }
            offset -= steps[axis] * shape[axis];
            index[axis] = 0;
        }
        here
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::DimId;

    #[test]
    fn axes_are_exchanged_and_repeated() {
        let [a, b, c] = [0, 1, 2].map(|dim| AxisVar { dim: DimId(dim), copy: 0 });
        let sizes = [Some(2), Some(3), Some(2)];
        let array = Array::new(vec![2, 3], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let turned = spread(&array, &[a, b], &[b, c, a], &sizes).unwrap();
        assert_eq!(turned.shape, [3, 2, 2]);
        assert_eq!(turned.values.as_ref(), [1.0, 4.0, 1.0, 4.0, 2.0, 5.0, 2.0, 5.0, 3.0, 6.0, 3.0, 6.0]);
        assert_eq!(spread(&array, &[a, b], &[a], &sizes), None);
        assert_eq!(spread(&Array::scalar(2.5), &[], &[c], &sizes).unwrap().values.as_ref(), [2.5, 2.5]);
        assert_eq!(spread(&Array::scalar(2.5), &[], &[c], &[None, None, None]), None);
    }
}
