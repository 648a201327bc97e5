"""What the reading of a damaged Arrow file may raise, besides what `validate(full=True)` finds before it does harm."""

import pyarrow as pa

DAMAGES = (pa.ArrowException, OSError, SystemError, MemoryError, ValueError, KeyError, TypeError)
