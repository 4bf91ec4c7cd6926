"""Who is who: rows to columns at the least total cost, each row free to go without."""

import numpy as np
from numpy.typing import NDArray

Costs = NDArray[np.float64]


def assign(costs: Costs, miss: float) -> list[int | None]:
    """For each row of `(rows, columns)` costs its column, or None where going without is better.

    Only pairs that cost less than `miss` may be; the sum is least, a row without a column costing
    `miss`. Rows and columns that have only one another are paired at once; the few that several
    compete for are solved by shortest augmenting paths.
    """
    able = costs < miss
    out: list[int | None] = [None] * len(costs)
    choices, rivals = able.sum(axis=1), able.sum(axis=0)
    contested = np.zeros(len(costs), bool)
    for row in np.flatnonzero(choices):
        column = int(np.argmax(able[row]))
        if choices[row] == 1 and rivals[column] == 1:
            out[row] = column
        else:
            contested[row] = True
    rows = np.flatnonzero(contested)
    if rows.size:
        columns = np.flatnonzero(able[rows].any(axis=0))
        part = np.where(able[np.ix_(rows, columns)], costs[np.ix_(rows, columns)], np.inf)
        alone = np.where(np.eye(len(rows), dtype=bool), miss, np.inf)
        for row, column in zip(rows, _solve(np.hstack([part, alone])), strict=True):
            out[row] = int(columns[column]) if column < len(columns) else None
    return out


def _solve(costs: Costs) -> list[int]:
    """The column of each row at the least total (Crouse 2016, after Jonker and Volgenant 1987).

    `costs` is `(rows, columns)`, no more rows than columns, `inf` where a pair may not be; a whole
    assignment must exist.
    """
    count, width = costs.shape
    row_price, column_price = np.zeros(count), np.zeros(width)
    row_of = np.full(width, -1)
    column_of = np.full(count, -1)
    for start in range(count):
        shortest, before, done = np.full(width, np.inf), np.full(width, -1), np.zeros(width, bool)
        row, least, visited = start, 0.0, [start]
        while True:
            reach = least + costs[row] - row_price[row] - column_price
            better = ~done & (reach < shortest)
            shortest[better], before[better] = reach[better], row
            sink = int(np.argmin(np.where(done, np.inf, shortest)))
            least = float(shortest[sink])
            done[sink] = True
            if row_of[sink] < 0:
                break
            row = int(row_of[sink])
            visited.append(row)
        row_price[start] += least
        others = visited[1:]
        row_price[others] += least - shortest[column_of[others]]
        column_price[done] -= least - shortest[done]
        _augment(row_of, column_of, before, sink, start)
    return [int(column) for column in column_of]


def _augment(
    row_of: NDArray[np.int64], column_of: NDArray[np.int64], before: NDArray[np.int64], sink: int, start: int
) -> None:
    """Flip the pairs along the path that ends in `sink`."""
    column = sink
    while True:
        row = int(before[column])
        row_of[column] = row
        column_of[row], column = column, int(column_of[row])
        if row == start:
            return
