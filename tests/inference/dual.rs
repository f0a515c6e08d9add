//! Hyper-dual numbers: exact first and second derivatives of hand-written log densities.

use std::ops::{Add, Div, Mul, Neg, Sub};

use vic::inference::{Block, Target};

/// value + a e1 + b e2 + ab e1 e2 with e1^2 = e2^2 = 0.
#[derive(Clone, Copy, Debug)]
pub struct Dual {
    pub v: f64,
    pub a: f64,
    pub b: f64,
    pub ab: f64,
}

pub fn c(v: f64) -> Dual {
    Dual { v, a: 0.0, b: 0.0, ab: 0.0 }
}

impl Dual {
    fn chain(self, value: f64, first: f64, second: f64) -> Dual {
        Dual {
            v: value,
            a: first * self.a,
            b: first * self.b,
            ab: first * self.ab + second * self.a * self.b,
        }
    }
    pub fn exp(self) -> Dual {
        let e = self.v.exp();
        self.chain(e, e, e)
    }
    pub fn ln(self) -> Dual {
        self.chain(self.v.ln(), 1.0 / self.v, -1.0 / (self.v * self.v))
    }
    pub fn sq(self) -> Dual {
        self * self
    }
    pub fn ln_1p_exp(self) -> Dual {
        let x = self.v;
        let s = 1.0 / (1.0 + (-x).exp());
        let value = if x > 0.0 { x + (-x).exp().ln_1p() } else { x.exp().ln_1p() };
        self.chain(value, s, s * (1.0 - s))
    }
}

impl Add for Dual {
    type Output = Dual;
    fn add(self, o: Dual) -> Dual {
        Dual { v: self.v + o.v, a: self.a + o.a, b: self.b + o.b, ab: self.ab + o.ab }
    }
}
impl Sub for Dual {
    type Output = Dual;
    fn sub(self, o: Dual) -> Dual {
        self + -o
    }
}
impl Neg for Dual {
    type Output = Dual;
    fn neg(self) -> Dual {
        Dual { v: -self.v, a: -self.a, b: -self.b, ab: -self.ab }
    }
}
impl Mul for Dual {
    type Output = Dual;
    fn mul(self, o: Dual) -> Dual {
        Dual {
            v: self.v * o.v,
            a: self.a * o.v + self.v * o.a,
            b: self.b * o.v + self.v * o.b,
            ab: self.ab * o.v + self.a * o.b + self.b * o.a + self.v * o.ab,
        }
    }
}
impl Div for Dual {
    type Output = Dual;
    #[allow(clippy::suspicious_arithmetic_impl)]
    fn div(self, o: Dual) -> Dual {
        self * o.chain(1.0 / o.v, -1.0 / (o.v * o.v), 2.0 / (o.v * o.v * o.v))
    }
}
impl Add<f64> for Dual {
    type Output = Dual;
    fn add(self, o: f64) -> Dual {
        Dual { v: self.v + o, ..self }
    }
}
impl Sub<f64> for Dual {
    type Output = Dual;
    fn sub(self, o: f64) -> Dual {
        Dual { v: self.v - o, ..self }
    }
}
impl Mul<f64> for Dual {
    type Output = Dual;
    fn mul(self, o: f64) -> Dual {
        Dual { v: self.v * o, a: self.a * o, b: self.b * o, ab: self.ab * o }
    }
}

pub fn sum(terms: impl Iterator<Item = Dual>) -> Dual {
    terms.fold(c(0.0), |total, x| total + x)
}

/// A target from a function of hyper-dual numbers.
pub struct Scripted<F> {
    pub dimension: usize,
    pub log_density: F,
}

impl<F: Fn(&[Dual]) -> Dual> Target for Scripted<F> {
    fn dimension(&self) -> usize {
        self.dimension
    }
    fn evaluate(&mut self, positions: &[f64], values: &mut [f64], gradients: &mut [f64]) {
        for (k, z) in positions.chunks(self.dimension).enumerate() {
            for j in 0..self.dimension {
                let mut point: Vec<Dual> = z.iter().map(|x| c(*x)).collect();
                point[j].a = 1.0;
                let result = (self.log_density)(&point);
                values[k] = result.v;
                gradients[k * self.dimension + j] = result.a;
            }
        }
    }
    fn value(&mut self, positions: &[f64], values: &mut [f64]) {
        if self.dimension == 0 {
            values.fill((self.log_density)(&[]).v);
            return;
        }
        for (k, z) in positions.chunks(self.dimension).enumerate() {
            let point: Vec<Dual> = z.iter().map(|x| c(*x)).collect();
            values[k] = (self.log_density)(&point).v;
        }
    }
    fn hessian_vector(&mut self, positions: &[f64], directions: &[f64], products: &mut [f64]) {
        let dimension = self.dimension;
        for (k, (z, d)) in positions.chunks(dimension).zip(directions.chunks(dimension)).enumerate() {
            for j in 0..dimension {
                let mut point: Vec<Dual> =
                    z.iter().zip(d).map(|(x, d)| Dual { v: *x, a: 0.0, b: *d, ab: 0.0 }).collect();
                point[j].a = 1.0;
                products[k * dimension + j] = (self.log_density)(&point).ab;
            }
        }
    }
    fn blocks(&self) -> Vec<Block> {
        vec![Block { name: "z".to_owned(), start: 0, end: self.dimension, ends: 0 }]
    }
}
