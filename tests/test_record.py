"""Records: whole files, readable errors, published schemas."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import jsonschema
import pytest
from pydantic import ValidationError

from kit.errors import InputError, did_you_mean, one_of
from kit.profiler.profile import HardwareProfile
from kit.record import Basis, Figure, write_atomically
from kit.report.schemas import record_type


def test_a_figure_needs_basis_source_and_date():
    """A figure without a source, or that is not finite, is refused."""
    with pytest.raises(ValidationError):
        Figure.model_validate({"value": 1, "basis": "measured", "date": "2026-11-22"})
    with pytest.raises(ValidationError):
        Figure(value=float("nan"), basis=Basis.MEASURED, source="x", date=dt.date(2026, 11, 22))


def test_a_failed_write_leaves_the_old_file(tmp_path):
    """When the new content cannot be put in place the old file is whole and no temporary one stays."""
    path = tmp_path / "record.json"
    write_atomically(path, b"old")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="folder: cannot be written"):
        write_atomically(tmp_path / "folder", b"new")
    assert path.read_bytes() == b"old"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["folder", "record.json"]


@pytest.mark.parametrize("content", [b"{}", b"not json", b"\xff"])
def test_what_is_no_record_is_named(tmp_path, content):
    """A broken file gives its path and the reason."""
    path = tmp_path / "profile.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"profile\.json"):
        HardwareProfile.read(path)


@pytest.mark.parametrize("name", ["engagement", "profile", "prices", "demand", "verdict"])
def test_every_record_has_a_valid_schema(name):
    """Each of the five records publishes a JSON Schema of the 2020-12 draft."""
    jsonschema.Draft202012Validator.check_schema(record_type(name).json_schema())


def test_the_examples_verdict_validates_against_its_schema(insurer_verdict):
    """verdict.json is what `kit schema verdict` says, checked by an independent validator."""
    schema = record_type("verdict").json_schema()
    jsonschema.validate(json.loads(insurer_verdict.to_json()), schema)


def test_nearest_match():
    """The nearest allowed word is offered, and none where nothing is near."""
    assert did_you_mean("internl", ["internal", "health"]) == ' (did you mean "internal"?)'
    assert did_you_mean("zzz", ["internal", "health"]) == ""
    assert one_of(["b", "a", "c"]) == "a, b or c"


def test_what_cannot_be_written_is_one_message(tmp_path):
    """A file where a folder should be, and a place that takes no files, are answered with the path and the reason."""
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match=r"file/a\.json: cannot be written \((Not a directory|File exists)\)"):
        write_atomically(tmp_path / "file" / "a.json", b"{}")
    with pytest.raises(InputError, match="cannot be written"):
        write_atomically(Path("/proc/nobody/a.json"), b"{}")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
