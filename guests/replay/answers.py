# SPDX-License-Identifier: MIT
"""
What gdb does for a reproducer: it answers zPCI instructions in QEMU's place, does things inside operations of the kernel, and
passes on what QEMU's monitor is told.

The script "run" starts it. It starts QEMU by the script "machine", stopped, with a gdbstub on a pipe. The program in the
guest says by lines of "operations" that begin with @ what is to be done in the operation after them. It stops for that at an
address of its own, with the line in r2 and its last answer, in r3, which has the handles of functions and the addresses of the
kernel's functions. All numbers are big-endian.
"""
import contextlib
import json
import os
import sys
import traceback

import gdb

sys.dont_write_bytecode = True
sys.path.insert(0, os.getcwd())
from guest import Guest, length_of  # noqa: E402: it is beside this file

PROGRAM_STOPS = 0x3000000  # replay_stop() of the program
PROBLEM_STATE = 1 << 48  # of the PSW's mask: user space
CC_SHIFT = 44  # of the PSW's mask: the condition code
STATUS_SHIFT = 24  # of the register that names the function: the status
ENABLED = 1 << 31  # of a handle

# Operation controls of MPCIFC (arch/s390/include/asm/pci_insn.h), and commands of CLP (pci_clp.h).
CONTROLS = {
    "register-interrupts": (2, 16),
    "unregister-interrupts": (3, 17),
    "register-ioat": (4,),
    "unregister-ioat": (5,),
    "reset-error": (7,),
    "reset-load-store-blocked": (9,),
    "set-measurement": (10,),
}
COMMANDS = {2: "list", 3: "query", 4: "query-group"}
SET_PCI_FUNCTION, SET_COMMANDS = 5, ("enable", "disable")
# Fields of responses to CLP, from the response's beginning: offset, bytes; flags are bits of byte 19.
FLAGS, FLAG_BITS = 19, {"refresh": 0x01, "relaxed": 0x20}
FIELDS = {"dtsm": (24, 1), "sdma": (64, 8), "edma": (72, 8)}


def say(text):
    """By the pipe of the guest's console: it comes after what the guest said before."""
    with open(os.environ["CONSOLE"].removeprefix("file:"), "w") as console:
        console.write("  gdb: " + text + "\n")


class Book:
    """Answers, given out one instruction after the other: the first that fits, whose turn has come and that is not used up."""

    def __init__(self, answers):
        self.entries = [dict(answer, met=0, given=0) for answer in answers]

    def awaited(self):
        return {entry["instruction"] for entry in self.entries if entry["given"] < entry["times"]}

    def take(self, asked):
        for entry in self.entries:
            if entry["given"] == entry["times"] or not self._fits(entry, asked):
                continue
            entry["met"] += 1
            if entry["met"] < entry["from"]:
                continue
            entry["given"] += 1
            return entry
        return None

    @staticmethod
    def _fits(entry, asked):
        return all(entry.get(key) in (None, asked.get(key)) for key in ("instruction", "control", "command", "of"))


