//! A model with data as an objective: log joint density on unconstrained space, layout, gradients.
