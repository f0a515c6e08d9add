//! Random numbers by counting: a number is a function of a seed, a stream and a position in it alone, so streams have
//! the same numbers however many are asked for at once, wherever one begins, and on every machine.

use std::convert::Infallible;

use rand::{SeedableRng, TryRng};

use super::dispatch::{InstructionSet, Isa, Kernel, Unfused};
use super::kernels::circular::sine_and_cosine_of_turns;
use super::kernels::elementary::log;
#[cfg(test)]
mod tests;

/// Blocks made together: two vectors, since the rounds of one wait for each other.
const BLOCKS: usize = 16;
/// Numbers made together: two for each block.
const POOL: usize = 2 * BLOCKS;

/// Blocks of four 32-bit numbers, each in a 64-bit lane.
type Blocks = [[u64; BLOCKS]; 4];

/// Philox 4x32 with 10 rounds (Salmon, Moraes, Dror and Shaw 2011), two 64-bit numbers from each block. The seed is
/// the key; the stream is the upper half of the counter, and the position, halved, the lower.
#[derive(Clone, Debug)]
pub struct Generator {
    seed: u64,
    stream: u64,
    position: u64,
    /// Which pool is held; none at first.
    held: Option<u64>,
    pool: [u64; POOL],
    set: InstructionSet,
}

impl Generator {
    /// The stream of that number of a seed, from its beginning.
    pub fn new(seed: u64, stream: u64) -> Self {
        Self { seed, stream, position: 0, held: None, pool: [0; POOL], set: InstructionSet::detect() }
    }

    /// The same, computed by another instruction set.
    #[must_use]
    pub fn with_instruction_set(self, set: InstructionSet) -> Self {
        Self { set, ..self }
    }

    /// How many numbers were taken.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Goes to the number of that position.
    pub fn seek(&mut self, position: u64) {
        self.position = position;
    }

    /// Takes as many numbers as there are places, and makes each a standard normal. Normals are a function of their
    /// position, as all numbers are: the array of S samples of D latents that starts a stream has latent d of sample s
    /// at position s D + d, whatever else is drawn. Largest absolute value 8.5.
    pub fn normals(&mut self, out: &mut [f64]) {
        self.set.run(Normals { seed: self.seed, stream: self.stream, from: self.position, out });
        self.position += out.len() as u64;
    }

    #[inline(always)]
    fn next(&mut self) -> u64 {
        let pool = self.position / POOL as u64;
        if self.held != Some(pool) {
            self.hold(pool);
        }
        let number = self.pool[self.position as usize % POOL];
        self.position += 1;
        number
    }

    #[cold]
    #[inline(never)]
    fn hold(&mut self, pool: u64) {
        self.held = Some(pool);
        self.set.run(Words { seed: self.seed, stream: self.stream, pool, out: &mut self.pool });
    }
}

impl TryRng for Generator {
    type Error = Infallible;

    #[inline]
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.next() as u32)
    }

    #[inline]
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.next())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(size_of::<u64>()) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

impl SeedableRng for Generator {
    type Seed = [u8; 8];

    fn from_seed(seed: [u8; 8]) -> Self {
        Self::new(u64::from_le_bytes(seed), 0)
    }

    fn seed_from_u64(seed: u64) -> Self {
        Self::new(seed, 0)
    }
}

const LOW: u64 = 0xffff_ffff;
const MULTIPLIERS: [u64; 2] = [0xd251_1f53, 0xcd9e_8d57];
/// What is added to the halves of the key after each round.
const WEYL: [u64; 2] = [0x9e37_79b9, 0xbb67_ae85];
const ROUNDS: usize = 10;

