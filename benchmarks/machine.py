"""What machine this is, in one line."""

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path


def machine() -> str:
    """Processor, cores, memory, load, versions. Raises SystemExit where ffmpeg is missing."""
    if shutil.which("ffmpeg") is None:
        sys.exit("ffmpeg is missing; install it to compare with it (Debian: apt-get install ffmpeg)")
    version = subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True, check=True).stdout.split()[2]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GB, load {os.getloadavg()[0]:.1f}, "
        f"{platform.system()} {platform.release().split('-')[0]}, Python {platform.python_version()}, ffmpeg {version}"
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
