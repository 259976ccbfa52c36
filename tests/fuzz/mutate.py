"""Changed files: real ones with bytes, fields, lengths, rows or values that are not as they were.

Everything is drawn from the ``Random`` that is given, so a case can be made again from its number.
"""

from __future__ import annotations

import copy
import json
import re
import struct
import zlib
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

Mutator = Callable[[bytes, Random], bytes]

NUMBERS = [0, 1, 2, 7, 15, 127, 128, 255, 256, 32767, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1]
LONG_NUMBERS = [*NUMBERS, 2**53, 2**63 - 1, 2**63, 2**64 - 1]

TEXTS = [
    "", " ", ".", "..", "../x", "../../../../etc/passwd", "/etc/passwd", "C:\\x", "C:/x",
    "\\\\server\\share", "a\\..\\b", "con", "NUL.png", "a/../../b", "a" * 300, "a/" * 600, "a:b",
    "\0", "\x1b[31m", "\u202e", "\ud800", "é", "𝟙", "٣", "nan", "inf", "-inf", "1e400", "1e-400",
    "-1", "0", "1" * 5000, "0x10", "1_0", "1,5", "{identity}", "{0}", "{", "%s", "$(id)", "`id`",
    ";id", "<script>", "=1+1", '"', "'", "\\", "(a+)+b", "(", "[", "*", "(?P<x>", "a{99999999999}",
    "(" * 200 + ")" * 200, "AU06", "AU99", "None", "True", "line\nbreak", "tab\there", "\r",
    "\u2028",
]  # fmt: skip

VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 2, 3.5, -0.0, 1e308, 10**18, 10**30, float("nan"), float("inf"),
    [], {}, [[]], [None], [1, "a"], {"a": 1}, {"": ""}, [0] * 2000, *TEXTS,
]  # fmt: skip


def mutate_bytes(content: bytes, random: Random) -> bytes:
    """Changes bytes, whatever they mean."""
    data = bytearray(content)
    for _ in range(random.choice([1, 1, 1, 2, 3, 8])):
        if not data:
            data += random.randbytes(random.randint(1, 64))
        at = random.randrange(len(data))
        end = min(len(data), at + random.choice([1, 2, 4, 8, 16, 64, 1024]))
        match random.randrange(9):
            case 0:
                data[at] ^= 1 << random.randrange(8)
            case 1:
                data[at] = random.choice([0, 1, 127, 128, 255, random.randrange(256)])
            case 2:
                del data[at:end]
            case 3:
                data[at:at] = random.randbytes(end - at)
            case 4:
                data[at:at] = data[at:end]
            case 5:
                del data[at:]
            case 6:
                size, order = random.choice([2, 4, 8]), random.choice(["little", "big"])
                number = random.choice([*LONG_NUMBERS, len(data), len(data) - at])
                data[at : at + size] = (number % 2 ** (8 * size)).to_bytes(size, order)
            case 7:
                other = random.randrange(len(data))
                data[at:end] = data[other : other + end - at]
            case 8:
                data[at:end] = bytes([random.choice([0, 32, 255])]) * (end - at)
    return bytes(data)


def mutate_text(content: bytes, random: Random) -> bytes:
    """Puts texts into a text that mean something to one reader or another."""
    text = content.decode("utf-8", "surrogateescape")
    for _ in range(random.choice([1, 1, 2, 3])):
        at = random.randrange(len(text) + 1)
        end = at + random.choice([0, 0, 1, 3, 20])
        text = text[:at] + random.choice(TEXTS) + text[end:]
    return _encoded(text)


def mutate_json(content: bytes, random: Random) -> bytes:
    """Changes values, names and the shape of a JSON object."""
    try:
        values = json.loads(content)
    except (ValueError, RecursionError):
        return mutate_bytes(content, random)
    for _ in range(random.choice([1, 1, 1, 2, 4])):
        values = _changed(values, random)
    if random.random() < 0.02:
        return b"[" * random.choice([100, 100_000]) + b"1"
    return json.dumps(values, indent=random.choice([None, 2])).encode()


