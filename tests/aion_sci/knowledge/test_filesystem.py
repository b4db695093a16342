"""Network disks are recognised from the table of mounts."""

from __future__ import annotations

from pathlib import Path

import pytest

from aion_sci.knowledge.filesystem import is_network

_MOUNTS = r"""/dev/sda / ext4 rw 0 0
server:/home /home nfs4 rw 0 0
/dev/sdb /home/local xfs rw 0 0
gpfs /scratch gpfs rw 0 0
sshfs /mnt/my\040disk fuse.sshfs rw 0 0
/dev/sdc /srv ext4 rw 0 0
server:/srv /srv nfs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "network"),
    [
        ("/data/store", False),
        ("/home/me/store", True),
        ("/homework/store", False),
        ("/home/local/store", False),
        ("/scratch", True),
        ("/mnt/my disk/store", True),
        ("/srv/store", True),  # of two mounts on one point the later one hides the earlier
    ],
)
def test_the_deepest_mount_decides(tmp_path: Path, path: str, network: bool):
    mounts = tmp_path / "mounts"
    mounts.write_text(_MOUNTS)
    assert is_network(Path(path), mounts) is network


def test_an_unknown_system_is_treated_with_care(tmp_path: Path):
    assert is_network(tmp_path, tmp_path / "absent")
