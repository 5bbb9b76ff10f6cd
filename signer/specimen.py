"""A specimen signature for development identities, drawn as a pen would draw it.

Real identities sign with the image of their owner's hand. A development identity has no owner, so
its signature is made from its name: the same name, the same line; another name, another line.

The pen follows a sum of a steady drift and two loops, after a capital's bow and before a
flourish, and the line is thin where the pen is fast, as ink is.
"""

import hashlib
from math import cos, hypot, pi, sin, tau

INK = "#1d3f9a"
STEPS = 420
WIDEST, THINNEST = 2.3, 0.55


def specimen_svg(name: str, width: float, height: float) -> str:
    """Return an SVG picture of `width` by `height` points of the signature for `name`."""
    pen = _fitted(list(_path(name)), width, height)
    left: list[tuple[float, float]] = []
    right: list[tuple[float, float]] = []
    speeds = [
        hypot(pen[i + 1][0] - pen[i][0], pen[i + 1][1] - pen[i][1]) for i in range(len(pen) - 1)
    ]
    usual = sorted(speeds)[len(speeds) // 2] or 1.0
    nib = WIDEST
    for i in range(1, len(pen) - 1):
        dx, dy = pen[i + 1][0] - pen[i - 1][0], pen[i + 1][1] - pen[i - 1][1]
        length = hypot(dx, dy) or 1.0
        wanted = max(THINNEST, min(WIDEST, 1.35 * usual / (speeds[i] or usual)))
        nib += (wanted - nib) * 0.12  # ink does not jump
        end = min(1.0, i / 8, (len(pen) - i) / 26)
        half = nib * end / 2
        left.append((pen[i][0] - dy / length * half, pen[i][1] + dx / length * half))
        right.append((pen[i][0] + dy / length * half, pen[i][1] - dx / length * half))
    # Quads overlap where the line crosses itself; one outline with a fill rule would leave holes.
    quads = "".join(
        f"M{a[0]:.2f} {a[1]:.2f}L{b[0]:.2f} {b[1]:.2f}L{c[0]:.2f} {c[1]:.2f}L{d[0]:.2f} {d[1]:.2f}Z"
        for a, b, c, d in zip(left, left[2:], right[2:], right, strict=False)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}"><path d="{quads}" fill="{INK}" fill-rule="nonzero"/></svg>'
    )


def _path(name: str) -> list[tuple[float, float]]:
    seed = hashlib.sha256(name.encode()).digest()

    def pick(index: int, low: float, high: float) -> float:
        return low + (high - low) * seed[index] / 255

    loops = round(pick(0, 4, 7))
    lean = pick(1, 0.25, 0.5)
    tall, low = pick(2, 0.9, 1.4), pick(3, 0.22, 0.36)
    round_, phase = pick(4, 0.30, 0.5), pick(5, -0.5, 0.5)
    points: list[tuple[float, float]] = []
    # the capital: up, over and down in one bow
    bow = pick(6, 0.8, 1.3)
    for k in range(STEPS // 5):
        t = k / (STEPS // 5)
        angle = -0.6 * pi + t * 1.75 * pi
        points.append((0.55 * bow * cos(angle) + 0.55 * t, 0.95 * tall * sin(angle) + 0.25))
    x0, y0 = points[-1]
    # the name: loops that shrink as the hand hurries
    start = 0.0
    for k in range(STEPS * 3 // 5):
        t = k / (STEPS * 3 // 5)
        angle = pi + t * loops * tau
        size = low + (0.55 * tall - low) * (0.5 + 0.5 * cos(t * tau * 1.5 + phase)) * (1 - 0.55 * t)
        y = size * (sin(angle) + 0.2 * sin(2.1 * angle + phase))
        x = t * 3.4 + round_ * size * (1 + cos(angle))
        if k == 0:
            start = y
        points.append((x0 + x + lean * y, y0 + (y - start) + 0.2 * t))
    # the flourish: back under the name and out to the right, rising
    x1, y1 = points[-1]
    dip, back, out = pick(7, 0.7, 1.0), pick(8, 2.4, 3.2), pick(9, 1.0, 1.9)
    for k in range(STEPS // 5):
        t = k / (STEPS // 5)
        a, b = (1 - t), t
        x = a**3 * x1 + 3 * a * a * b * (x1 + 1.1) + 3 * a * b * b * (x1 - back) + b**3 * (x1 + out)
        y = (
            a**3 * y1
            + 3 * a * a * b * (y1 - 1.4 * dip)
            + 3 * a * b * b * (y1 - 1.5 * dip)
            + b**3 * (y1 + 0.55)
        )
        points.append((x, y))
    return points


def _fitted(
    points: list[tuple[float, float]], width: float, height: float
) -> list[tuple[float, float]]:
    """Scale into the box with a margin for the nib, y downwards, a little uphill."""
    points = [(x, y + 0.07 * x) for x, y in points]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    scale = min((width - 4) / (max(xs) - min(xs)), (height - 4) / (max(ys) - min(ys)))
    shift_x = (width - scale * (max(xs) - min(xs))) / 2
    shift_y = (height - scale * (max(ys) - min(ys))) / 2
    return [
        (shift_x + scale * (x - min(xs)), height - shift_y - scale * (y - min(ys)))
        for x, y in points
    ]
