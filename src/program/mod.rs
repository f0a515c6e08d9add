//! A graph compiled for repeated evaluation at batches of positions.
