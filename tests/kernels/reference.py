"""Reference values of the kernels, by mpmath 1.3 with 60 digits: `python3 tests/kernels/reference.py`.

Writes `reference.txt`: after a line `# FUNCTION RANGE`, a line for each point with the bits of the argument, the bits
of the nearest double to the value, and by how many thousandths of a unit of its last place the value lies above it.
"""

import math
import os
import random
import struct

from mpmath import mp, mpf

mp.dps = 60
COUNT = 64


def bits(x):
    return struct.unpack("<Q", struct.pack("<d", x))[0]


def value(b):
    return struct.unpack("<d", struct.pack("<Q", b))[0]


def uniform(low, high):
    return lambda draw: draw.uniform(low, high)


def scaled(low, high):
    """Even in the exponent, positive; not exponentials of doubles, whose logarithms would be doubles."""
    return lambda draw: math.exp(draw.uniform(math.log(low), math.log(high / 2))) * draw.uniform(1, 2)


def around(centre, widest, narrowest):
    """On both sides of a point, at distances even in the exponent."""
    return lambda draw: centre + draw.choice([-1, 1]) * scaled(narrowest, widest)(draw)


def denormal(draw):
    return value(draw.randrange(1, 1 << draw.randrange(1, 53)))


def softplus(x):
    return mp.log1p(mp.exp(x)) if x < 0 else x + mp.log1p(mp.exp(-x))


def sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def log_normal_cdf(x):
    return mp.log1p(-mp.erfc(x / mp.sqrt(2)) / 2) if x > 0 else mp.log(mp.erfc(-x / mp.sqrt(2)) / 2)


def normal_quantile(p):
    if p == mpf(1) / 2:
        return mpf(0)
    t = mp.sqrt(-2 * mp.log(min(p, 1 - p)))
    x = t - (2.515517 + 0.802853 * t + 0.010328 * t**2) / (1 + 1.432788 * t + 0.189269 * t**2 + 0.001308 * t**3)
    low = min(p, 1 - p)
    x = -x
    for _ in range(8):
        # Newton on log Phi(x) = log p.
        cdf = mp.erfc(-x / mp.sqrt(2)) / 2
        x -= (mp.log(cdf) - mp.log(low)) * cdf / mp.npdf(x)
    return x if p < mpf(1) / 2 else -x


def log_gamma(x):
    return mp.log(abs(mp.gamma(x))) if x < 0 else mp.loggamma(x)


ROOT = 1.4616321449683622
LEFT = [-2.4570247382208006, -2.7476826467274127]

WIDE = [("low", uniform(-745, -40)), ("left", uniform(-40, -1)), ("middle", uniform(-1, 1)),
        ("tiny", around(0, 1e-3, 1e-300)), ("right", uniform(1, 40)), ("high", uniform(40, 709))]

GAMMA = [("denormal", denormal), ("near 0", scaled(1e-300, 1e-3)), ("to 1", uniform(1e-3, 1)), ("at 1", around(1, 1e-2, 1e-15)),
         ("to 2", uniform(1, 2)), ("at 2", around(2, 1e-2, 1e-15)), ("to 7", uniform(2, 7)), ("at 7", around(7, 1e-1, 1e-15)),
         ("to 30", uniform(7, 30)), ("large", scaled(30, 1e300))]

FUNCTIONS = {
    "exp": (mp.exp, WIDE + [("to denormals", uniform(-745, -708))]),
    "expm1": (mp.expm1, WIDE),
    "log": (mp.log, [("denormal", denormal), ("all", scaled(1e-307, 1e308)), ("at 1", around(1, 1e-1, 1e-15)),
                     ("ordinary", uniform(0, 100))]),
    "log1p": (mp.log1p, [("to -1", lambda draw: -1 + scaled(1e-15, 0.5)(draw)), ("middle", uniform(-0.5, 1)),
                         ("tiny", around(0, 1e-3, 1e-300)), ("large", scaled(1, 1e308)), ("denormal", denormal)]),
    "tanh": (mp.tanh, [("middle", uniform(-1, 1)), ("tiny", around(0, 1e-3, 1e-300)), ("right", uniform(1, 23)),
                       ("left", uniform(-23, -1)), ("denormal", denormal)]),
    "softplus": (softplus, WIDE),
    "sigmoid": (sigmoid, WIDE),
    "lgamma": (log_gamma, GAMMA),
    "digamma": (mp.digamma, GAMMA[1:] + [("at root", around(ROOT, 1e-3, 1e-15))]),
    "trigamma": (lambda x: mp.zeta(2, x), [("near 0", scaled(1e-150, 1e-3))] + GAMMA[2:]),
    "sine_of_turns": (lambda x: mp.sin(2 * mp.pi * x), [("four turns", uniform(-4, 4)), ("tiny", around(0, 1e-3, 1e-300))]),
    "cosine_of_turns": (lambda x: mp.cos(2 * mp.pi * x), [("four turns", uniform(-4, 4)), ("tiny", around(0, 1e-3, 1e-300))]),
    "erf": (mp.erf, [("middle", uniform(-1, 1)), ("tiny", around(0, 1e-3, 1e-300)), ("right", uniform(1, 6)),
                     ("left", uniform(-6, -1))]),
    "erfc": (mp.erfc, [("left", uniform(-6, 0)), ("middle", uniform(0, 2)), ("tail", uniform(2, 10)), ("far", uniform(10, 26.5))]),
    "log_normal_cdf": (log_normal_cdf, [("far", uniform(-1e5, -38)), ("tail", uniform(-38, -5)), ("left", uniform(-5, 0)),
                                        ("right", uniform(0, 5)), ("high", uniform(5, 38))]),
    "normal_quantile": (normal_quantile, [("tail", scaled(1e-300, 1e-10)), ("low", scaled(1e-10, 0.02425)),
                                          ("left", uniform(0.02425, 0.5)), ("at 1/2", around(0.5, 1e-2, 1e-15)),
                                          ("right", uniform(0.5, 0.97575)),
                                          ("high", lambda draw: 1 - scaled(1e-15, 0.02425)(draw))]),
    "lgamma_left": (log_gamma, [("left", uniform(-30, 0)), ("at zeros", lambda draw: draw.choice(LEFT) + around(0, 1e-2, 1e-15)(draw))]),
    "digamma_left": (mp.digamma, [("left", uniform(-30, 0))]),
}


def line(function, x):
    exact = function(mpf(x))
    nearest = float(exact)
    above = (exact - mpf(nearest)) / mpf(math.ulp(nearest))
    return "%016x %016x %d" % (bits(x), bits(nearest), round(1000 * above))


def main():
    lines = []
    for name, (function, ranges) in FUNCTIONS.items():
        for label, points in ranges:
            draw = random.Random(name + label)
            lines.append("# %s %s" % (name, label))
            lines.extend(line(function, points(draw)) for _ in range(COUNT))
    with open(os.path.join(os.path.dirname(__file__), "reference.txt"), "w") as out:
        out.write("\n".join(lines) + "\n")


main()
