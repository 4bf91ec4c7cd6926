"""Before a scene is followed: how large to work, what is masked out."""

_PIXELS = 130_000  # of the working picture
_WIDTH = 480


def working_width(size: tuple[int, int]) -> int:
    """Width of the working picture: 480 at most, and about 130,000 pixels in all."""
    width, height = size
    fit = (_PIXELS * width / height) ** 0.5
    return max(16, int(min(_WIDTH, width, fit)) // 2 * 2)
