import json

import pytest
import yaml

from danq.genome.yaml_text import as_typed, merged, read_mapping, with_command_line
from tests.conftest import refuse

# Plain texts of which YAML 1.1 makes numbers, dates and truth values, by its own pages:
# https://yaml.org/type/int.html, float.html, bool.html, timestamp.html.
READ_OTHERWISE = """
2024_05_01 1_0 012 -012 0x1F 0b101 +7 2:30 190:20:30 1.10 1. .5 -2.0 6.8523015e+5 685_230.15
190:20:30.15 .inf -.INF .nan 2001-12-14 2001-12-14t21:59:43.10-05:00 yes No on OFF True false 8
""".split()
AS_THEY_ARE = ["chr1", "1e3", "0o17", "y", "NA", "08:chr", "1.2.3", "0o9", "=1+1"]


def write(folder, text, name="a.yaml"):
    path = folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize("text", READ_OTHERWISE)
def test_yaml_itself_reads_these_otherwise(text):
    assert not isinstance(yaml.safe_load(text), str)


@pytest.mark.parametrize("text", READ_OTHERWISE + AS_THEY_ARE)
def test_every_value_and_key_is_taken_as_typed(tmp_path, text):
    content = f"{text}: 1\na: {text}\nb: [x, {text}]\nc: {{d: {{{text}: [{{e: {text}}}]}}}}\n"
    path = write(tmp_path, content)
    expected = {text: "1", "a": text, "b": ["x", text], "c": {"d": {text: [{"e": text}]}}}
    texts = read_mapping(path)
    assert texts == expected
    assert as_typed(yaml.safe_load(content), texts) == expected


@pytest.mark.parametrize("text", READ_OTHERWISE + AS_THEY_ARE)
def test_what_is_quoted_is_text_anyway(tmp_path, text):
    path = write(tmp_path, f"a: '{text}'\nb: \"{text}\"\nc: !!str {text}\n")
    assert read_mapping(path) == dict.fromkeys("abc", text)


@pytest.mark.parametrize("nothing", ["", "~", "null", "Null", "NULL"])
def test_nothing_is_none(tmp_path, nothing):
    assert read_mapping(write(tmp_path, f"a: {nothing}\nb: [{nothing or '~'}]\n")) == {
        "a": None,
        "b": [None],
    }


def test_a_value_from_elsewhere_stays_as_it_is():
    assert as_typed({"run": 12, "seeds": [1, 2]}, {"run": "013", "seeds": ["1"]}) == {
        "run": 12,
        "seeds": [1, 2],
    }
    assert as_typed({"a": {"b": 8}}, {"a": "8"}) == {"a": {"b": 8}}


def test_references_are_read_as_yaml_reads_them(tmp_path):
    content = "a: &x {lr: 1.10, n: 012}\nb: {<<: *x, n: 1_0}\nc: [*x]\nd: {<<: [{n: 1}, *x]}\n"
    path = write(tmp_path, content)
    typed = as_typed(yaml.safe_load(content), read_mapping(path))
    assert typed == read_mapping(path)
    assert typed["b"] == {"lr": "1.10", "n": "1_0"} and typed["d"] == {"lr": "1.10", "n": "1"}


def test_later_files_take_the_place_of_earlier_ones():
    first = {"a": {"b": "1", "c": "2"}, "d": ["1"]}
    assert merged([first, {"a": {"c": "3"}, "d": ["4", "5"]}]) == {
        "a": {"b": "1", "c": "3"},
        "d": ["4", "5"],
    }
    assert merged([first, {"a": None}]) == {"a": None, "d": ["1"]}
    assert first["a"] == {"b": "1", "c": "2"}


def test_json_is_read_with_its_tabs(tmp_path):
    content = {"run": 1.5, "train": {"lr": 2, "device": "a/b"}, "seeds": [1, True]}
    for indent in (None, 2, "\t"):
        text = json.dumps(content, indent=indent).replace("/", "\\/")
        path = write(tmp_path, text, "a.json")
        assert as_typed(json.loads(text), read_mapping(path)) == {
            "run": "1.5",
            "train": {"lr": "2", "device": "a/b"},
            "seeds": ["1", "true"],
        }


@pytest.mark.parametrize("text", ["2024_05_01", "012", "1.10", "1e3", "True"])
def test_the_command_line_is_taken_as_typed(text):
    given = {"run": next(read(text) for read in (int, float, bool) if reads(read, text)), "b": "c"}
    words = ["run=other", f"run={text}", "b=c"]
    assert with_command_line({**given, "n": 3}, given, words) == {"run": text, "b": "c", "n": 3}
    elsewhere = {"run": "typed", "b": 12}
    assert with_command_line(elsewhere, given, words) == elsewhere


def reads(read, text):
    try:
        read(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    ("content", "line", "what"),
    [
        ("a: 1\nb: [\n", 3, "is not YAML: expected the node content, but found '<stream end>'"),
        ("a: 1\n\tb: 2\n", 2, "is not YAML: found character '\\t' that cannot start any token"),
        ("a: 1\nb: 'x\n", 3, "is not YAML: found unexpected end of stream"),
        ("a: 1\nb: *c\n", 2, "is not YAML: found undefined alias 'c'"),
        ("a: 1\n---\nb: 2\n", 2, "is not YAML: but found another document"),
        ("a: 1\nb: !!python/object/apply:os.system [x]\n", 2, "holds the tag '!!python/object/"),
        ("a: 1\nb: {c: [!mine x]}\n", 2, "holds the tag '!mine', which asks for a type that no"),
        ("a: !!binary aGk=\n", 1, "holds the tag '!!binary', which asks for a type that no knob"),
        ("a:\n  !!set {x, y}\n", 2, "holds the tag '!!set', which asks for a type that no knob"),
        ("a: 1\n? [b, c]\n: d\n", 2, "a list or a mapping is a key; name one"),
        ("a: 1\nb: c\0\n", 2, "holds the control character '\\x00'; remove it"),
        (b"a: 1\nb: \xff\n", 2, "is not UTF-8 text; save it as such"),
        ("- a\n- b\n", 1, "holds no keys and values, as run: name; write some"),
        ("just text\n", 1, "holds no keys and values, as run: name; write some"),
        ("a: 1\n__use_yte__: true\n", 2, "the key __use_yte__ makes Snakemake run what the file"),
        ("# nothing\n", None, "holds no keys and values, as run: name; write some"),
        ("a: &x [*x]\n", 1, "holds more than 100,000 values, its references (*) unfolded; write"),
        ("[" * 5000, None, "is nested too deeply; flatten it"),
    ],
)
def test_what_is_no_configuration_is_refused_with_its_line(tmp_path, content, line, what):
    path = tmp_path / "a.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    where = f"{path}:{line}: " if line else f"{path}: "
    with pytest.raises(Exception) as caught:
        read_mapping(path)
    assert str(caught.value).startswith(where + what) and "\n" not in str(caught.value)
    refuse(str(caught.value), read_mapping, path)


def test_references_do_not_unfold_without_end(tmp_path):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for number in range(1, 10):
        parts = ", ".join([f"*a{number - 1}"] * 10)
        lines.append(f"a{number}: &a{number} [{parts}]")
    path = write(tmp_path, "\n".join(lines))
    with pytest.raises(Exception, match="holds more than 100,000 values"):
        read_mapping(path)


def test_a_byte_order_mark_is_no_text(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbfrun: 012\n")
    assert read_mapping(path) == {"run": "012"}
