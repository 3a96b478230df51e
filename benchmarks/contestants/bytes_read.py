"""The bytes of all files through Arrow's file, block by block: nothing is made of them.

python bytes_read.py EXPORTS/pendo
"""

import sys
from pathlib import Path

import pyarrow as pa

BLOCK = 1 << 20

total = 0
for path in sorted(Path(sys.argv[1]).iterdir()):
    with pa.OSFile(str(path)) as file:
        while size := file.read_buffer(BLOCK).size:
            total += size
print(total)
