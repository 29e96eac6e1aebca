"""Ask the warm process to run a stage as `python -m stages.NAME ...` would here: with this folder, environment, output."""

import json
import os
import socket
import sys

with socket.socket(socket.AF_UNIX) as asking:
    asking.connect(os.environ["DECANT_WARM"])
    told = {"command": sys.argv[1:], "folder": os.getcwd(), "environment": dict(os.environ)}
    socket.send_fds(asking, [json.dumps(told).encode() + b"\n"], [0, 1, 2])
    answer = asking.makefile().readline()
sys.exit(int(answer or 70))  # 70: the stage was killed with the warm process
