//! A small dense network of one hidden layer, over a batch of columns, with its derivatives written by hand.

use crate::numeric::random::Generator;
use nalgebra::{DMatrix, DVector};
use rand::RngExt;
use rand_distr::StandardNormal;

/// Standard deviation of the outgoing weights at first: the outputs begin as almost nothing.
const FAINT: f64 = 1e-3;

/// inputs -> hidden units (x times its sigmoid) -> outputs.
#[derive(Clone, Debug)]
pub struct Network {
    inward: DMatrix<f64>,
    inward_offset: DVector<f64>,
    outward: DMatrix<f64>,
    outward_offset: DVector<f64>,
}

/// What a pass over a batch leaves behind for its derivatives.
#[derive(Clone, Debug)]
pub struct Pass {
    inputs: DMatrix<f64>,
    before: DMatrix<f64>,
    hidden: DMatrix<f64>,
    /// One column a sample.
    pub outputs: DMatrix<f64>,
}

fn sigmoid(x: f64) -> f64 {
    (1.0 + (-x).exp()).recip()
}

/// Each column with an offset added.
fn plus(mut columns: DMatrix<f64>, offset: &DVector<f64>) -> DMatrix<f64> {
    columns.column_iter_mut().for_each(|mut column| column += offset);
    columns
}

impl Network {
    /// With random weights whose outputs are almost nothing.
    pub fn faint(inputs: usize, hidden: usize, outputs: usize, generator: &mut Generator) -> Network {
        let mut normal = |scale: f64| scale * generator.sample::<f64, _>(StandardNormal);
        let spread = (inputs as f64).sqrt().recip();
        Network {
            inward: DMatrix::from_fn(hidden, inputs, |_, _| normal(spread)),
            inward_offset: DVector::from_fn(hidden, |_, _| normal(0.5)),
            outward: DMatrix::from_fn(outputs, hidden, |_, _| normal(FAINT)),
            outward_offset: DVector::zeros(outputs),
        }
    }

    /// Outputs for a batch, a column for each sample.
    pub fn pass(&self, inputs: DMatrix<f64>) -> Pass {
        let before = plus(&self.inward * &inputs, &self.inward_offset);
        let hidden = before.map(|x| x * sigmoid(x));
        let outputs = plus(&self.outward * &hidden, &self.outward_offset);
        Pass { inputs, before, hidden, outputs }
    }

    /// Slopes by the units before they are bent, given slopes by the outputs.
    fn bent(&self, pass: &Pass, slopes: &DMatrix<f64>) -> DMatrix<f64> {
        self.outward.tr_mul(slopes).zip_map(&pass.before, |slope, x| {
            let share = sigmoid(x);
            slope * share * (1.0 + x * (1.0 - share))
        })
    }

    /// Slopes by the inputs, given slopes by the outputs.
    pub fn slopes(&self, pass: &Pass, slopes: &DMatrix<f64>) -> DMatrix<f64> {
        self.inward.tr_mul(&self.bent(pass, slopes))
    }

    /// The same, with the slopes by the parameters, summed over the batch, appended to `gradient`.
    pub fn all_slopes(&self, pass: &Pass, slopes: &DMatrix<f64>, gradient: &mut Vec<f64>) -> DMatrix<f64> {
        let bent = self.bent(pass, slopes);
        gradient.extend((&bent * pass.inputs.transpose()).iter());
        gradient.extend(bent.column_sum().iter());
        gradient.extend((slopes * pass.hidden.transpose()).iter());
        gradient.extend(slopes.column_sum().iter());
        self.inward.tr_mul(&bent)
    }

    /// How many parameters there are.
    pub fn size(&self) -> usize {
        self.inward.len() + self.inward_offset.len() + self.outward.len() + self.outward_offset.len()
    }

    /// Appends the parameters, in the order of the gradient.
    pub fn write(&self, parameters: &mut Vec<f64>) {
        parameters.extend(self.inward.iter().chain(self.inward_offset.iter()));
        parameters.extend(self.outward.iter().chain(self.outward_offset.iter()));
    }

    /// Takes `size` parameters, in that order.
    pub fn read(&mut self, parameters: &[f64]) {
        let own = self.inward.iter_mut().chain(self.inward_offset.iter_mut());
        let own = own.chain(self.outward.iter_mut()).chain(self.outward_offset.iter_mut());
        own.zip(parameters).for_each(|(own, x)| *own = *x);
    }
}