/// The blocks of some counters. All lanes are below 2^32, hence products are those of 32-bit numbers. No closures, for
/// the reason given at `lanes!`.
#[allow(
    clippy::needless_range_loop,
    reason = "one lane of several arrays at a time, in the form that is vectorised"
)]
#[inline(always)]
fn philox(mut blocks: Blocks, seed: u64) -> Blocks {
    let mut key = [seed & LOW, seed >> 32];
    for _ in 0..ROUNDS {
        for lane in 0..BLOCKS {
            let left = (blocks[0][lane] & LOW) * MULTIPLIERS[0];
            let right = (blocks[2][lane] & LOW) * MULTIPLIERS[1];
            blocks[0][lane] = (right >> 32) ^ blocks[1][lane] ^ key[0];
            blocks[1][lane] = right & LOW;
            blocks[2][lane] = (left >> 32) ^ blocks[3][lane] ^ key[1];
            blocks[3][lane] = left & LOW;
        }
        key = [(key[0] + WEYL[0]) & LOW, (key[1] + WEYL[1]) & LOW];
    }
    blocks
}

/// The two numbers of each block of a pool.
#[allow(
    clippy::needless_range_loop,
    reason = "one lane of several arrays at a time, in the form that is vectorised"
)]
#[inline(always)]
fn words(seed: u64, stream: u64, pool: u64) -> [[u64; BLOCKS]; 2] {
    let mut counters: Blocks = [[0; BLOCKS], [0; BLOCKS], [stream & LOW; BLOCKS], [stream >> 32; BLOCKS]];
    for lane in 0..BLOCKS {
        let block = pool.wrapping_mul(BLOCKS as u64).wrapping_add(lane as u64);
        (counters[0][lane], counters[1][lane]) = (block & LOW, block >> 32);
    }
    let blocks = philox(counters, seed);
    let mut words = [[0; BLOCKS]; 2];
    for lane in 0..BLOCKS {
        words[0][lane] = blocks[0][lane] | blocks[1][lane] << 32;
        words[1][lane] = blocks[2][lane] | blocks[3][lane] << 32;
    }
    words
}

/// The numbers of a pool in order.
struct Words<'a> {
    seed: u64,
    stream: u64,
    pool: u64,
    out: &'a mut [u64; POOL],
}

impl Kernel for Words<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let [even, odd] = words(self.seed, self.stream, self.pool);
        for lane in 0..BLOCKS {
            (self.out[2 * lane], self.out[2 * lane + 1]) = (even[lane], odd[lane]);
        }
    }
}

/// Standard normals from a position on.
struct Normals<'a> {
    seed: u64,
    stream: u64,
    from: u64,
    out: &'a mut [f64],
}

impl Kernel for Normals<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Isa>(self) {
        let Self { seed, stream, mut from, mut out } = self;
        while !out.is_empty() {
            let (pool, skipped) = (from / POOL as u64, (from % POOL as u64) as usize);
            let (part, rest) = out.split_at_mut((POOL - skipped).min(out.len()));
            let normals = box_muller(words(seed, stream, pool));
            part.copy_from_slice(&normals[skipped..][..part.len()]);
            (from, out) = (from + part.len() as u64, rest);
        }
    }
}

/// Two normals from two numbers (Box and Muller 1958), rounded alike by all instruction sets.
#[inline(always)]
fn box_muller([radii, turns]: [[u64; BLOCKS]; 2]) -> [f64; POOL] {
    let (mut cosines, mut sines) = ([0.0; BLOCKS], [0.0; BLOCKS]);
    for lane in 0..BLOCKS {
        // In (0, 1], so that the logarithm is finite.
        let radius = (-2.0 * log::<Unfused>(1.0 - fraction(radii[lane]))).sqrt();
        let (sine, cosine) = sine_and_cosine_of_turns::<Unfused>(fraction(turns[lane]));
        (cosines[lane], sines[lane]) = (radius * cosine, radius * sine);
    }
    let mut normals = [0.0; POOL];
    for lane in 0..BLOCKS {
        (normals[2 * lane], normals[2 * lane + 1]) = (cosines[lane], sines[lane]);
    }
    normals
}

/// The upper 52 bits as a number in [0, 1).
#[inline(always)]
fn fraction(word: u64) -> f64 {
    f64::from_bits(1f64.to_bits() | word >> 12) - 1.0
}