class Stops:
    """What is done in one operation: generators that yield where to stop, and go on when the machine stands there."""

    def __init__(self, machine):
        self.machine = machine
        self.symbols = {}
        self.handles = {}
        self.places = {}
        self.found = {}

    def learn(self, answer):
        """Handles stay known when their function is gone."""
        values = answer.get("values", {}).items()
        if not self.symbols:
            self.symbols = {name: int(value, 16) for name, value in values if str(value).startswith("0x")}
        for name, function in answer.get("functions", {}).items():
            if function.get("handle"):
                self.handles[name] = int(function["handle"], 16)

    def enabled_handle(self, name):
        """Inside an operation it may be disabled: then it is refused by this one, too."""
        return self.handles[name] | ENABLED

    def function_of(self, handle):
        return next((name for name, each in self.handles.items() if each & ~ENABLED == handle & ~ENABLED), None)

    def begin(self, told):
        book = Book(told.get("answers", []))
        if "event" in told:
            return self.tell_event(told["event"], book)
        return self.do_inside(told["stops"]) if "stops" in told else self.answer(book, None)

    # Instructions that are answered

    def answer(self, book, begun):
        """A call of the kernel that was begun before ends meanwhile."""
        machine = self.machine
        while book.awaited() or begun:
            places = [place for name in book.awaited() for place in self.stops_for(name)]
            place = yield places + ([begun["address"]] if begun else [])
            if begun and place == begun["address"]:
                if machine.get("r15") == begun["stack"]:
                    machine.put_everything(begun["registers"])
                    begun = None
                else:
                    machine.step()
            elif place in self.found:
                self.meet(place, book)
            else:
                self.search(book.awaited())

    def stops_for(self, instruction):
        """Where it is; until that is known, functions from which it can be found: text is there to be read in the kernel only."""
        at = [place for place, (name, _) in self.found.items() if name == instruction]
        return at or [self.symbols[name] for name in self.places[instruction]["symbols"] if name in self.symbols]

    def search(self, instructions):
        """The first two bits of an instruction tell its length: none is missed, and nothing that only looks like one is found."""
        known = {name for name, _ in self.found.values()}
        for wanted in instructions - known:
            symbols = [self.symbols[name] for name in self.places[wanted]["symbols"] if name in self.symbols]
            text = self.machine.read(min(symbols), max(symbols) - min(symbols) + self.places[wanted]["length"])
            at = 0
            while at < len(text):
                code = text[at : at + length_of(text[at])]
                if len(code) == length_of(text[at]) and identify(code) == wanted:
                    self.found[min(symbols) + at] = (wanted, code)
                at += length_of(text[at])

    def meet(self, place, book):
        name, code = self.found[place]
        asked, register, response = self.interpret(name, code)
        answer = book.take(asked)
        if answer is None:
            self.machine.step()
            return
        self.tell(place, code, answer, register, response)
        said = ["%s=%s" % (key, answer[key]) for key in ("cc", "status", "response", "says") if key in answer]
        words = [name, asked.get("control"), asked.get("command"), asked.get("of") and "of " + asked["of"]]
        say("%s is answered %s" % (" ".join(filter(None, words)), " ".join(said)))

    def interpret(self, name, code):
        """What is asked, the register that takes the status, and the address of a response."""
        machine = self.machine
        if name == "clp":
            block = machine.get("r%d" % (code[3] & 15))
            number = machine.number(block + 2, 2)
            command = COMMANDS.get(number)
            if number == SET_PCI_FUNCTION:
                control = machine.number(block + 22, 1)
                command = SET_COMMANDS[control] if control < len(SET_COMMANDS) else None
            of = self.function_of(machine.number(block + 16, 4)) if number in (3, SET_PCI_FUNCTION) else None
            return {"instruction": name, "command": command, "of": of}, None, block + machine.number(block, 2)
        register = "r%d" % (code[1] >> 4 if name == "mpcifc" else code[3] >> 4)
        request = machine.get(register)
        asked = {"instruction": name, "of": self.function_of(request >> 32)}
        if name == "mpcifc":
            number = request & 0xFF
            asked["control"] = next((each for each, numbers in CONTROLS.items() if number in numbers), None)
        return asked, register, None

    def tell(self, place, code, answer, register, response):
        """The instruction ends so, in QEMU's place or after it."""
        machine = self.machine
        if answer["done"]:
            machine.step()
        else:
            machine.put("pswa", place + len(code))
        mask = machine.get("pswm")
        machine.put("pswm", mask & ~(3 << CC_SHIFT) | answer["cc"] << CC_SHIFT)
        if register:
            value = machine.get(register)
            machine.put(register, value & ~(0xFF << STATUS_SHIFT) | answer.get("status", 0) << STATUS_SHIFT)
        elif "response" in answer:
            machine.write(response + 2, int(answer["response"], 16).to_bytes(2, "big"))
        for field, value in answer.get("says", {}).items():
            if field in FLAG_BITS:
                flags = machine.number(response + FLAGS, 1) & ~FLAG_BITS[field]
                machine.write(response + FLAGS, bytes([flags | (FLAG_BITS[field] if value else 0)]))
            else:
                offset, length = FIELDS[field]
                machine.write(response + offset, int(value, 16).to_bytes(length, "big"))

    # Things that are done inside operations

    def do_inside(self, stops):
        machine = self.machine
        for stop in stops:
            entries = [self.symbols[name] for name in stop["symbols"] if name in self.symbols]
            of = self.enabled_handle(stop["of"]) if stop.get("of") else None
            while True:
                if stop["side"] == "entry" or machine.get("pswa") not in entries:
                    yield entries
                if stop["flushes"] and of is not None and machine.get("r2") >> 32 != of:
                    machine.step()
                    continue
                if stop["side"] == "entry":
                    break
                yield from self.returned(machine.get("r14"), machine.get("r15"))
                if stop["results"] is None or machine.get("r2") & 0xFFFFFFFF in stop["results"]:
                    break
            for flush in stop["operations"]:
                request = self.enabled_handle(flush["function"]) << 32
                came = yield from self.call(stop["refresh"], request, int(flush["iova"], 16), int(flush["length"], 16))
                came &= 0xFFFFFFFF
                result = "success" if came == 0 else "refused"
                say("%s: flush of %s %s: %s" % (stop["at"], flush["function"], flush["iova"], result))

    def returned(self, address, stack):
        """Another task may come by the same place: a stack belongs to one."""
        while True:
            yield [address]
            if self.machine.get("r15") == stack:
                return
            self.machine.step()

    def begin_call(self, name, *parameters):
        """As if the function that stands still had called another one: with its stack, and what it has locked."""
        machine = self.machine
        before = machine.everything()
        stack = before["r15"] - 512
        for index, value in enumerate(parameters):
            machine.put("r%d" % (2 + index), value)
        machine.put("r14", before["pswa"])
        machine.put("r15", stack)
        machine.put("pswa", self.symbols[name])
        return {"address": before["pswa"], "stack": stack, "registers": before}

    def call(self, name, *parameters):
        begun = self.begin_call(name, *parameters)
        yield from self.returned(begun["address"], begun["stack"])
        result = self.machine.get("r2")
        self.machine.put_everything(begun["registers"])
        return result

    def tell_event(self, event, book):
        """By a thread of its own, made where a task waits that holds nothing: an event that no hypervisor sends."""
        machine = self.machine
        yield [self.symbols["cio_settle_write"]]
        page = yield from self.call("get_zeroed_page_noprof", 0xCC0)
        yield from self.call("clp_refresh_fh", event["fid"], page + 128)
        handle = machine.number(page + 128, 4) ^ (0x100 if event["stale"] else 0)
        code = int(event["code"], 16)
        told = bytearray(32)
        told[4:8], told[8:12], told[30:32] = (
            handle.to_bytes(4, "big"),
            event["fid"].to_bytes(4, "big"),
            code.to_bytes(2, "big"),
        )
        machine.write(page, bytes(told))
        machine.write(page + 64, b"zhil-event\0")
        handler = self.symbols["zpci_event_availability" if code >= 0x300 else "zpci_event_error"]
        thread = yield from self.call("kthread_create_on_node", handler, page, -1, page + 64)
        begun = self.begin_call("wake_up_process", thread)
        yield from self.answer(book, begun)


