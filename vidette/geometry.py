"""Plane geometry in 0..1: boxes (`xyxy`), polygons, lines."""

Box = tuple[float, float, float, float]
Point = tuple[float, float]


def area(box: Box) -> float:
    """Share of the picture that a box covers."""
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def intersection(a: Box, b: Box) -> float:
    """Area that two boxes share."""
    return area((max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])))


def iou(a: Box, b: Box) -> float:
    """Intersection over union, 0..1."""
    shared = intersection(a, b)
    union = area(a) + area(b) - shared
    return shared / union if union > 0 else 0.0


def inside_share(a: Box, b: Box) -> float:
    """Share of `a` that lies in `b`."""
    own = area(a)
    return intersection(a, b) / own if own > 0 else 0.0


def centre(box: Box) -> Point:
    """Middle of a box."""
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def foot(box: Box) -> Point:
    """Bottom centre of a box: where a thing stands."""
    return (box[0] + box[2]) / 2, box[3]


def hull(a: Box, b: Box) -> Box:
    """Smallest box round two boxes."""
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def grow(box: Box, margin: float) -> Box:
    """The box widened by `margin` of its own size on each side, kept inside the picture."""
    dx, dy = (box[2] - box[0]) * margin, (box[3] - box[1]) * margin
    return max(0.0, box[0] - dx), max(0.0, box[1] - dy), min(1.0, box[2] + dx), min(1.0, box[3] + dy)


def distance(a: Point, b: Point) -> float:
    """Euclidean distance."""
    return float(((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5)


def gap(a: Box, b: Box) -> float:
    """Distance between two boxes; 0 where they touch or overlap."""
    dx = max(0.0, a[0] - b[2], b[0] - a[2])
    dy = max(0.0, a[1] - b[3], b[1] - a[3])
    return float((dx * dx + dy * dy) ** 0.5)


def contains(polygon: tuple[Point, ...], point: Point) -> bool:
    """Whether the point is in the polygon (even-odd rule, Shimrat 1962)."""
    x, y = point
    inside = False
    for (x1, y1), (x2, y2) in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside


def polygon_area(polygon: tuple[Point, ...]) -> float:
    """Area of a polygon that does not cross itself (shoelace formula)."""
    pairs = zip(polygon, polygon[1:] + polygon[:1], strict=True)
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in pairs)) / 2


def side(a: Point, b: Point, point: Point) -> float:
    """> 0 where the point is right of a->b as seen on the picture (y grows downwards)."""
    return (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0])


def crossing(a: Point, b: Point, before: Point, after: Point) -> int:
    """+1 if the step before->after crosses a->b from left to right, -1 from right to left, else 0."""
    s1, s2 = side(a, b, before), side(a, b, after)
    if (s1 > 0) == (s2 > 0):
        return 0
    t1, t2 = side(before, after, a), side(before, after, b)
    if (t1 > 0) == (t2 > 0):
        return 0
    return 1 if s2 > 0 else -1
