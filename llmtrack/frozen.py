"""Frozen dataclasses that are made fast.

A frozen dataclass sets each field by a call, which for the twenty of a `Usage` is most of what reading a count costs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__all__ = ["value"]

if TYPE_CHECKING:
    from dataclasses import dataclass as value
else:
    import inspect
    from dataclasses import dataclass

    class _Value(type):
        """Makes an instance open, as a twin class of the same slots, and freezes it by giving it its own class."""

        def __call__(cls, *arguments: Any, **fields: Any) -> Any:
            made = cls._twin(*arguments, **fields)
            made.__class__ = cls
            return made

    def value(*, frozen: bool, slots: bool):
        """`dataclasses.dataclass` for a frozen class with slots; its instances are no different."""
        assert frozen
        assert slots

        def decorated(cls: type) -> type:
            members = {name: member for name, member in vars(cls).items() if name not in ("__dict__", "__weakref__")}
            twin = dataclass(slots=True)(type(cls.__name__, cls.__bases__, dict(members)))
            made = dataclass(frozen=True, slots=True)(_Value(cls.__name__, cls.__bases__, members))
            made._twin, made.__signature__ = twin, inspect.signature(twin)
            return made

        return decorated
