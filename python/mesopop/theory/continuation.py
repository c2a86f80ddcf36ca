"""A curve of fixed points through a parameter, folds included: pseudo-arclength continuation.

The curve F(z, p) = 0 of the inputs z and the parameter p is followed by its length: from a point and
the tangent there to a predicted point, and from that back to the curve at right angles to the tangent
(Keller 1977). Lengths are measured in units of the range of p, and of a typical change of z.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from attrs import field, frozen
from scipy.optimize import brentq, root

from mesopop.arrays import FloatArray

FIRST, LONGEST, SHORTEST = 0.01, 0.04, 1e-6  # steps
LARGEST_TURN = 0.15  # of the tangent in one step, radians
DIFFERENCE = 1e-6  # for derivatives
TOLERANCE = 1e-9  # of F, in units of a typical change of z
MOST_POINTS = 2000


@frozen
class CurvePoint:
    """A point (z, p) of a curve in scaled coordinates, with the tangent there."""

    position: FloatArray
    tangent: FloatArray


@frozen(eq=False)
class Curve:
    """The curve F(z, p) = 0 for p in a range.

    Parameters
    ----------
    excess : callable
        F of inputs of shape (n,) and a parameter.
    low, high : float
        Range of the parameter.
    scale : ndarray, shape (n,)
        Typical changes of the inputs.
    """

    excess: Callable[[FloatArray, float], FloatArray] = field(repr=False)
    low: float
    high: float
    scale: FloatArray

    def inputs(self, position: FloatArray) -> FloatArray:
        """z at a point."""
        return np.asarray(position[:-1] * self.scale)

    def parameter(self, position: FloatArray) -> float:
        """p at a point."""
        return float(self.low + position[-1] * (self.high - self.low))

    def position(self, z: FloatArray, p: float) -> FloatArray:
        """Scaled coordinates of (z, p)."""
        return np.append(z / self.scale, (p - self.low) / (self.high - self.low))

    def follow(self, z: FloatArray, p: float, direction: float) -> list[CurvePoint]:
        """From a point at parameter p until the curve leaves the range; up or down in p at first.

        Raises
        ------
        ArithmeticError
            If the curve is lost, or does not end.
        """
        start = self.position(z, p)
        guess = np.zeros(len(start))
        guess[-1] = direction
        points = [CurvePoint(start, self._tangent(start, guess))]
        step = FIRST
        while len(points) < MOST_POINTS:
            last = points[-1]
            new = self.at(last, step)
            if new is not None and not 0 <= new.position[-1] <= 1:
                end = self._end(last, new)
                return points if end is None else [*points, end]
            turn = math.pi if new is None else _angle(last.tangent, new.tangent)
            if new is None or turn > LARGEST_TURN:
                step /= 2
                if step < SHORTEST:
                    raise ArithmeticError(
                        f"the curve of fixed points is lost at {self.parameter(last.position):.6g}"
                    )
                continue
            points.append(new)
            if len(points) > 3 and np.linalg.norm(new.position - start) < 0.5 * step:
                return [*points, points[0]]  # a closed curve
            if turn < LARGEST_TURN / 3:
                step = min(1.5 * step, LONGEST)
        raise ArithmeticError(
            f"the curve of fixed points has not ended after {MOST_POINTS} points, "
            f"at {self.parameter(points[-1].position):.6g}"
        )

    def at(self, last: CurvePoint, length: float) -> CurvePoint | None:
        """The point that lies so far along the tangent of a point; None if it is not found."""
        predicted = last.position + length * last.tangent

        def conditions(position: FloatArray) -> FloatArray:
            along = last.tangent @ (position - predicted)
            return np.append(self._scaled_excess(position), along)

        found = root(conditions, predicted, method="hybr", options={"xtol": 1e-12})
        if np.abs(found.fun).max() > TOLERANCE:
            return None
        return CurvePoint(found.x, self._tangent(found.x, last.tangent))

    def crossing(
        self, last: CurvePoint, new: CurvePoint, sign: Callable[[CurvePoint], float]
    ) -> CurvePoint:
        """Between two neighbours, the point where a function of points changes its sign."""
        whole = float(last.tangent @ (new.position - last.position))
        between = {0.0: last, whole: new}

        def value(length: float) -> float:
            if length not in between:
                point = self.at(last, length)
                if point is None:
                    raise ArithmeticError("the curve of fixed points is lost")
                between[length] = point
            return sign(between[length])

        length = brentq(value, 0.0, whole, xtol=1e-9, rtol=1e-9)
        value(length)
        return between[length]

    def _end(self, last: CurvePoint, new: CurvePoint) -> CurvePoint | None:
        # At the border of the range, which the curve leaves between the two.
        border = 0.0 if new.position[-1] < 0 else 1.0
        share = (border - last.position[-1]) / (new.position[-1] - last.position[-1])
        guess = last.position + share * (new.position - last.position)

        def excess(z: FloatArray) -> FloatArray:
            return self._scaled_excess(np.append(z, border))

        found = root(excess, np.asarray(guess[:-1]), method="hybr", options={"xtol": 1e-12})
        if np.abs(found.fun).max() > TOLERANCE:
            return None
        position = np.append(found.x, border)
        return CurvePoint(position, self._tangent(position, new.tangent))

    def _scaled_excess(self, position: FloatArray) -> FloatArray:
        # Parameters beyond the range may mean nothing: there, those of the border.
        p = min(max(self.parameter(position), self.low), self.high)
        return np.asarray(self.excess(self.inputs(position), p) / self.scale)

    def _tangent(self, position: FloatArray, like: FloatArray) -> FloatArray:
        # Null vector of the derivative, in the direction of another one.
        columns = []
        for i in range(len(position)):
            # Away from the border of the range.
            side = -1.0 if i == len(position) - 1 and position[i] > 0.5 else 1.0
            moved = position.copy()
            moved[i] += side * DIFFERENCE
            back = position.copy()
            if i < len(position) - 1:
                back[i] -= side * DIFFERENCE
            change = self._scaled_excess(moved) - self._scaled_excess(back)
            columns.append(change / (moved[i] - back[i]))
        tangent = np.linalg.svd(np.array(columns).T)[2][-1]
        return np.asarray(tangent if tangent @ like >= 0 else -tangent)


def _angle(a: FloatArray, b: FloatArray) -> float:
    return math.acos(min(max(float(a @ b), -1.0), 1.0))
