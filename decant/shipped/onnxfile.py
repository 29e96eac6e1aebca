"""What an ONNX file points to outside itself, and what in it may have no end, read from its bytes: the shipped part has no
onnx package.

A protobuf message is a row of fields, each a key (number and wire type) and a value; unknown ones are stepped over.
"""

from decant.errors import BundleError

# message -> field number -> message inside, of those that can hold a tensor (onnx.proto, IR version 3 to 13)
INSIDE = {
    "model": {7: "graph", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
}
LOOPS = {b"Loop", b"Scan", b"SequenceMap"}  # operators that run a graph as often as a number in the file says
OPERATOR, FUNCTION_NAME = 4, 1  # the field of a node with its operator, and that of a function with its name
EXTERNAL = {13, 14}  # of a tensor: external_data, data_location; written for data that lies in another file alone


def refuse_endless(name: str, content: bytes) -> None:
    """Raises BundleError: a loop, or functions that call functions, thirty of which unfold to a billion nodes.

    content: bytes that `refuse_external` has read to their end.
    """
    functions, called = set(), set()
    waiting = [("model", memoryview(content), False)]
    while waiting:
        message, body, own = waiting.pop()
        for number, value in fields(body):
            if message == "function" and number == FUNCTION_NAME:
                functions.add(bytes(value))
            if message == "node" and number == OPERATOR:
                if bytes(value) in LOOPS:
                    raise BundleError(
                        f"{name}: a {bytes(value).decode()}, which may never end; a classifier has none. Do not open it"
                    )
                if own:
                    called.add(bytes(value))
            if (inside := INSIDE.get(message, {}).get(number)) and isinstance(value, memoryview) and inside != "tensor":
                waiting.append((inside, value, own or inside == "function"))
    if functions & called:
        raise BundleError(f"{name}: functions that call functions, which may unfold without end. Export it whole")


def refuse_external(name: str, content: bytes) -> None:
    """Raises BundleError: a tensor's data lies in another file, or these bytes are no protobuf message."""
    waiting = [("model", memoryview(content))]
    try:
        while waiting:
            message, body = waiting.pop()
            for number, value in fields(body):
                if message == "tensor" and number in EXTERNAL and value not in (0, b""):
                    raise BundleError(
                        f"{name}: weights in another file, which the bundle does not list. Export it whole"
                    )
                if (inside := INSIDE.get(message, {}).get(number)) and isinstance(value, memoryview):
                    waiting.append((inside, value))
    except (IndexError, ValueError) as error:
        raise BundleError(f"{name}: not an ONNX file ({error}). Build the bundle again") from None


def fields(body: memoryview):
    """(number, value) of each field: an int, or the bytes of a string, a tensor or a message."""
    place = 0
    while place < len(body):
        key, place = varint(body, place)
        kind = key & 7
        if kind == 0:
            value, place = varint(body, place)
        elif kind == 2:
            length, place = varint(body, place)
            value, place = body[place : place + length], place + length
        elif kind in (1, 5):
            length = {1: 8, 5: 4}[kind]
            value, place = body[place : place + length], place + length
        else:
            raise ValueError(f"wire type {kind}")
        if place > len(body):
            raise ValueError("cut off")
        yield key >> 3, value


def varint(body: memoryview, place: int) -> tuple[int, int]:
    """A number of seven bits a byte, and where it ends."""
    value = shift = 0
    while True:
        byte = body[place]
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return value, place
        if shift > 63:
            raise ValueError("a number of over 64 bits")
