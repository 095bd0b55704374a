"""Payload: arrays go in, text comes out that a script in the page makes the same arrays of.

Each array is a zlib stream of its own, which browsers decompress by themselves; all of them in a row are
one text in base64, and a table tells where each begins. Moments of a layer are bytes: a unit's weights are
-127 to 127 of its largest one at that moment, and what is stored is by how much that has changed since the
moment before. Such differences hold no repetitions worth a search: Huffman's codes alone are smaller
than zlib's level 6, and take a tenth of its time.
"""

from __future__ import annotations

import zlib
from base64 import b64encode
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

KINDS = {"i1": np.int8, "u1": np.uint8, "i4": np.int32, "f4": np.float32}
_LARGEST = 127
_TINY = float(np.finfo(np.float32).tiny)
Row = dict[str, Any]


class Payload:
    """Arrays on their way into a page.

    Attributes:
        table: Per array its name, kind, shape, and the bytes from start to end of its stream.
    """

    def __init__(self) -> None:
        self.table: list[Row] = []
        self._streams: list[bytes] = []
        self._end = 0

    def add(self, name: str, kind: str, values: NDArray[Any], *, search: bool = True) -> None:
        """Add an array.

        Args:
            name: By which the page knows it.
            kind: One of KINDS.
            values: Of any shape.
            search: Whether it is worth while to look for repetitions.
        """
        how = zlib.Z_DEFAULT_STRATEGY if search else zlib.Z_HUFFMAN_ONLY
        deflate = zlib.compressobj(6, zlib.DEFLATED, zlib.MAX_WBITS, 9, how)
        data = np.ascontiguousarray(values, np.dtype(KINDS[kind]).newbyteorder("<"))
        stream = deflate.compress(data.tobytes()) + deflate.flush()
        start, self._end = self._end, self._end + len(stream)
        self.table.append(
            {"name": name, "kind": kind, "shape": data.shape, "start": start, "end": self._end}
        )
        self._streams.append(stream)

    def add_moments(self, name: str, layers: Sequence[NDArray[np.float32]]) -> None:
        """Add a layer's moments: all but the last in bytes, and the last one as it is.

        Args:
            name: Of the layer; its arrays are NAME.steps, NAME.scale and NAME.last.
            layers: Per moment (1 + fan_in, units).
        """
        before = np.zeros(layers[0].shape, np.int8)
        steps = np.empty((len(layers) - 1, *layers[0].shape), np.int8)
        scales = np.empty((len(layers) - 1, layers[0].shape[1]), np.float32)
        for number, values in enumerate(layers[:-1]):
            scales[number] = np.maximum(np.abs(values).max(axis=0) / _LARGEST, _TINY)
            levels = np.rint(values / scales[number]).clip(-_LARGEST, _LARGEST).astype(np.int8)
            steps[number] = levels - before  # modulo 256, as the page adds them up
            before = levels
        self.add(f"{name}.steps", "i1", steps, search=False)
        self.add(f"{name}.scale", "f4", scales)
        self.add(f"{name}.last", "f4", layers[-1], search=False)

    def text(self) -> str:
        """Return all streams in base64."""
        return b64encode(b"".join(self._streams)).decode("ascii")
