//! Published blocks, streams however they are cut, and the distribution of what is drawn.

use proptest::prelude::*;
use rand::{Rng, RngExt};

use super::{BLOCKS, Blocks, Generator, philox};
use crate::numeric::dispatch::InstructionSet;
use crate::numeric::special::normal_cdf;

/// Known answers for Philox 4x32 with 10 rounds of the Random123 library (`kat_vectors`): counter, key, block.
const KNOWN: [([u64; 4], [u64; 2], [u64; 4]); 3] = [
    ([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
    ([0xffff_ffff; 4], [0xffff_ffff; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
    (
        [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
        [0xa409_3822, 0x299f_31d0],
        [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
    ),
];

#[test]
fn blocks_are_the_published_ones() {
    for (counter, [low, high], block) in KNOWN {
        let blocks: Blocks = counter.map(|word| [word; BLOCKS]);
        let found = philox(blocks, low | high << 32);
        assert_eq!(found.map(|lanes| lanes[0]), block);
        assert!(found.iter().all(|lanes| lanes.iter().all(|&word| word == lanes[0])));
    }
}

/// Made by another implementation, in Python, that has the known answers; the normals by mpmath.
#[test]
fn seed_stream_and_position_are_key_and_counter() {
    let mut generator = Generator::new(0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210);
    generator.seek(0x1234_5678_9abc_def0);
    let words = [0x32d5_e1c5_6249_96fc, 0xcf94_857f_4f02_42d5, 0xfa76_c6a5_e34d_e124, 0xa7b7_6643_dfc8_cbc6];
    assert_eq!(numbers(generator.clone(), 4), words);
    let mut normals = [0.0; 2];
    generator.normals(&mut normals);
    assert!((normals[0] - 0.248_282_055_600_624_27).abs() < 1e-15, "{normals:?}");
    assert!((normals[1] + 0.617_322_027_365_075_7).abs() < 1e-15, "{normals:?}");
}

fn numbers(mut generator: Generator, count: usize) -> Vec<u64> {
    (0..count).map(|_| generator.next_u64()).collect()
}

#[test]
fn every_instruction_set_draws_the_same_bits() {
    for seed in [0, 7, u64::MAX] {
        let drawn = |set| {
            let generator = Generator::new(seed, 3).with_instruction_set(set);
            let mut normals = vec![0.0; 1003];
            generator.clone().normals(&mut normals);
            (numbers(generator, 100), normals.iter().map(|x| x.to_bits()).collect::<Vec<_>>())
        };
        let all: Vec<_> = InstructionSet::all().into_iter().map(drawn).collect();
        assert!(all.windows(2).all(|pair| pair[0] == pair[1]));
    }
}

proptest! {
    /// However a stream is cut, and wherever it is entered.
    #[test]
    fn numbers_are_functions_of_their_position(
        cuts in prop::collection::vec(0usize..50, 1..12),
        start in 0u64..100,
    ) {
        let count = cuts.iter().sum();
        let mut whole = Generator::new(11, 5);
        whole.seek(start);
        let mut once = vec![0.0; count];
        whole.clone().normals(&mut once);
        let words = numbers(whole.clone(), count);
        let mut parts = vec![];
        for &cut in &cuts {
            let mut elsewhere = Generator::new(11, 5);
            elsewhere.seek(whole.position());
            prop_assert_eq!(numbers(elsewhere, cut), &words[parts.len()..][..cut]);
            let mut part = vec![0.0; cut];
            whole.normals(&mut part);
            parts.extend(part);
        }
        prop_assert_eq!(whole.position(), start + count as u64);
        prop_assert_eq!(once, parts);
    }
}

#[test]
fn bytes_are_those_of_the_numbers_and_values_of_rand_lie_in_their_range() {
    let mut generator = Generator::new(1, 2);
    let mut bytes = [0; 13];
    generator.fill_bytes(&mut bytes);
    let words = numbers(Generator::new(1, 2), 2);
    assert_eq!(bytes[..8], words[0].to_le_bytes());
    assert_eq!(bytes[8..], words[1].to_le_bytes()[..5]);
    assert_eq!(generator.position(), 2);
    assert!((0..1000).all(|_| (0.0..1.0).contains(&generator.random::<f64>())));
}

fn normals(seed: u64, stream: u64, count: usize) -> Vec<f64> {
    let mut normals = vec![0.0; count];
    Generator::new(seed, stream).normals(&mut normals);
    normals
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}

/// Five standard errors, with the variances of the powers of a standard normal.
#[test]
fn normals_have_the_moments_of_the_normal() {
    let count = 200_000;
    let drawn = normals(2, 9, count);
    for (power, moment, variance) in [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)] {
        let found = mean(drawn.iter().map(|x| x.powi(power)));
        let error = (variance / count as f64).sqrt();
        assert!((found - moment).abs() < 5.0 * error, "power {power}: {found} for {moment}");
    }
}

/// Kolmogorov and Smirnov's distance; 1.95 / sqrt(n) is passed with probability 0.1 %.
#[test]
fn normals_have_the_distribution_of_the_normal() {
    let count = 100_000;
    for start in [0, 1] {
        let mut drawn: Vec<f64> = normals(3, 1, count).into_iter().skip(start).step_by(2).collect();
        drawn.sort_by(f64::total_cmp);
        let n = drawn.len() as f64;
        let distance = |(k, &x): (usize, &f64)| ((k as f64 + 0.5) / n - normal_cdf(x)).abs();
        let largest = drawn.iter().enumerate().map(distance).fold(0.0, f64::max);
        assert!(largest < 1.95 / n.sqrt(), "{largest}");
    }
}

/// Numbers at one position of neighbouring seeds and streams, and neighbours within a stream; squares too, which see
/// what correlations of the two normals of a block would not.
#[test]
fn neighbours_are_independent() {
    let count = 50_000;
    let own = normals(4, 4, count);
    let others = [
        normals(5, 4, count),
        normals(4, 5, count),
        normals(4 << 32, 4, count),
        own[1..].to_vec(),
        own[2..].to_vec(),
    ];
    for (k, other) in others.iter().enumerate() {
        for power in [1, 2] {
            let centre = |x: f64| x.powi(power) - f64::from(power - 1);
            let products = own.iter().zip(other).map(|(&x, &y)| centre(x) * centre(y));
            let error = f64::from(power).powi(2) / (other.len() as f64).sqrt();
            let found = products.sum::<f64>() / other.len() as f64;
            assert!(found.abs() < 5.0 * error, "neighbour {k}, power {power}: {found}");
        }
    }
}

/// Each bit is set in half of the numbers of a stream, and at the beginnings of consecutive streams and seeds.
#[test]
fn bits_are_even() {
    let count = 20_000;
    let along = numbers(Generator::new(6, 0), count);
    let across = (0..count as u64).map(|stream| Generator::new(6, stream).next_u64()).collect();
    let seeds = (0..count as u64).map(|seed| Generator::new(seed, 6).next_u64()).collect();
    for words in [along, across, seeds] {
        for bit in 0..64 {
            let set = words.iter().filter(|&word| word >> bit & 1 == 1).count() as f64;
            assert!((set - count as f64 / 2.0).abs() < 5.0 * (count as f64 / 4.0).sqrt(), "bit {bit}: {set}");
        }
    }
}
