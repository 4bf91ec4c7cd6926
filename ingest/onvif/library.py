"""What ONVIF is spoken with: zeep, and the ONVIF descriptions that onvif-zeep-async brings; both are an extra."""

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from vidette.errors import ConfigError

_ADVICE = "cameras are asked by ONVIF, which is not installed; pip install 'vidette[onvif]'"


def library(name: str) -> Any:
    """A module of the extra. Raises ConfigError where it is not installed."""
    try:
        return import_module(name)
    except ImportError as error:
        raise ConfigError(_ADVICE) from error


def parsed(data: bytes) -> Any:
    """The root element of what somebody sent. Raises ValueError for what is not XML, or brings a DTD or entities.

    Nothing that it names is fetched; libxml2 bounds its depth and the length of its texts.
    """
    errors = library("zeep.exceptions")
    try:
        return library("zeep.loader").parse_xml(data, None, settings=guarded())
    except (errors.Error, ValueError, LookupError, AttributeError) as error:  # the last: nothing could be recovered
        raise ValueError(f"not the XML that was asked for: {type(error).__name__}") from error


def guarded() -> Any:
    """How answers are parsed: odd ones too, as many cameras speak, but no DTD, no entity, nothing from elsewhere."""
    return library("zeep").Settings(strict=False, forbid_dtd=True, forbid_entities=True, forbid_external=True)


@cache
def description(name: str) -> Any:
    """A service's description (`devicemgmt`, `media`), from the installed file alone. Raises ConfigError."""
    found = find_spec("onvif")
    if found is None or not found.submodule_search_locations:
        raise ConfigError(_ADVICE)
    file = Path(found.submodule_search_locations[0]) / "wsdl" / f"{name}.wsdl"
    zeep = library("zeep")
    settings = zeep.Settings(forbid_external=True)
    return library("zeep.wsdl").Document(str(file), zeep.Transport(), settings=settings)
