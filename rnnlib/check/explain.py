"""Turn an exception of a learner's code into a sentence: the line, and the shapes in the book's words."""

import ast
import functools
import linecache
import re
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import numpy as np

PACKAGE = str(Path(__file__).resolve().parent.parent)
OPERATORS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.MatMult: "@"}


@dataclass
class Place:
    """A line of the learner's: its number, its text, the expression that failed, and the variables there."""

    line: int
    text: str
    node: ast.AST = None
    names: dict = None

    def __str__(self):
        return f"line {self.line} (`{self.text}`)" if self.text else f"line {self.line}"


def explain(error):
    """Say where and why the code failed.

    >>> try:
    ...     np.ones((3, 4)) @ np.ones((5, 4))
    ... except ValueError as error:
    ...     explain(error).split(": ", 1)[1]
    'np.ones((3, 4)) @ np.ones((5, 4)): the shapes do not fit the product.'
    """
    place = _place(error)
    reason = _reason(error, place)
    return f"{place}: {reason}" if place else reason


def explain_stop(chain):
    """Say in which loop the code was when it was stopped; chain holds (code, line), innermost first."""
    own = [(code, line) for code, line in chain if _is_own(code.co_filename)]
    if not own:
        return "it was still running when it was stopped after a few seconds: does every loop end?"
    code, line = own[0]
    line = _loop(code.co_filename, line) or line
    place = Place(line, _text(code.co_filename, line))
    return f"it was stopped after a few seconds, still busy at {place}: does that loop ever end?"


def _is_own(filename):
    """Is this file the learner's, and neither a library's nor ours?"""
    return not filename.startswith(("<frozen", "<__array_function__", *_libraries()))


@functools.cache
def _libraries():
    """The folders of ours and of the libraries: asked for once, since a deep recursion has thousands of frames."""
    paths = sysconfig.get_paths()
    return PACKAGE, paths["stdlib"], paths["purelib"], paths["platlib"]


def _text(filename, line):
    text = linecache.getline(filename, line).strip()
    return text if len(text) <= 72 else text[:71] + "…"


def _place(error):
    """Find the innermost line that is the learner's own."""
    found, step = None, error.__traceback__
    while step is not None:
        if _is_own(step.tb_frame.f_code.co_filename):
            found = step
        step = step.tb_next
    if found is None:
        return None
    frame, filename = found.tb_frame, found.tb_frame.f_code.co_filename
    names = {**frame.f_globals, **frame.f_locals}
    return Place(found.tb_lineno, _text(filename, found.tb_lineno), _failed(found, filename), names)


def _failed(step, filename):
    """Return the syntax tree of the expression that failed, or None."""
    code, instruction = step.tb_frame.f_code, step.tb_lasti // 2
    for i, position in enumerate(code.co_positions()):
        if i == instruction:
            return _parse(filename, *position)
    return None


def _parse(filename, line, end_line, column, end_column):
    if None in (line, end_line, column, end_column):
        return None
    lines = [linecache.getline(filename, n).encode() for n in range(line, end_line + 1)]
    lines[-1] = lines[-1][:end_column]
    lines[0] = lines[0][column:]
    source = b"".join(lines).decode(errors="replace")
    for text in (f"({source})", source):
        try:
            return _only(ast.parse(text).body)
        except SyntaxError:
            continue
    return None


def _only(body):
    if len(body) != 1:
        return None
    return body[0].value if isinstance(body[0], ast.Expr) else body[0]


def _loop(filename, line):
    """Return the line of the loop around a line: the innermost while, else the innermost for."""
    try:
        tree = ast.parse("".join(linecache.getlines(filename)))
    except SyntaxError:
        return None
    for loop_type in (ast.While, ast.For):
        loops = [n for n in ast.walk(tree) if isinstance(n, loop_type) and n.lineno <= line <= n.end_lineno]
        if loops:
            return max(loops, key=lambda n: n.lineno).lineno
    return None


# --- reasons ---------------------------------------------------------------------------------------------------


def _reason(error, place):
    for type_, reason in REASONS:
        if isinstance(error, type_):
            sentence = reason(error, place)
            if sentence:
                return sentence
    return _plain(error)


def _plain(error):
    message = message_of(error)
    return f"it raises {type(error).__name__}{': ' + message if message else ''}."


