"""What is wrong with this installation and how it is put right, in plain words: `manage.py doctor`."""

from dashboard.system.doctor.checks import CHECKS, examine
from dashboard.system.doctor.finding import Finding

__all__ = ["CHECKS", "Finding", "examine"]