def mutate_toml(content: bytes, random: Random) -> bytes:
    """Changes values, lines and tables of a TOML text."""
    lines = content.decode("utf-8", "surrogateescape").split("\n")
    for _ in range(random.choice([1, 1, 1, 2, 4])):
        at = random.randrange(len(lines))
        key = re.match(r"\s*([\w\"'.-]+)\s*=", lines[at])
        match random.randrange(7):
            case 0 | 1 | 2 if key:
                lines[at] = f"{key[1]} = {_toml_value(random)}"
            case 3:
                del lines[at]
                lines = lines or [""]
            case 4:
                lines.insert(at, lines[random.randrange(len(lines))])
            case 5:
                lines.insert(at, f"{random.choice(TEXTS)} = {_toml_value(random)}")
            case _:
                lines[at] = _encoded_text(mutate_text(_encoded(lines[at]), random))
    return _encoded("\n".join(lines))


def mutate_csv(content: bytes, random: Random) -> bytes:
    """Changes cells, rows and the header of a table."""
    lines = content.decode("utf-8", "surrogateescape").split("\n")
    for _ in range(random.choice([1, 1, 1, 2, 4])):
        at = random.randrange(len(lines))
        cells = lines[at].split(",")
        place = random.randrange(len(cells))
        match random.randrange(9):
            case 0 | 1 | 2:
                cells[place] = random.choice(TEXTS)
            case 3:
                del cells[place]
            case 4:
                cells.insert(place, cells[random.randrange(len(cells))])
            case 5:
                lines.insert(at, lines[random.randrange(len(lines))])
                continue
            case 6:
                del lines[at]
                lines = lines or [""]
                continue
            case 7:
                cells[place] = random.choice(["nan", "-1", "1e9", "1e400", "0", "5.5", "1" * 400])
            case 8:
                cells[place] = f'"{cells[place]}'
        lines[at] = ",".join(cells)
    return _encoded("\n".join(lines))


def mutate_png(content: bytes, random: Random) -> bytes:
    """Changes chunks of a PNG file and mends their checksums, which would end the reading."""
    chunks = _png_chunks(content)
    if not chunks:
        return mutate_bytes(content, random)
    for _ in range(random.choice([1, 1, 2])):
        at = random.randrange(len(chunks))
        kind, data = chunks[at]
        match random.randrange(6):
            case 0:
                chunks[at] = kind, mutate_bytes(data, random)
            case 1:
                chunks.insert(at, chunks[random.randrange(len(chunks))])
            case 2:
                del chunks[at]
                chunks = chunks or [(b"IEND", b"")]
            case 3:
                kind = random.choice(
                    [b"zTXt", b"iCCP", b"iTXt", b"acTL", b"fcTL", b"tRNS", b"PLTE"]
                )
                zeros = zlib.compress(bytes(random.choice([10, 1 << 16, 1 << 24])))
                chunks.insert(at, (kind, b"name\0\0" + zeros))
            case 4 if kind == b"IHDR" and len(data) >= 8:
                side = [random.choice(NUMBERS) % 2**32 for _ in range(2)]
                if random.random() < 0.5:
                    side[1] = side[0]
                chunks[at] = kind, struct.pack(">II", *side) + data[8:]
            case _:
                chunks[at] = kind, data[: random.randrange(len(data) + 1)]
    parts = [content[:8]]
    for kind, data in chunks:
        check = zlib.crc32(kind + data)
        parts.append(struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check))
    return b"".join(parts)


def mutate_safetensors(content: bytes, random: Random) -> bytes:
    """Changes the JSON header of a safetensors file; its length is right or wrong."""
    size = int.from_bytes(content[:8], "little")
    if random.random() < 0.3 or not 2 <= size <= len(content) - 8:
        return mutate_bytes(content, random)
    header = content[8 : 8 + size]
    if random.random() < 0.5:
        # The configuration is JSON within JSON.
        values = json.loads(header)
        metadata = values.get("__metadata__", {})
        for name in metadata if isinstance(metadata, dict) else ():
            if str(metadata[name]).startswith(("{", "[")):
                metadata[name] = mutate_json(str(metadata[name]).encode(), random).decode()
        header = json.dumps(values).encode()
    else:
        header = mutate_json(header, random)
    length = len(header) if random.random() < 0.9 else random.choice(LONG_NUMBERS)
    return (length % 2**64).to_bytes(8, "little") + header + content[8 + size :]


