//! The average of a log density over a Gaussian, with its slopes: without noise as far as the target knows its
//! expectation, over fixed draws for the rest.

use nalgebra::{DMatrix, DVector};

use super::evaluator::Evaluator;
use super::gaussian::Gaussian;

/// How an average is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// As far as the target knows the expectation, and over draws for the rest.
    Known,
    /// Over draws alone.
    Drawn,
}

/// An average, with its slopes in whitened coordinates.
pub struct Average {
    /// The average.
    pub value: f64,
    /// Its derivative by the mean.
    pub slope: DVector<f64>,
    /// Gradients at the draws, one column for each; no columns where there is no draw.
    pub gradients: DMatrix<f64>,
    /// Whether every value that went into it is a number.
    pub is_finite: bool,
    /// The derivative by the root of what is known; none where all is drawn.
    by_root: Option<DMatrix<f64>>,
}

impl Average {
    /// The derivative by the root: the average of gradient times draw, of which `normals` has a column each.
    pub fn product(&self, normals: &DMatrix<f64>) -> DMatrix<f64> {
        let (dimension, count) = self.gradients.shape();
        let drawn = match count {
            0 => DMatrix::zeros(dimension, dimension),
            _ => &self.gradients * normals.transpose() / count as f64,
        };
        self.by_root.iter().fold(drawn, |all, known| all + known)
    }

    /// The diagonal of that product, without the rest.
    pub fn diagonal(&self, normals: &DMatrix<f64>) -> DVector<f64> {
        let (dimension, count) = self.gradients.shape();
        let drawn = DVector::from_fn(dimension, |i, _| match count {
            0 => 0.0,
            _ => self.gradients.row(i).dot(&normals.row(i)) / count as f64,
        });
        self.by_root.iter().fold(drawn, |all, known| all + known.diagonal())
    }
}

/// The average over a Gaussian, whose root is held whole unless all is drawn; `normals` has one column for each draw.
pub fn average(
    evaluator: &mut Evaluator,
    gaussian: &Gaussian,
    normals: &DMatrix<f64>,
    taken: Taken,
) -> Average {
    match taken {
        Taken::Drawn => {
            let batch = evaluator.evaluate(&gaussian.positions(normals.as_slice()));
            over_draws(&batch.values, batch.gradients, gaussian, normals)
        }
        Taken::Known => known(evaluator, gaussian, normals).unwrap_or_else(|| nowhere(gaussian.dimension())),
    }
}

fn over_draws(values: &[f64], gradients: Vec<f64>, gaussian: &Gaussian, normals: &DMatrix<f64>) -> Average {
    let gradients = gaussian.pulled(DMatrix::from_vec(normals.nrows(), normals.ncols(), gradients));
    Average {
        value: values.iter().sum::<f64>() / normals.ncols() as f64,
        slope: gradients.column_mean(),
        gradients,
        is_finite: values.iter().all(|value| value.is_finite()),
        by_root: None,
    }
}

/// What the target knows, and the rest over draws; `None` where its expectation is not known precisely.
fn known(evaluator: &mut Evaluator, gaussian: &Gaussian, normals: &DMatrix<f64>) -> Option<Average> {
    let dimension = gaussian.dimension();
    let expected = evaluator.expected(gaussian, normals.ncols())?;
    let mut all = match evaluator.left(gaussian, normals) {
        Some(batch) => over_draws(&batch.values, batch.gradients, gaussian, normals),
        None => Average {
            value: 0.0,
            slope: DVector::zeros(dimension),
            gradients: DMatrix::zeros(dimension, 0),
            is_finite: true,
            by_root: None,
        },
    };
    let by_root = DMatrix::from_row_slice(dimension, dimension, &expected.root);
    all.value += expected.value;
    all.slope += gaussian.factor().tr_mul(&DVector::from_column_slice(&expected.mean));
    let by_root = gaussian.factor().tr_mul(&by_root);
    let numbers = all.slope.iter().chain(all.gradients.iter()).chain(by_root.iter()).all(|x| x.is_finite());
    all.by_root = Some(by_root);
    all.is_finite &= numbers && expected.value.is_finite();
    if !all.is_finite {
        all.value = f64::NEG_INFINITY;
    }
    Some(all)
}

fn nowhere(dimension: usize) -> Average {
    Average {
        value: f64::NEG_INFINITY,
        slope: DVector::zeros(dimension),
        gradients: DMatrix::zeros(dimension, 0),
        is_finite: false,
        by_root: None,
    }
}
