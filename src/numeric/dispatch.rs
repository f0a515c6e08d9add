//! Instruction sets: which there are, which this machine has, and the one place where code compiled for more than
//! the baseline is entered.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{
    __m128, __m256, __m256d, __m512d, _mm256_cvtps_pd, _mm256_fmadd_pd, _mm512_cvtps_pd, _mm512_fmadd_pd,
};
#[cfg(target_arch = "x86_64")]
use std::mem::transmute;
use std::sync::OnceLock;

use super::lanes::{F8, Lanes, each_times_plus};

/// An instruction set, when code is compiled for it.
pub trait Isa: Copy {
    /// Whether a multiplication and an addition fuse in hardware.
    const FUSED: bool;
    /// Whether the registers hold two dozen vectors of eight, rather than half a dozen.
    const ROOMY: bool = false;

    /// x y + z in each lane. In loops over arrays of vectors, which the compiler does not always see as such.
    #[inline(always)]
    fn multiply_add(x: F8, y: F8, z: F8) -> F8 {
        each_times_plus::<Self, 8>(x, y, z)
    }

    /// Numbers of single precision as such of double precision.
    #[inline(always)]
    fn widen(x: [f32; 8]) -> F8 {
        Lanes(x.map(f64::from))
    }
}

/// What every machine of the target has.
#[derive(Clone, Copy, Debug)]
pub struct Baseline;

/// 256-bit vectors with fused multiply-add. Nothing outside of this file can name it, so that code for it is entered
/// by [`InstructionSet::run`] alone.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug)]
struct Avx2;

/// 512-bit vectors; hidden like the above.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug)]
struct Avx512;

/// What every machine rounds alike, in vectors of any width.
#[derive(Clone, Copy, Debug)]
pub struct Unfused;

/// What every machine rounds alike if products and sums are rounded once; slow where this is done in software.
#[derive(Clone, Copy, Debug)]
pub struct Fused;

impl Isa for Fused {
    const FUSED: bool = true;
}

impl Isa for Unfused {
    const FUSED: bool = false;
}

impl Isa for Baseline {
    const FUSED: bool = cfg!(any(target_arch = "aarch64", target_feature = "fma"));
}

#[cfg(target_arch = "x86_64")]
impl Isa for Avx2 {
    const FUSED: bool = true;

    #[inline(always)]
    fn multiply_add(x: F8, y: F8, z: F8) -> F8 {
        // SAFETY: eight numbers are two vectors of four of the same layout. Code for this type runs inside of
        // `run_avx2` only, which `InstructionSet::run` enters on machines that have the instruction.
        unsafe {
            let x: [__m256d; 2] = transmute(x);
            let y: [__m256d; 2] = transmute(y);
            let z: [__m256d; 2] = transmute(z);
            transmute([_mm256_fmadd_pd(x[0], y[0], z[0]), _mm256_fmadd_pd(x[1], y[1], z[1])])
        }
    }

    #[inline(always)]
    fn widen(x: [f32; 8]) -> F8 {
        // SAFETY: as above; eight numbers of single precision are two vectors of four.
        unsafe {
            let x: [__m128; 2] = transmute(x);
            transmute([_mm256_cvtps_pd(x[0]), _mm256_cvtps_pd(x[1])])
        }
    }
}

#[cfg(target_arch = "x86_64")]
impl Isa for Avx512 {
    const FUSED: bool = true;
    const ROOMY: bool = true;

    #[inline(always)]
    fn multiply_add(x: F8, y: F8, z: F8) -> F8 {
        // SAFETY: eight numbers are one vector of the same layout. Code for this type runs inside of `run_avx512`
        // only, which `InstructionSet::run` enters on machines that have the instruction.
        unsafe {
            let x: __m512d = transmute(x);
            let y: __m512d = transmute(y);
            let z: __m512d = transmute(z);
            transmute(_mm512_fmadd_pd(x, y, z))
        }
    }

    #[inline(always)]
    fn widen(x: [f32; 8]) -> F8 {
        // SAFETY: as above; eight numbers of single precision are one vector of half the width.
        unsafe { transmute(_mm512_cvtps_pd(transmute::<[f32; 8], __m256>(x))) }
    }
}

/// What the compiler may use without asking: vectors of two numbers on the first two.
const BASELINE_NAME: &str = if cfg!(target_arch = "x86_64") {
    "sse2"
} else if cfg!(target_arch = "aarch64") {
    "neon"
} else {
    "scalar"
};

/// Instruction sets of this kind of machine, the widest last.
pub const NAMES: [&str; 3] = [BASELINE_NAME, "avx2", "avx512"];

/// The one setting of a process: which instruction set its programs are compiled for.
static CHOSEN: OnceLock<InstructionSet> = OnceLock::new();

/// A piece of work written once and compiled for each instruction set. `run` is to be `#[inline(always)]`.
pub trait Kernel {
    /// What it returns.
    type Output;
    /// Does the work.
    fn run<I: Isa>(self) -> Self::Output;
}

/// An instruction set that this machine has: values are made only after asking the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstructionSet(Level);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Baseline,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl InstructionSet {
    /// The one every machine has.
    pub const BASELINE: Self = Self(Level::Baseline);

    /// The one that was chosen for this process, else the widest that this machine has.
    pub fn detect() -> Self {
        CHOSEN.get().copied().unwrap_or_else(Self::widest)
    }

    /// Makes it the one that [`Self::detect`] finds, unless one was chosen before: nothing that runs sees it change.
    pub fn choose(self) -> Self {
        *CHOSEN.get_or_init(|| self)
    }

    fn widest() -> Self {
        Self::all().last().copied().unwrap_or(Self::BASELINE)
    }

    /// All that this machine has, the widest last.
    pub fn all() -> Vec<Self> {
        NAMES.into_iter().filter_map(Self::named).collect()
    }

    /// The set of that name, one of [`NAMES`], if this machine has it; `baseline` is the first of them.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "baseline" | BASELINE_NAME => Some(Self::BASELINE),
            #[cfg(target_arch = "x86_64")]
            "avx2" if has_avx2() => Some(Self(Level::Avx2)),
            #[cfg(target_arch = "x86_64")]
            "avx512" if has_avx512() => Some(Self(Level::Avx512)),
            _ => None,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self.0 {
            Level::Baseline => BASELINE_NAME,
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => "avx512",
        }
    }

    /// Whether products and sums are rounded once. Sets that are alike in this agree bit for bit, whatever the width of
    /// their vectors.
    pub fn fused(self) -> bool {
        self.run(IsFused)
    }

    /// Runs a kernel in the form compiled for this instruction set.
    #[inline]
    pub fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self.0 {
            Level::Baseline => kernel.run::<Baseline>(),
            // SAFETY: `Level::Avx2` is made only by `named`, after `has_avx2` found every feature that the callee
            // enables; a processor does not lose features while it runs.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { run_avx2(kernel) },
            // SAFETY: as above, with `Level::Avx512` and `has_avx512`.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { run_avx512(kernel) },
        }
    }
}

struct IsFused;

impl Kernel for IsFused {
    type Output = bool;

    #[inline(always)]
    fn run<I: Isa>(self) -> bool {
        I::FUSED
    }
}

#[cfg(target_arch = "x86_64")]
fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

#[cfg(target_arch = "x86_64")]
fn has_avx512() -> bool {
    has_avx2()
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512bw")
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Avx2>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f,avx512dq,avx512vl,avx512bw")]
fn run_avx512<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Avx512>()
}
