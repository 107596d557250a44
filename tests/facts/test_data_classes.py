"""Specification of where each class of data may be worked on."""

from itertools import pairwise
from typing import get_args

import pytest

from kit.errors import InputError
from kit.facts.data_classes import data_class, data_classes
from kit.facts.providers import TermName


def test_health_data_stay_in_the_house() -> None:
    """Health data go to no rented machine and to no API, whatever it promises."""
    assert data_class("health").may_go_to == ("own",)
    assert data_class("health").rule == "Health data stay in the house."


def test_personal_data_need_a_region_and_no_training() -> None:
    """Personal data leave the house only into an agreed region, and to an API only if it does not train on them."""
    law = data_class("personal")
    assert law.may_go_to == ("own", "rented", "api")
    assert law.needs_region
    assert law.api_needs == ("no_training",)


def test_the_more_delicate_the_class_the_fewer_the_places() -> None:
    """Each class of the table allows no place that the one before it forbids, and asks for no less."""
    laws = list(data_classes().values())
    for mild, strict in pairwise(laws):
        assert set(strict.may_go_to) <= set(mild.may_go_to)
        assert set(strict.api_needs) >= set(mild.api_needs)
        assert strict.needs_region or not mild.needs_region


def test_every_rule_names_its_reference_and_how_it_is_lifted() -> None:
    """The client's own machines are always allowed; needs are terms that providers answer."""
    for law in data_classes().values():
        assert "own" in law.may_go_to
        assert law.reference
        assert law.lift
        assert set(law.api_needs) | set(law.rented_needs) <= set(get_args(TermName))


def test_an_unknown_class_gets_the_nearest() -> None:
    """A mistyped class is an input error that names the nearest."""
    with pytest.raises(InputError, match=r'did you mean "health"'):
        data_class("heath")
