#!/usr/bin/env python3
"""Highest random weight of the default profile, written a second time from its description: prints the golden vectors
of tests/unit/hrw_golden.h. Usage: hrw_golden.py > tests/unit/hrw_golden.h"""

import random

MASK = (1 << 64) - 1
KEY_A, KEY_B, KEY_C = 0x6A09E667F3BCC909, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B
NAME_SEED, KEY_SEED = 0x8D1F0C5E92B7A463, 0x41C6A7D30B9E582F


def fold(a, b):
    product = (a & MASK) * (b & MASK)
    return (product & MASK) ^ (product >> 64)


def word(data, at, size):
    return int.from_bytes(data[at : at + size], "little")


def svcr_hash(seed, data):
    size, at = len(data), 0
    key = (((seed << 32) | (seed >> 32)) & MASK) ^ KEY_A
    state = seed ^ KEY_B
    if size > 16:
        left = size
        if left > 48:
            second, third = state ^ KEY_B, state ^ KEY_C
            while True:
                state = fold(word(data, at, 8) ^ key, word(data, at + 8, 8) ^ state)
                second = fold(word(data, at + 16, 8) ^ key, word(data, at + 24, 8) ^ second)
                third = fold(word(data, at + 32, 8) ^ key, word(data, at + 40, 8) ^ third)
                at, left = at + 48, left - 48
                if left <= 48:
                    break
            state ^= second ^ third
        while left > 16:
            state = fold(word(data, at, 8) ^ key, word(data, at + 8, 8) ^ state)
            at, left = at + 16, left - 16
        a, b = word(data, size - 16, 8), word(data, size - 8, 8)
    elif size >= 8:
        a, b = word(data, 0, 8), word(data, size - 8, 8)
    elif size >= 4:
        a, b = word(data, 0, 4), word(data, size - 4, 4)
    elif size > 0:
        a, b = data[0] << 16 | data[size >> 1] << 8 | data[size - 1], 0
    else:
        a = b = 0
    return fold(fold(a ^ key, b ^ state) ^ KEY_C, key ^ size)


def draw(key, name):
    return fold(svcr_hash(KEY_SEED, key) ^ KEY_A, svcr_hash(NAME_SEED, name) ^ KEY_B)


def cost(value):
    """-log2((value + 1) / 2^64) in 2^-57, rounded up: the least c with 2^(-c / 2^57) <= u, by squaring."""
    if value == MASK:
        return 0
    bits = (value + 1).bit_length()
    m = (value + 1) << (64 - bits)
    fraction = 0
    for _ in range(57):
        square = m * m
        two = square >> 127
        m = square >> 64 if two else square >> 63
        m &= MASK
        fraction = fraction << 1 | two
    return ((64 - bits + 1) << 57) - fraction


def choose(key, names, weights):
    best = None
    for i, name in enumerate(names):
        if weights[i] <= 0:
            continue
        d = draw(key, name)
        if best is None:
            best = i
            continue
        b = draw(key, names[best])
        mine, other = cost(d) * weights[best], cost(b) * weights[i]
        if mine < other or (mine == other and d > b):
            best = i
    return best


def quote(data):
    return '"%s"' % "".join("\\%03o" % c if c < 32 or c > 126 or c in b'"\\?' else chr(c) for c in data)


def main():
    rng = random.Random(20240607)
    sizes = [0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48, 49, 64, 65, 97, 145]
    print("/* Made by tests/sim/hrw_golden.py, a second implementation: do not edit, do not make again\n"
          " * from the library. Frozen. */")
    print("static const struct {\n    const char *key, *name;\n    uint64_t draw, cost;\n} draws[] = {")
    pairs = [(b"192.0.2.7", b"http://10.0.0.%d:80" % i) for i in range(1, 5)]
    pairs += [(bytes(rng.choices(b"abcdefgh0123456789.:/", k=s)), bytes(rng.choices(b"abcdefgh0123456789.:/", k=t)))
              for s, t in zip(sizes, reversed(sizes))]
    for key, name in pairs:
        d = draw(key, name)
        print("    {%s,\n     %s,\n     UINT64_C(0x%016x), UINT64_C(%d)}," % (quote(key), quote(name), d, cost(d)))
    print("};\n")
    print("static const struct {\n    uint64_t draw, cost;\n} costs[] = {")
    values = [0, 1, 2, 3, MASK, MASK - 1, 1 << 63, (1 << 63) - 1, (1 << 63) - 2, 1 << 62, 0xDEADBEEFCAFEF00D]
    values += [MASK - (1 << k) for k in range(3, 63, 7)] + [rng.getrandbits(64) for _ in range(8)]
    for value in values:
        print("    {UINT64_C(0x%016x), UINT64_C(%d)}," % (value, cost(value)))
    print("};\n")
    print("/* Children http://10.0.0.<i>:80 for i = 0 .. 7; weights; winners by key \"10.1.0.<k>\", k = 0 .. 31. */")
    print("static const struct {\n    int64_t weights[8];\n    const char *winners;\n} choices[] = {")
    names = [b"http://10.0.0.%d:80" % i for i in range(8)]
    for weights in ([1] * 8, [1, 2, 3, 4, 5, 6, 7, 8], [0, 1, 0, 1, 99, 1, 0, 1], [1000000007, 1, 1, 1, 1, 1, 1, 1 << 40],
                    [7, 7, 7, 7, 7, 7, 7, 0]):
        winners = "".join(str(choose(b"10.1.0.%d" % k, names, weights)) for k in range(32))
        print("    {{%s},\n     \"%s\"}," % (", ".join(str(w) for w in weights), winners))
    print("};")


main()
