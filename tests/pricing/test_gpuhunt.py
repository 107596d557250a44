"""Specification of reading gpuhunt's catalogue."""

import csv
import datetime as dt
import io
import zipfile

import pytest

from kit.errors import InputError
from kit.pricing.gpuhunt import read_catalogue
from tests.pricing.feed_files import CATALOGUE

DAY = dt.date(2026, 11, 22)
HEAD = "instance_name,location,price,cpu,memory,gpu_count,gpu_name,gpu_memory,spot\n"


def rows(content: bytes, name: str = "lambdalabs.csv") -> list[dict[str, str]]:
    """Return the rows of the table that is made of a catalogue."""
    table, _ = read_catalogue(content, name, source="catalogue", today=DAY)
    return list(csv.DictReader(io.StringIO(table.decode())))


def test_a_machines_price_stands_for_the_machine() -> None:
    """The row has the machine's price, spot beside it, GPUs, place, and the provider's name in the kit's table."""
    found = {(row["accelerator"], row["gpus"]): row for row in rows(CATALOGUE.encode())}
    assert set(found) == {("H100 PCIe", "1"), ("H100 SXM", "8"), ("A10", "1")}
    row = found["H100 SXM", "8"]
    assert (row["provider"], row["instance"], row["region"]) == ("lambda", "gpu_8x_h100_sxm5", "us-east-1")
    assert (row["usd_per_hour"], row["usd_per_hour_spot"], row["date"]) == ("23.92", "16", "2026-11-22")
    assert row["tier"] == "professional"


def test_an_archive_has_a_file_a_provider_and_marketplaces_are_left_out() -> None:
    """Vast.ai is a marketplace; a host that the kit's table does not know is unvetted."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in ("lambdalabs", "vastai", "newhost"):
            archive.writestr(f"{name}.csv", CATALOGUE)
        archive.writestr("readme.txt", "no csv")
    found = rows(packed.getvalue(), "catalog.zip")
    assert {(row["provider"], row["tier"]) for row in found} == {("lambda", "professional"), ("newhost", "unvetted")}


@pytest.mark.parametrize(
    ("provider", "instance", "gpu", "memory", "accelerator"),
    [
        ("aws", "p5.48xlarge", "H100", 80, "H100 SXM"),
        ("aws", "p4d.24xlarge", "A100", 40, "A100 40GB SXM"),
        ("aws", "p4de.24xlarge", "A100", 80, "A100 80GB SXM"),
        ("aws", "p5en.48xlarge", "H200", 141, "H200 SXM"),
        ("azure", "Standard_ND96isr_H100_v5", "H100", 80, "H100 SXM"),
        ("azure", "Standard_NC24ads_A100_v4", "A100", 80, "A100 80GB PCIe"),
        ("gcp", "a2-ultragpu-8g", "A100", 80, "A100 80GB SXM"),
        ("oci", "BM.GPU.H100.8", "H100", 80, "H100 SXM"),
        ("runpod", "NVIDIA H100 80GB HBM3", "H100", 80, "H100 SXM"),
        ("runpod", "NVIDIA H100 NVL", "H100NVL", 94, "H100 NVL"),
        ("anyone", "one-l40s", "L40S", 48, "L40S"),
        ("anyone", "one-mi300x", "MI300X", 192, "MI300X"),
    ],
)
def test_how_a_gpu_is_built_is_said_by_the_machine(
    provider: str, instance: str, gpu: str, memory: int, accelerator: str
) -> None:
    """By its name, or by what the provider builds into that family of machines."""
    text = f"{HEAD}{instance},here,8,1,1,1,{gpu},{memory},False\n"
    assert [row["accelerator"] for row in rows(text.encode(), f"{provider}.csv")] == [accelerator]


def test_the_cheaper_of_two_equal_offers_and_no_spot_above_on_demand() -> None:
    """A machine that stands there twice is taken at its lower price; a dearer spot price is an error of the source."""
    text = f"{HEAD}a,here,3,1,1,1,L4,24,False\na,here,2,1,1,1,L4,24,False\na,here,2.5,1,1,1,L4,24,True\n"
    (only,) = rows(text.encode())
    assert (only["usd_per_hour"], only["usd_per_hour_spot"]) == ("2", "")


def test_an_offer_far_off_the_others_is_left_out() -> None:
    """Three at 1 dollar and one at 100: the median is 1, and 100 is more than 5 times that."""
    prices = [1, 1, 1, 100]
    text = HEAD + "".join(f"m{index},here,{price},1,1,1,L4,24,False\n" for index, price in enumerate(prices))
    table, left_out = read_catalogue(text.encode(), "lambdalabs.csv", source="catalogue", today=DAY)
    assert table.count(b"\n") == 4
    assert left_out == {"more than 5 times off the median of their accelerator": 1}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (HEAD.replace("price", "cost") + "a,here,2,1,1,1,L4,24,False\n", "lacks the columns price"),
        (f"{HEAD}a,here,-2,1,1,1,L4,24,False\n", "line 2: USD -2 for 1 GPUs is no price"),
        (f"{HEAD}a,here,cheap,1,1,1,L4,24,False\n", "line 2: could not convert"),
        (f"{HEAD}a,here,nan,1,1,1,L4,24,False\n", "is no price"),
        (f"{HEAD}a,here,1,1,1,0,,,False\n", "no offer of an accelerator that the kit knows"),
    ],
)
def test_a_broken_catalogue_names_its_line(content: str, says: str) -> None:
    """A wrong column, a price that is none, or nothing of use."""
    with pytest.raises(InputError) as caught:
        read_catalogue(content.encode(), "lambdalabs.csv", source="catalogue", today=DAY)
    assert says in str(caught.value)


def test_an_archive_that_unpacks_without_end_is_refused() -> None:
    """300 MB of zeros pack into 300 kB."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("aws.csv", b"0" * (300 * 2**20))
    with pytest.raises(InputError, match="unpacks to more than 200 MB"):
        rows(packed.getvalue(), "catalog.zip")
