//! Scalar and vector mathematics: special functions, the lanes that kernels run in, and random numbers. Knows nothing else of the project.

pub mod dispatch;
pub mod entry;
pub mod kernels;
pub mod lanes;
pub mod quadrature;
pub mod random;
pub mod special;
