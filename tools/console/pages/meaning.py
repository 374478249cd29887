"""What a thing model tells people of a value: its name, unit and range, and words for choices."""

from dataclasses import dataclass, field

from ...model.thing_model import DataType, Property, ThingModel
from ..model import DescribedStream, Device
from ..platform import Platform
from .text import shown
from .words import Words


@dataclass(frozen=True)
class Meaning:
    """Of a stream's values. Empty where the model says nothing, or there is none."""

    name: str = ""
    unit: str = ""
    range: str = ""
    choices: dict[str, str] = field(default_factory=dict)
    """Words by the JSON of the value."""


def model_of(platform: Platform, device: Device) -> ThingModel | None:
    """Its thing model, where one is loaded."""
    return platform.studio.model(device.product_id) if device.is_studio else None


def meaning(
    model: ThingModel | None, identifier: str, words: Words, described: DescribedStream | None = None
) -> Meaning:
    """What people have said of the stream here goes before what the model says."""
    title = shown(described.title, 64) if described else ""
    unit = shown(described.unit_symbol or described.unit, 20) if described else ""
    known = model.properties.get(identifier) if model else None
    if known is None:
        return Meaning(title, unit)
    choices = {value: shown(text, 40) for value, text in known.type.choices.items()}
    return Meaning(title or label(known), unit or unit_of(known.type), range_of(known.type, words), choices)


def label(known: Property) -> str:
    """Its name, and the identifier that programs know it by."""
    name = shown(known.name, 40)
    return name if known.name == known.identifier else f"{name} · {shown(known.identifier, 40)}"


def unit_of(type_: DataType) -> str:
    """The symbol alone: OneNET writes "℃ / 摄氏度"."""
    return shown(type_.unit.partition(" / ")[0].strip(), 20)


def range_of(type_: DataType, words: Words) -> str:
    least, most = type_.limit("min"), type_.limit("max")
    if least is not None and most is not None:
        return words.from_to.format(least=f"{least:.15g}", most=f"{most:.15g}")
    if least is not None:
        return words.at_least.format(least=f"{least:.15g}")
    return words.at_most.format(most=f"{most:.15g}") if most is not None else ""