def mutate_protobuf(content: bytes, random: Random, depth: int = 0) -> bytes:
    """Changes fields of a protocol buffer; the lengths around them stay right."""
    fields = _fields(content)
    if not fields or (depth and random.random() < 0.2):
        return mutate_bytes(content, random) if content else random.randbytes(3)
    at = random.randrange(len(fields))
    number, kind, value = fields[at]
    choice = random.random()
    if choice < 0.1:
        del fields[at]
    elif choice < 0.2:
        fields.insert(at, fields[random.randrange(len(fields))])
    elif choice < 0.25:
        fields[at] = random.randrange(1, 30), kind, value
    elif kind == 0:
        fields[at] = number, 0, random.choice([*LONG_NUMBERS, value + 1])
    elif kind == 2 and choice < 0.35:
        fields[at] = number, 2, random.choice(TEXTS).encode("utf-8", "surrogatepass")
    elif kind == 2:
        fields[at] = number, 2, mutate_protobuf(value, random, depth + 1)
    else:
        fields[at] = number, kind, mutate_bytes(value, random)[: len(value)].ljust(len(value))
    return b"".join(_field(*one) for one in fields)


def mixed(*mutators: Mutator) -> Mutator:
    """One of several, drawn for each case."""
    return lambda content, random: random.choice(mutators)(content, random)


def _changed(values: Any, random: Random) -> Any:
    """The same with one value, name or place changed."""
    holders = list(_holders(values))
    if not holders or random.random() < 0.02:
        return _value(random)
    holder = random.choice(holders)
    key = random.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
    match random.randrange(6):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, dict):
            holder[random.choice(TEXTS)] = holder.pop(key)
        case 2 if isinstance(holder, list):
            holder.append(holder[key])
        case 3:
            holder[key] = [holder[key]]
        case _:
            holder[key] = _value(random)
    return values


def _value(random: Random) -> Any:
    # A copy: what is put into a list and then changed would be changed in all later cases.
    return copy.deepcopy(random.choice(VALUES))


def _holders(values: Any) -> list[Any]:
    found = [values] if isinstance(values, (dict, list)) and values else []
    inner: Sequence[Any] = list(values.values()) if isinstance(values, dict) else []
    if isinstance(values, list):
        inner = values[:20]
    for value in inner:
        found += _holders(value)
    return found


def _toml_value(random: Random) -> str:
    value = random.choice(VALUES)
    if value is None or isinstance(value, dict):
        return random.choice(
            ["{}", "{ a = 1 }", "1979-05-27", "inf", "nan", "[" * 3000, "1" * 5000]
        )
    return json.dumps(value).replace("NaN", "nan").replace("Infinity", "inf")


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _encoded_text(content: bytes) -> str:
    return content.decode("utf-8", "surrogatepass")


def _png_chunks(content: bytes) -> list[tuple[bytes, bytes]]:
    chunks, at = [], 8
    while at + 12 <= len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        if at + 12 + size > len(content):
            return []
        chunks.append((content[at + 4 : at + 8], content[at + 8 : at + 8 + size]))
        at += 12 + size
    return chunks


def _fields(content: bytes) -> list[tuple[int, int, Any]]:
    """(number, kind, value) of each field; nothing if it is no protocol buffer."""
    fields, at = [], 0
    while at < len(content):
        key, at = _varint(content, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = _varint(content, at)
            fields.append((number, kind, value))
            continue
        if kind == 2:
            size, at = _varint(content, at)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            return []
        if number == 0 or at + size > len(content):
            return []
        fields.append((number, kind, content[at : at + size]))
        at += size
    return fields


def _field(number: int, kind: int, value: Any) -> bytes:
    key = _as_varint(number << 3 | kind)
    if kind == 0:
        return key + _as_varint(value % 2**64)
    return key + (_as_varint(len(value)) if kind == 2 else b"") + bytes(value)


def _varint(content: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(content):
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    return value, at


def _as_varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
