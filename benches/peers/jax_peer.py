"""M2 and M3 of the engine's benchmark as jitted double-precision value and gradient under JAX.

    taskset -c 0 python benches/peers/jax_peer.py [COMMAND that runs the engine's benchmark]

Both sides make the same data from the same formulas and are timed in turn, on one thread: a round of the engine, which
prints the microseconds of a call and the values, then a round here. A ratio is JAX's time over the engine's, so higher
is better for the engine; the medians over the rounds are printed as `PEER name ratio target pass|miss`.
"""

import os
import statistics
import subprocess
import sys
import time

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
from jax.scipy.special import gammaln  # noqa: E402

jax.config.update("jax_enable_x64", True)

ROWS, COLUMNS, GROUPS, ROUNDS = 100_000, 50, 1000, 7
TARGETS = {("m2", 1): 3.0, ("m2", 10): 3.0, ("m3", 1): 6.0, ("m3", 10): 10.0}


def numbers(seed, count):
    """The generator of `benches/engine/models.rs`: numbers in (-1, 1)."""
    mask = (1 << 64) - 1
    state = (seed * 0x9E3779B97F4A7C15) & mask | 1
    result = np.empty(count)
    for index in range(count):
        state ^= (state << 13) & mask
        state ^= state >> 7
        state ^= (state << 17) & mask
        result[index] = (state >> 11) / (1 << 52) - 1.0
    return result


def normal(x, scale):
    return -0.5 * jnp.sum(x * x) / (scale * scale)


def logistic():
    x = jnp.asarray(numbers(1, ROWS * COLUMNS).reshape(ROWS, COLUMNS))
    y = jnp.asarray((numbers(2, ROWS) > 0.0).astype(float))

    def density(position, x, y):
        alpha, beta = position[0], position[1:]
        eta = alpha + x @ beta
        return normal(alpha, 2.5) + normal(beta, 1.0) + jnp.sum(y * eta - jax.nn.softplus(eta))

    return density, (x, y), COLUMNS + 1


def negative_binomial():
    x = jnp.asarray(numbers(1, ROWS * 5).reshape(ROWS, 5))
    y = jnp.asarray(np.floor((numbers(2, ROWS) + 1.0) * 25.0))
    group = jnp.asarray(np.floor((numbers(3, ROWS) + 1.0) * 0.5 * GROUPS).astype(np.int32))

    def density(position, x, y, group):
        alpha, log_tau, log_phi, beta, z = position[0], position[1], position[2], position[3:8], position[8:]
        phi = jnp.exp(log_phi)
        eta = alpha + x @ beta + (jnp.exp(log_tau) * z)[group]
        logit = eta - log_phi
        row = y * logit - (y + phi) * jax.nn.softplus(logit) + gammaln(y + phi) - gammaln(phi)
        return jnp.sum(row) + normal(position, 1.0)

    return density, (x, y, group), GROUPS + 8


def engine(command, name, samples):
    """Seconds of a call and the values, from the engine's side."""
    text = subprocess.run([*command, f"peer_{name}_{samples}"], capture_output=True, text=True, check=True).stdout
    line = next(line for line in text.splitlines() if line.startswith("PEER_ENGINE"))
    seconds, *values = map(float, line.split()[3:])
    return seconds, np.asarray(values)


def seconds_of(call):
    start = time.process_time()
    count = 0
    while time.process_time() - start < 0.2:
        jax.block_until_ready(call())
        count += 1
    return (time.process_time() - start) / count


def main():
    command = sys.argv[1:] or ["cargo", "bench", "--quiet", "--locked", "--bench", "engine", "--"]
    print(f"jax {jax.__version__}, numpy {np.__version__}, python {sys.version.split()[0]}")
    for name, make in (("m2", logistic), ("m3", negative_binomial)):
        density, data, dimension = make()
        for samples in (1, 10):
            positions = 0.3 * numbers(7, samples * dimension).reshape(samples, dimension)
            function = jax.value_and_grad(density)
            if samples > 1:
                function = jax.vmap(function, in_axes=(0, *[None] * len(data)))
            function = jax.jit(function)
            argument = jnp.asarray(positions if samples > 1 else positions[0])
            values = np.atleast_1d(function(argument, *data)[0])
            ratios, pairs = [], []
            for _ in range(ROUNDS):
                own, got = engine(command, name, samples)
                assert np.allclose(values, got, rtol=1e-9), (values, got)
                peer = seconds_of(lambda: function(argument, *data))
                pairs.append((own, peer))
                ratios.append(peer / own)
            ratio, target = statistics.median(ratios), TARGETS[name, samples]
            middle = [1e6 * statistics.median(times) for times in zip(*pairs)]
            print(f"  engine {middle[0]:.0f} us, JAX {middle[1]:.0f} us")
            print(f"PEER {name}_{samples}_samples_jax_over_engine {ratio:.2f} {target} {'pass' if ratio >= target else 'miss'}", flush=True)


main()
