"""What kind of disk is this folder on?

SQLite's write-ahead log needs memory shared between processes and locks that work, which a network
file system does not give.
"""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["is_network"]

_NETWORK = re.compile(
    r"^(9p|afs|beegfs|ceph|cifs|fhgfs|gfs2?|gpfs|lustre|ncpfs|nfs\d?|ocfs2|orangefs|panfs|pvfs2"
    r"|smb\d?|smbfs|wekafs|fuse\..*)$"
)


def is_network(path: Path, mounts: Path = Path("/proc/mounts")) -> bool:
    """Whether ``path`` lies on a network file system; True, the careful answer, where unknown."""
    try:
        text = mounts.read_text(encoding="utf-8", errors="replace")
    except OSError:  # not Linux
        return True
    resolved = path.resolve()
    kind, depth = "", -1
    for line in text.splitlines():
        _device, point, candidate, *_options = line.split(" ")
        mounted = Path(_unescape(point))
        if resolved.is_relative_to(mounted) and len(mounted.parts) >= depth:
            kind, depth = candidate, len(mounted.parts)
    return not kind or _NETWORK.match(kind) is not None


def _unescape(point: str) -> str:
    """Undo the octal escapes of blanks in a mount point."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match.group(1), 8)), point)
