"""The figures that rules judge, by group: of sandboxes from the record, of accounts from their health, of ourselves."""

from sandboxes.alerts.measures.all import Measured, examples_of, measure

__all__ = ["Measured", "examples_of", "measure"]
