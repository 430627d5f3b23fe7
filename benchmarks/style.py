"""Measure how the code of Python packages reads, side by side.

    python benchmarks/style.py [FOLDER ...]

Each FOLDER is a package; by default danq's own. To see another version of danq beside this one,
give a checkout of it: `git worktree add /tmp/earlier TAG`, then `python benchmarks/style.py danq
/tmp/earlier/danq`. Nothing but the standard library is needed; nothing of the packages is run.

What is counted:

- modules: Python files in the package's own folder, and in all its folders (tests left out);
- nodes a statement: AST nodes of an assignment, return, expression, raise or assert, the mean;
  docstrings are left out;
- long lines: lines of code and docstrings above 100 characters, of all but comments;
- comprehensions: list, set, dict comprehensions and generator expressions for 100 statements;
- tuple assignments: `a, b = x, y`, of all statements;
- typed: public functions and methods with a type of every argument and of what they return;
- longest function: its lines without the docstring;
- documented: public classes, functions and methods that have a docstring.
"""

import argparse
import ast
from pathlib import Path

SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Return, ast.Expr, ast.Raise, ast.Assert)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
WIDTH = 100


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = Path(__file__).parent.parent / "danq"
    parser.add_argument("folders", nargs="*", metavar="FOLDER", type=Path, default=[default])
    folders = parser.parse_args().folders
    tables = [measure(folder) for folder in folders]
    print("measure", *folders, sep="\t")
    for name in tables[0]:
        print(name, *(table[name] for table in tables), sep="\t")


def measure(folder):
    """Return the measures of a package, by name."""
    paths = [path for path in sorted(folder.rglob("*.py")) if not is_test(path.relative_to(folder))]
    texts = [path.read_text(encoding="utf-8") for path in paths]
    trees = [ast.parse(text) for text in texts]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    statements = [node for node in nodes if isinstance(node, ast.stmt)]
    simple = [node for node in statements if isinstance(node, SIMPLE) and not is_docstring(node)]
    functions = [node for node in nodes if isinstance(node, FUNCTIONS)]
    lines = [line for text in texts for line in text.splitlines() if is_code(line)]
    public = [node for tree in trees for node in public_names(tree.body)]
    callables = [node for node in public if isinstance(node, FUNCTIONS)]
    at_top = sum(path.parent == folder for path in paths)
    return {
        "modules at the top / in all": f"{at_top} / {len(paths)}",
        "nodes a statement": f"{mean(count_nodes(node) for node in simple):.1f}",
        "lines above 100 characters": share(len(line) > WIDTH for line in lines),
        "comprehensions for 100 statements": (
            f"{100 * sum(isinstance(node, COMPREHENSIONS) for node in nodes) / len(statements):.1f}"
        ),
        "tuple assignments": share(is_packed(node) for node in statements),
        "typed": share(is_typed(node) for node in callables),
        "longest function": max(length_of(node) for node in functions),
        "documented": share(ast.get_docstring(node) is not None for node in public),
    }


def is_test(path):
    return any(part in ("test", "tests") or part.startswith(".") for part in path.parts)


def is_code(line):
    return bool(line.strip()) and not line.strip().startswith("#")


def is_docstring(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def is_packed(node):
    if not isinstance(node, ast.Assign):
        return False
    return isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple)


def is_typed(function):
    given = function.args
    arguments = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    named = [argument for argument in arguments if argument.arg not in ("self", "cls")]
    return function.returns is not None and all(argument.annotation for argument in named)


def public_names(body):
    """Yield the public classes, functions and methods of a module or class."""
    for node in body:
        if isinstance(node, (ast.ClassDef, *FUNCTIONS)) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public_names(node.body)


def count_nodes(node):
    return sum(1 for _ in ast.walk(node))


def length_of(function):
    """Return the lines of a function's body without its docstring."""
    body = function.body[1:] if is_docstring(function.body[0]) else function.body
    return function.end_lineno - body[0].lineno + 1 if body else 0


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def share(truths):
    return f"{100 * mean(truths):.1f} %"


if __name__ == "__main__":
    main()