def is_mark(machine, place):
    return place == PROGRAM_STOPS and machine.get("pswm") & PROBLEM_STATE != 0


def identify(code):
    if code[0] == 0xE3:
        return "mpcifc" if code[5] == 0xD0 else None
    return {0xD3: "rpcit", 0xA0: "clp"}.get(code[1]) if code[0] == 0xB9 else None


def perform():
    machine = Guest()
    stops = Stops(machine)
    doing, places = None, []
    while True:
        place = machine.go_on([PROGRAM_STOPS] + places)
        if place is None:
            return
        if is_mark(machine, place):
            # The function does nothing but return.
            machine.put("pswa", machine.get("r14"))
            if doing:
                say("what was to be done inside is not reached any more")
            stops.learn(json.loads(machine.text(machine.get("r3"))))
            told = json.loads(machine.text(machine.get("r2")))
            stops.places = told.pop("places", stops.places)
            if "monitor" in told:
                # A command of QEMU's own monitor, such as device_del: what it has the platform tell the kernel comes by itself.
                gdb.execute("monitor " + told.pop("monitor"))
            doing = stops.begin(told) if told else None
            place = None
        if doing:
            try:
                places = doing.send(place if place is not None else None)
            except StopIteration:
                doing, places = None, []
        else:
            places = []


try:
    perform()
except BaseException:
    traceback.print_exc()
    # There is none to end where it did not start.
    with contextlib.suppress(gdb.error):
        gdb.execute("kill")
    gdb.execute("quit 1")
