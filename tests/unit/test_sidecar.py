"""Decisions as XMP: what others read of them, in files of their own and within results."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from darkroom import blending, codec, library, sidecar
from darkroom.cli.main import cli
from darkroom.codec import xmp
from darkroom.report import Report, StageReport, StepReport
from tests.support import photos

LIGHTER = {"name": "adjust_color", "params": {"exposure": 1.25}}
BEFORE = (
    b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<r:Description r:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:source="the pier"/></r:RDF>'
    b'</x:xmpmeta><?xpacket end="w"?>'
)


DEFLATE = "Invalid value for IFD0 tag 0x0103 Compression"
"""ExifTool knows the compressions of TIFF 6.0 alone."""


def enhanced(where: str, *steps: dict[str, Any], source: bytes = b"", **more: Any) -> tuple[bytes, Report]:
    """A result of some steps, and its report. where: as the recipe has it."""
    data = source or photos.encoded(xmp=BEFORE)
    done = library.enhance(data, {"steps": list(steps), "sidecar": where, **more})
    return blending.write(done.report, done.picture, "jpeg", data if done.unchanged else None)


def own(packet: bytes) -> list[ElementTree.Element]:
    """What a packet says in darkroom's namespace, in order."""
    return [each for each in ElementTree.fromstring(packet).iter() if each.tag.startswith(f"{{{sidecar.NAMESPACE}}}")]


def test_every_member_is_told_once_and_whatever_it_holds() -> None:
    _, told = enhanced("beside", LIGHTER)
    told = replace(told, recipe='<&\x00]]>"', notes=("größer \ud800",))
    found = own(sidecar.packet(told))
    words = {each.tag.partition("}")[2]: each.text for each in found}
    assert words["Recipe"] == '<&\ufffd]]>"'
    assert json.loads(words["Params"] or "") == told.steps[0].params
    assert len([each for each in found if each.tag.endswith("}Steps")]) == 1
    assert sidecar.packet(told).decode().count("größer \ufffd") == 1


@pytest.mark.parametrize(
    ("steps", "blend", "settings"),
    [
        ([StepReport("adjust_color", {"exposure": 1.25, "strength": 1.0}, 0)], 100, {"Exposure2012": "+1.25"}),
        ([StepReport("adjust_color", {"exposure": -0.5}, 0)] * 2, 100, {"Exposure2012": "-1.00"}),
        ([StepReport("convert_color", {"to": "gray"}, 0)], 100, {"ConvertToGrayscale": "True"}),
        ([StepReport("adjust_color", {"exposure": 1.25, "strength": 0.5}, 0)], 100, {}),
        ([StepReport("adjust_color", {"exposure": 1.25}, 0)], 50, {}),
        ([StepReport("unsharp_mask", {"amount": 1.0}, 0)], 100, {}),
    ],
)
def test_camera_raw_is_told_only_what_means_the_same(
    steps: list[StepReport], blend: int, settings: dict[str, str]
) -> None:
    _, told = enhanced("beside")
    found = sidecar.camera_raw(replace(told, blend=blend, stages=[StageReport("a", 0, steps)]))
    common = {"ProcessVersion": "11.0", "HasSettings": "True", "AlreadyApplied": "True"} if settings else {}
    assert found == {**common, **settings}


def test_a_photo_s_own_packet_stays_and_an_earlier_result_s_decisions_go() -> None:
    first, _ = enhanced("inside", LIGHTER)
    second, told = enhanced("inside", {"name": "gamma", "params": {"gamma": 1.5}}, source=first)
    packet = codec.decode(second).metadata.xmp
    assert packet is not None
    assert b'dc:source="the pier"' in packet
    assert [each.text for each in own(packet) if each.tag.endswith("}Name")] == ["gamma"]
    assert packet.count(b"<crs:Exposure2012>") == 1
    assert told.sidecar is not None
    assert told.sidecar.where == "inside"


def test_a_file_that_is_the_source_s_own_gets_none_within() -> None:
    source = photos.encoded()
    body, told = enhanced("inside", source=source)
    assert body == source
    assert told.sidecar is None
    assert any("no sidecar" in note for note in told.notes)
    assert enhanced("beside", source=source)[1].sidecar is not None


def test_what_does_not_fit_is_told() -> None:
    long = BEFORE.replace(b"the pier", b"x" * (xmp.MAX_BYTES - 800))
    body, told = enhanced("inside", LIGHTER, source=photos.encoded(xmp=long))
    assert told.sidecar is None
    assert "no sidecar was written into the file" in told.notes[-1]
    assert codec.decode(body).metadata.xmp == long
    assert sidecar.within(b"<r:RDF/>", told) is None


def test_the_command_line_writes_it_beside_the_result(tmp_path: Path) -> None:
    source, out = tmp_path / "in.jpg", tmp_path / "out.jpg"
    source.write_bytes(photos.encoded())
    asked = ["enhance", str(source), "-o", str(out), "--step", "gamma:gamma=1.5", "--sidecar", "beside"]
    assert CliRunner().invoke(cli, asked).exit_code == 0
    assert [each.text for each in own((tmp_path / "out.jpg.xmp").read_bytes()) if each.tag.endswith("}Name")] == [
        "gamma"
    ]
    out.unlink()
    assert "is there already" in CliRunner().invoke(cli, asked).output
    assert not out.exists()
    without = asked[:-2]
    assert "out.jpg.xmp is there already" in CliRunner().invoke(cli, without).output
    assert CliRunner().invoke(cli, [*without, "--force"]).exit_code == 0
    assert out.exists()
    assert not (tmp_path / "out.jpg.xmp").exists()
    (tmp_path / "out.jpg.xmp").write_bytes(BEFORE)  # another program's
    assert CliRunner().invoke(cli, [*without, "--force"]).exit_code == 0
    assert (tmp_path / "out.jpg.xmp").read_bytes() == BEFORE


@pytest.mark.exiftool
@pytest.mark.skipif(shutil.which("exiftool") is None, reason="ExifTool is not installed")
def test_exiftool_reads_and_approves_of_them(tmp_path: Path) -> None:
    done = library.enhance(photos.encoded(xmp=BEFORE), {"steps": [LIGHTER], "sidecar": "inside"})
    for name in codec.OUTPUT_FORMATS:
        body, told = blending.write(done.report, done.picture, name, None)
        (tmp_path / f"within{codec.EXTENSIONS[name]}").write_bytes(body)
        (tmp_path / f"{name}.xmp").write_bytes(sidecar.packet(told))
    files = sorted(map(str, tmp_path.iterdir()))
    read = ["exiftool", "-j", "-struct", "-G1", "-XMP:all", "-validate", "-warning", *files]
    found = json.loads(subprocess.run(read, capture_output=True, check=True).stdout)
    assert len(found) == 2 * len(codec.OUTPUT_FORMATS)
    for tags in found:
        assert float(tags["XMP-crs:Exposure2012"]) == 1.25
        assert tags["XMP-crs:AlreadyApplied"] is True
        assert tags["XMP-darkroom:Steps"][0]["Name"] == "adjust_color"
        assert tags.get("ExifTool:Warning") in (None, DEFLATE)
