//! For each latent, how its gradient is taken, and why.
