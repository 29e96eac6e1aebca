"""Start a program under a mask of permissions, on some cores, with a limit on file sizes, or without root's right to write
anywhere. Run by its path, with a JSON object and the program: it needs nothing but Python, whatever folder it is started in.

umask: bits that new files lack. cores: how many it may use. bytes: that a file may have. bound: true takes from root the
right to pass over permissions (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH), so that a file without the bit is read-only to it too.
"""

import ctypes
import json
import os
import resource
import sys

DROP, RIGHTS = 24, (1, 2)  # of Linux: PR_CAPBSET_DROP, and those two capabilities


def main() -> None:
    given = json.loads(sys.argv[1])
    if given.get("umask") is not None:
        os.umask(given["umask"])
    if given.get("cores") is not None and hasattr(os, "sched_setaffinity"):  # not on macOS
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: given["cores"]])
    if given.get("bytes") is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (given["bytes"], given["bytes"]))
    if given.get("bound") and os.geteuid() == 0:
        for right in RIGHTS:
            if ctypes.CDLL(None, use_errno=True).prctl(DROP, right, 0, 0, 0):
                sys.exit(f"cannot give up capability {right}: {os.strerror(ctypes.get_errno())}")
    os.execvp(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