def message_of(error):
    """Return an exception's message as one short line without addresses."""
    try:
        text = str(error)
    except BaseException:  # an exception whose own __str__ fails
        return ""
    text = re.sub(r" at 0x[0-9a-fA-F]+", "", text.strip().split("\n")[0])
    return (text if len(text) <= 160 else text[:159] + "…").rstrip(".")


def _shape_reason(error, place):
    """Translate a product or a sum whose shapes do not fit, and an assignment that does not."""
    message = message_of(error)
    into = re.search(r"from shape (\(.*?\)) into shape (\(.*?\))", message)
    if into:
        target = f", where {_source(place.node)} stands" if place and place.node is not None else ""
        return f"a value of shape {into[1]} does not fit into shape {into[2]}{target}."
    if not re.search("matmul|not aligned|broadcast", message):
        return None
    operands = place and _operands(place.node)
    return _operand_reason(*operands, place.names) if operands else _unplaced_reason(message)


def _unplaced_reason(message):
    """Say the sizes alone, where the operation itself cannot be read (code whose text is not kept)."""
    sizes = re.search(r"size (\d+) is different from (\d+)", message)
    if sizes:
        return f"the inner sizes of a matrix product differ, {sizes[2]} and {sizes[1]}."
    shapes = re.search(r"shapes (\(.*?\)) (?:and )?(\(.*?\))", message)
    return f"two shapes do not fit each other, {shapes[1]} and {shapes[2]}." if shapes else None


def _operands(node):
    """Return (left, operator, right) of a binary operation or of a call of dot or matmul."""
    if isinstance(node, ast.BinOp):
        return node.left, OPERATORS.get(type(node.op)), node.right
    if isinstance(node, ast.AugAssign):
        return node.target, OPERATORS.get(type(node.op)), node.value
    is_product = (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("dot", "matmul")
    )
    if not is_product:
        return None
    both = node.args if len(node.args) == 2 else [node.func.value, *node.args]
    return (both[0], "@", both[1]) if len(both) == 2 else None


def _operand_reason(left, operator, right, names):
    texts = _source(left), _source(right)
    try:
        shapes = tuple(np.shape(_value(node, names)) for node in (left, right))
    except Exception:  # operands too complicated to look into
        what = "product" if operator == "@" else "operation"
        return f"{texts[0]} {operator or 'and'} {texts[1]}: the shapes do not fit the {what}."
    stand = f"{texts[0]} is {shapes[0]}, {texts[1]} is {shapes[1]}"
    if operator == "@":
        return f"{stand}: {_product_hint(texts, shapes, names)}"
    return f"{stand}: {_broadcast_hint(operator, shapes)}"


def _product_hint(texts, shapes, names):
    left, right = shapes
    if not left or not right:
        return "a matrix product needs arrays, not single numbers; use `*`."
    rows = right[-2] if len(right) > 1 else right[0]
    if left[-1] == rows:
        return "the sizes before the last two do not fit each other."
    inner = f"the inner sizes {left[-1]} and {rows} differ"
    if len(right) == 2 and right[1] == left[-1]:
        turned = texts[1].endswith(".T")
        return (
            f"{inner}; {texts[1][:-2]} without the .T would fit."
            if turned
            else f"{inner}; is {texts[1]} transposed?"
        )
    if len(left) == 2 and right[-1] == left[0]:
        return f"{inner}; rows stand on the left, so is it {texts[1]} @ {texts[0]}?"
    return f"{inner}{_fitting(texts[1], left[-1], names)}."


def _fitting(used, inner, names):
    """Name the one weight matrix that would fit."""
    fits = [name for name, value in names.items()
            if name.startswith("W_") and name != used and isinstance(value, np.ndarray)
            and value.ndim == 2 and len(value) == inner]  # fmt: skip
    return f"; {fits[0]}, {names[fits[0]].shape}, would fit" if len(fits) == 1 else ""


def _broadcast_hint(operator, shapes):
    left, right = shapes
    if operator == "*" and left and right and left[-1] == right[0]:
        return "`*` multiplies entry by entry; the matrix product is `@`."
    if sorted(left) == sorted(right):
        return "the axes stand in different order; is one of them transposed?"
    if left[:-1] == right and operator == "/":
        return "did you mean keepdims=True in the sum?"
    return "sizes must be equal, or 1, counted from the last axis."


def _index_reason(error, place):
    found = re.search(r"index (-?\d+) is out of bounds for axis (\d+) with size (\d+)", message_of(error))
    if not found:
        return None
    what = _source(place.node) if place and isinstance(place.node, ast.Subscript) else "it"
    last = int(found[3]) - 1
    room = f"which has indices 0 … {last}" if last >= 0 else "which is empty"
    return f"{what} asks for index {found[1]} along axis {found[2]}, {room}."


