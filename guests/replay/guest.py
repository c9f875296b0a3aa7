# SPDX-License-Identifier: MIT
"""A guest of QEMU as gdb has it: its registers, its memory, and where it stops."""
import gdb

MASK64 = (1 << 64) - 1
TEXT_LIMIT = 1 << 16


def length_of(first):
    """Of an instruction, by the first two bits of its code (Principles of Operation, chapter 5)."""
    return 2 if first < 0x40 else 4 if first < 0xC0 else 6


class Guest:
    """The guest: it stands still, but for the time between two stops."""

    def __init__(self):
        self.ended = False
        gdb.events.exited.connect(self._end)
        for setting in ("pagination off", "confirm off", "architecture s390:64-bit", "endian big", "backtrace limit 1"):
            gdb.execute("set " + setting, to_string=True)
        gdb.execute("target remote | exec ./machine -S -gdb stdio", to_string=True)

    def _end(self, _):
        self.ended = True

    def get(self, register):
        return int(gdb.parse_and_eval("$" + register)) & MASK64

    def put(self, register, value):
        gdb.execute("set $%s = %d" % (register, value & MASK64), to_string=True)

    def read(self, address, length):
        return bytes(gdb.selected_inferior().read_memory(address, length))

    def write(self, address, data):
        gdb.selected_inferior().write_memory(address, data)

    def number(self, address, length):
        return int.from_bytes(self.read(address, length), "big")

    def text(self, address):
        """Up to the end of each page: the next one may not be there."""
        read = b""
        while b"\0" not in read and len(read) < TEXT_LIMIT:
            at = address + len(read)
            read += self.read(at, 4096 - at % 4096)
        return read[: read.index(b"\0")].decode()

    def everything(self):
        return {name: self.get(name) for name in ["pswm", "pswa"] + ["r%d" % each for each in range(16)]}

    def put_everything(self, registers):
        for name, value in registers.items():
            self.put(name, value)

    def step(self):
        """
        Has one instruction executed, which is no branch: to the next one of the same stack. (gdb's own stepi wants to know who called
        the function.)
        """
        place, stack = self.get("pswa"), self.get("r15")
        following = place + length_of(self.read(place, 1)[0])
        while self._go_on({following}) is not None:
            if self.get("r15") == stack:
                return

    def go_on(self, places):
        """Until one of these instructions is about to be executed; None where the machine has ended."""
        if self.get("pswa") in places:
            self.step()
        return None if self.ended else self._go_on(set(places))

    def _go_on(self, places):
        points = [gdb.Breakpoint("*0x%x" % each, type=gdb.BP_HARDWARE_BREAKPOINT, internal=True) for each in places]
        try:
            gdb.execute("continue")
        except gdb.error as error:
            # The guest turns its machine off, and QEMU goes without a word.
            self.ended = any(each in str(error) for each in ("connection closed", "Target disconnected"))
            if not self.ended:
                raise
        if self.ended:
            return None
        for point in points:
            point.delete()
        return self.get("pswa")
