"""A client that sends eventfds, which Node.js cannot: eventfd-client.py SOCKET

Reads lines: "send HEX [COUNT]" sends bytes, with that many new eventfds along; "count I" prints what the eventfd with
number I, of all that were sent, has counted since it was last asked; "read N" prints N bytes that came. Each is answered
by a line.
"""
import array
import os
import select
import socket
import sys

connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
connection.connect(sys.argv[1])
fds = []
for line in sys.stdin:
    command, *words = line.split()
    if command == "send":
        new = [os.eventfd(0, os.EFD_NONBLOCK) for _ in range(int(words[1]) if len(words) > 1 else 0)]
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", new))] if new else []
        connection.sendmsg([bytes.fromhex(words[0])], ancillary)
        fds += new
        print("sent", flush=True)
    elif command == "read":
        print(connection.recv(int(words[0]), socket.MSG_WAITALL).hex(), flush=True)
    else:
        fd = fds[int(words[0])]
        ready = select.select([fd], [], [], 0)[0]
        print(os.eventfd_read(fd) if ready else 0, flush=True)