def _list_index_reason(error, place):
    if "out of range" not in message_of(error) or not place or not isinstance(place.node, ast.Subscript):
        return None
    return f"{_source(place.node)} asks for an index that is not there."


def _name_reason(error, place):
    name = getattr(error, "name", None)
    if isinstance(error, UnboundLocalError):
        return f"{message_of(error)}: give it a value before the loop?"
    return f"`{name}` is not defined there: a typo, or an argument under another name?" if name else None


def _none_reason(error, place):
    if "NoneType" not in message_of(error):
        return None
    return f"a value there is None ({message_of(error)}): does a function lack its return?"


def _ragged_reason(error, place):
    if "inhomogeneous" not in message_of(error):
        return None
    return "a list of arrays of different shapes cannot become one array: go through its entries one by one."


def _list_arithmetic_reason(error, place):
    if not re.search(r"unsupported operand type.*'list'", message_of(error)):
        return None
    return "a list takes no part in arithmetic: go through its entries, or make it an array."


def _one_number_reason(error, place):
    if not re.search("only (length-1|0-dimensional|size-1) arrays can be converted", message_of(error)):
        return None
    return "an array stands where one number is expected: for arrays take NumPy's functions (np.sqrt, not math.sqrt)."


def _casting_reason(error, place):
    found = re.search(r"from dtype\('(float\w*)'\) to dtype\('(u?int\w*|bool)'\)", message_of(error))
    return (
        found and f"an array of {found[2]} takes no decimals in place: make it with floats, as np.zeros does."
    )


def _infinity_reason(error, place):
    if "infinity to integer" not in message_of(error):
        return None
    return "an array of whole numbers takes no infinity in place: make it with floats, as np.zeros or np.where does."


def _constant(sentence):
    return lambda error, place: sentence


REASONS = (
    (RecursionError, _constant("it calls itself without end: which call comes to rest?")),
    (
        MemoryError,
        _constant("it asks for more memory than a small exercise needs: is a shape far too large?"),
    ),
    (ZeroDivisionError, _constant("it divides by zero there.")),
    (StopIteration, _constant("next finds nothing there; with a second argument it returns that instead.")),
    (OverflowError, _infinity_reason),
    (OverflowError, _constant("a number there grows beyond what a float can hold.")),
    (SystemExit, _constant("it ends Python (exit or quit): use return instead.")),
    (KeyboardInterrupt, _constant("it was interrupted.")),
    (NameError, _name_reason),
    (ValueError, _shape_reason),
    (ValueError, _ragged_reason),
    (IndexError, _index_reason),
    (IndexError, _list_index_reason),
    (TypeError, _none_reason),
    (TypeError, _list_arithmetic_reason),
    (TypeError, _one_number_reason),
    (TypeError, _casting_reason),
    (AttributeError, _none_reason),
)


# --- reading small expressions, without running the learner's code again -----------------------------------------


def _source(node):
    text = ast.unparse(node)
    return text if len(text) <= 40 else text[:39] + "…"


def _value(node, names):
    """Work out an expression made of names, indices, .T and arithmetic; anything else raises."""
    return VALUES[type(node)](node, names)


def _attribute(node, names):
    if node.attr != "T":
        raise ValueError(node.attr)
    return np.transpose(_value(node.value, names))


def _name(node, names):
    value = names[node.id]
    if type(value) not in (np.ndarray, list, tuple, int, float, np.float64, np.int64):
        raise ValueError(node.id)
    return value


def _slice(node, names):
    return slice(*(part and _value(part, names) for part in (node.lower, node.upper, node.step)))


def _operation(node, names):
    left, right = _value(node.left, names), _value(node.right, names)
    return ARITHMETIC[type(node.op)](left, right)


ARITHMETIC = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.MatMult: lambda a, b: a @ b,
}
VALUES = {
    ast.Name: _name,
    ast.Constant: lambda node, names: node.value,
    ast.Attribute: _attribute,
    ast.Subscript: lambda node, names: _value(node.value, names)[_value(node.slice, names)],
    ast.Slice: _slice,
    ast.Tuple: lambda node, names: tuple(_value(part, names) for part in node.elts),
    ast.UnaryOp: lambda node, names: -_value(node.operand, names),
    ast.BinOp: _operation,
}
