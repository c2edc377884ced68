"""The answers that stand in for a model's where nothing is sent."""

from asyncgen.recipes.schema_example import example


def test_the_fields_come_in_the_order_of_the_schema() -> None:
    """As a model writes them, the same in each process; required ones that are not described come last."""
    names = [f"finding_{number}" for number in range(12)]
    schema = {
        "type": "object",
        "properties": {name: {"type": "string", "maxLength": 4} for name in names},
        "required": [*reversed(names), "undescribed"],
    }
    assert list(example(schema)) == [*names, "undescribed"]
